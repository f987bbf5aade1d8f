"""All that the pages say, in English and French; and in which language a reader wants it."""

from datetime import date, datetime
from typing import Literal

from babel.dates import format_date, format_time

Language = Literal["en", "fr"]
LOCALES: dict[Language, str] = {"en": "en_CA", "fr": "fr_CA"}

# key: (English, French)
WORDS: dict[str, tuple[str, str]] = {
    "title": ("Phones", "Téléphones"),
    "simulator": (
        "This is a simulator. Nothing here is sent to a real phone.",
        "Ceci est un simulateur. Rien n’est envoyé à un vrai téléphone.",
    ),
    "clock": ("The service’s clock:", "Horloge du service :"),
    "speed": ("{speed} times faster", "{speed} fois plus vite"),
    "skip": ("Skip to the conversation", "Aller à la conversation"),
    "skip_list": ("Skip to the list", "Aller à la liste"),
    "language": ("Français", "English"),
    "conversations": ("Conversations", "Conversations"),
    "find": ("Find or open a number", "Trouver ou ouvrir un numéro"),
    "find_hint": ("Any part of it, such as 0142", "Une partie suffit, par exemple 0142"),
    "find_button": ("Find", "Trouver"),
    "show_all": ("Show all", "Tout afficher"),
    "none_yet": ("No phone has received anything yet.", "Aucun téléphone n’a encore rien reçu."),
    "none_yet_hint": (
        "Texts appear here by themselves as soon as the service sends one.",
        "Les textos s’affichent ici d’eux-mêmes dès que le service en envoie un.",
    ),
    "none_found": ("No phone with this number.", "Aucun téléphone avec ce numéro."),
    "open_number": ("Open {number}", "Ouvrir {number}"),
    "latest_only": ("The latest {shown} of {count} phones", "Les {shown} derniers de {count} téléphones"),
    "choose": ("Choose a conversation", "Choisissez une conversation"),
    "choose_hint": (
        "Each one is a resident’s phone. Open it to read its texts, to answer them, or to call.",
        "Chacune est le téléphone d’une personne. Ouvrez-la pour lire ses textos, y répondre ou appeler.",
    ),
    "back": ("All phones", "Tous les téléphones"),
    "texts_with": ("Texts with {number}", "Textos avec le {number}"),
    "texts": ("Texts and calls, oldest first", "Textos et appels, du plus ancien au plus récent"),
    "older": ("Only the latest {shown} are shown.", "Seuls les {shown} derniers sont affichés."),
    "empty": ("Nothing here yet.", "Rien ici pour l’instant."),
    "reply": ("Text message", "Message texte"),
    "reply_to": ("To", "À"),
    "send": ("Send", "Envoyer"),
    "call": ("Call this number", "Appeler ce numéro"),
    "no_sender": (
        "The service’s own number is not known yet: answer once it has sent a text.",
        "Le numéro du service n’est pas encore connu : répondez quand il aura envoyé un texto.",
    ),
    "empty_reply": ("Write something first.", "Écrivez d’abord quelque chose."),
    "long_reply": ("At most 1,600 characters.", "Au plus 1 600 caractères."),
    "not_sent": ("It could not be sent. Try again.", "L’envoi a échoué. Réessayez."),
    "stopped": (
        "This phone has stopped texts from {number}. START takes them up again.",
        "Ce téléphone a arrêté les textos du {number}. START les rétablit.",
    ),
    "from_service": ("From {number}", "Du {number}"),
    "from_phone": ("You", "Vous"),
    "from_network": ("From the phone company", "De la compagnie de téléphone"),
    "call_to": ("Call to {number}", "Appel au {number}"),
    "call_snippet": ("Call", "Appel"),
    "line_says": ("The line says", "La ligne dit"),
    "line_silent": ("Nobody answered, and nothing was said.", "Personne n’a répondu et rien n’a été dit."),
    "refresh": ("Show what is new", "Afficher les nouveautés"),
    "offline": ("The simulator does not answer. Trying again …", "Le simulateur ne répond pas. Nouvel essai …"),
    "new_tab": ("opens in a new tab", "s’ouvre dans un nouvel onglet"),
    "status_queued": ("On its way", "En route"),
    "status_sent": ("On its way", "En route"),
    "status_delivered": ("Delivered", "Reçu"),
    "status_undelivered": ("Not delivered ({code})", "Non remis ({code})"),
    "status_failed": ("Not delivered ({code})", "Non remis ({code})"),
    "status_ringing": ("Ringing …", "Ça sonne …"),
    "status_completed": ("Ended", "Terminé"),
    "webhook_": ("Sending …", "Envoi …"),
    "webhook_heard": ("Delivered to the service", "Remis au service"),
    "webhook_11200": ("The service did not answer (11200)", "Le service n’a pas répondu (11200)"),
    "webhook_12300": ("The service’s answer is not XML (12300)", "La réponse du service n’est pas du XML (12300)"),
    "webhook_12100": ("The service’s answer is not TwiML (12100)", "La réponse du service n’est pas du TwiML (12100)"),
    "error_title": ("Not found", "Introuvable"),
    "error_number": ("This is not a telephone number.", "Ceci n’est pas un numéro de téléphone."),
}

# Of a call's <Say>: the first part of its language tag.
SPOKEN = {"en": ("English", "anglais"), "fr": ("French", "français")}


class Wording:
    """The words, dates and times of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.other: Language = "fr" if language == "en" else "en"
        self._column = ("en", "fr").index(language)

    def __call__(self, key: str, **parts: object) -> str:
        return WORDS[key][self._column].format(**parts)

    def day(self, moment: date) -> str:
        return format_date(moment, format="full", locale=LOCALES[self.language])

    def short_day(self, moment: date) -> str:
        return format_date(moment, format="MMM d" if self.language == "en" else "d MMM", locale=LOCALES[self.language])

    def time(self, moment: datetime) -> str:
        return format_time(moment, format="short", locale=LOCALES[self.language])

    def spoken(self, tag: str) -> str:
        names = SPOKEN.get(tag.split("-")[0].lower())
        return names[self._column] if names else tag


WORDINGS: dict[Language, Wording] = {"en": Wording("en"), "fr": Wording("fr")}


def wanted(*, asked: str, remembered: str, accepted: str) -> Wording:
    """What the reader asked for, else what was asked for before, else the browser's first choice of the two."""
    for choice in (asked, remembered, *_by_preference(accepted)):
        if choice in ("en", "fr"):
            return WORDINGS["fr" if choice == "fr" else "en"]
    return WORDINGS["en"]


def _by_preference(accept_language: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            weight = 0.0
        if weight > 0:
            weighted.append((-weight, tag.strip().lower().split("-")[0]))
    return [tag for _, tag in sorted(weighted, key=lambda item: item[0])]
