"""The words of the preview, English beside French (R10)."""

from collections.abc import Mapping
from typing import Final

from calls.facts import Language

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "language": ("English", "Français"),
    "title": ("Our texts, as a phone shows them", "Nos textos, tels qu’un téléphone les affiche"),
    "lead": (
        "Every text of this folder with made-up values: case number {case_number}, link {link}.",
        "Chaque texto de ce dossier, avec des valeurs inventées\u00a0: dossier {case_number}, lien {link}.",
    ),
    "both_when": (
        "Both languages stand in one text where dispatch does not tell the caller’s language, and the number has used "
        "none in a reply.",
        "Les deux langues figurent dans un même texto quand la répartition n’indique pas la langue et que le numéro "
        "n’en a utilisé aucune dans une réponse.",
    ),
    "price": (
        "Cost: {amount} a segment, which agency.yaml assumes. The carrier’s contract decides.",
        "Coût\u00a0: {amount} par segment, une hypothèse d’agency.yaml. Le contrat avec le fournisseur fait foi.",
    ),
    "price_none": (
        "No cost is shown: agency.yaml has no segment_price.",
        "Aucun coût n’est indiqué\u00a0: agency.yaml n’a pas de segment_price.",
    ),
    "version": ("Version of the wording: {version}.", "Version des textes\u00a0: {version}."),
    "overview": ("Segments and cost", "Segments et coût"),
    "text": ("Text", "Texto"),
    "en": ("English", "Anglais"),
    "fr": ("French", "Français"),
    "both": ("Both in one", "Les deux"),
    "segment": ("{n} segment", "{n} segment"),
    "segments": ("{n} segments", "{n} segments"),
    "at_most": ("at most {n}", "au plus {n}"),
    "at_most_means": (
        "“At most”: with a case number of 30 signs and a link of 80.",
        "«\u00a0Au plus\u00a0»\u00a0: avec un numéro de dossier de 30 signes et un lien de 80.",
    ),
    "used": ("{n} of {room}", "{n} sur {room}"),
    "encoding": ("Alphabet", "Alphabet"),
    "length": ("Length", "Longueur"),
    "cost": ("Cost", "Coût"),
    "ease": ("Reading ease", "Facilité de lecture"),
    "ease_of": ("{n} of 100", "{n} sur 100"),
    "ease_means": (
        "Reading ease: Flesch for English, Kandel and Moles for French; 60 and more is plain language. It counts "
        "words and syllables and understands nothing: use it to compare two drafts.",
        "Facilité de lecture\u00a0: Flesch pour l’anglais, Kandel et Moles pour le français; dès 60, la langue est "
        "simple. Ce chiffre compte mots et syllabes, sans rien comprendre\u00a0: il sert à comparer des versions.",
    ),
    "dear": (
        "Not in the SMS alphabet, so that the whole text costs more than double:",
        "Hors de l’alphabet SMS, si bien que tout le texto coûte plus du double\u00a0:",
    ),
    "at_position": ("{character} ({name}), sign {position}", "{character} ({name}), signe {position}"),
    "spoken": ("Read aloud: no segments, no cost.", "Lu à haute voix\u00a0: ni segments, ni coût."),
    "unused": ("Not sent as the policy is now.", "N’est pas envoyé selon la politique actuelle."),
    "looks": (
        "Typographic signs that would make a text dear are replaced on the way: ’ by ', « » by \", … by three points, "
        "a no-break space by a space. Letters never are.",
        "Les signes typographiques qui rendraient un texto coûteux sont remplacés à l’envoi\u00a0: ’ par ', "
        '«\u00a0» par ", … par trois points, l’espace insécable par une espace. Les lettres, jamais.',
    ),
    "confirmation": ("Some minutes after the call", "Quelques minutes après l’appel"),
    "confirmation, surveys on": (
        "Some minutes after the call, where surveys are on",
        "Quelques minutes après l’appel, si le sondage est actif",
    ),
    "delay": ("When the caller has to wait", "Quand l’attente se prolonge"),
    "survey": ("When the call is over: the survey", "Après l’intervention\u00a0: le sondage"),
    "auto_reply": ("Answer to a text that somebody writes to us", "Réponse à un texto qu’on nous écrit"),
    "stop_reply": ("Answer to ARRET", "Réponse à ARRET"),
    "start_reply": ("Answer to DEBUT", "Réponse à DEBUT"),
    "wrong_number_reply": ("Answer to WRONG NUMBER", "Réponse à MAUVAIS NUMÉRO"),
    "voice": ("Said to people who phone our number", "Message lu à qui appelle notre numéro"),
}


_OF_A_GROUP = "confirmation, surveys on, "


class Words:
    """The words in one language, with their values."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = list(Language).index(language)

    def __call__(self, key: str, **values: object) -> str:
        of_group = key.removeprefix(_OF_A_GROUP) if key.startswith(_OF_A_GROUP) else None
        if of_group is not None:
            return f"{self('confirmation, surveys on')} ({of_group})"
        return _WORDS[key][self._column].format(**values)

    def segments(self, count: int) -> str:
        """`2 segments`."""
        return self("segment" if count == 1 else "segments", n=count)
