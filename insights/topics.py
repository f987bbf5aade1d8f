"""What a comment may be about: words of a list are in it, no more. A person confirms it or says otherwise.

Nothing is learnt from comments, and nothing guesses: whoever reads the list knows why a topic was suggested.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from survey.urgent import folded


class Topic(StrEnum):
    """A subject that a service can do something about."""

    WAITING = "waiting"
    INFORMATION = "information"
    TEXTS = "texts"
    CALL_TAKER = "call_taker"
    OFFICER = "officer"
    TRAFFIC = "traffic"
    PARKING = "parking"
    NOISE = "noise"
    THEFT = "theft"
    DAMAGE = "damage"
    DRUGS = "drugs"
    DISORDER = "disorder"
    THANKS = "thanks"


# Small letters without accents, as `folded` gives them; English beside French. A word stands for itself alone.
_WORDS: Final[Mapping[Topic, tuple[str, str]]] = {
    Topic.WAITING: (
        r"wait(?:s|ed|ing)?|delay(?:s|ed)?|response times?|too long|took (?:hours|forever|days)|never (?:came|showed)"
        r"|no ?(?:body|one) (?:came|showed)|slow(?:ly)?|quick(?:ly)?|fast|prompt(?:ly)?",
        r"attend(?:re|u|ue|ais|ait|ions)|attentes?|delais?|retards?|trop long(?:temps|ue)?"
        r"|jamais venus?|personne n est venu|lent(?:e|ement)?|rapide(?:s|ment)?|vite",
    ),
    Topic.INFORMATION: (
        r"follow(?:ed)? ?ups?|updates?|updated|informed|no (?:news|information)|(?:call(?:ed)?|calling) (?:me )?back"
        r"|heard (?:nothing|back)|case number|explain(?:s|ed)?|next steps?",
        r"suivis?|mises? a jour|informee?s?|informations?|(?:sans|aucune|pas de) nouvelles?|rappele[er]?s?"
        r"|numero de (?:dossier|cas)|expliqu(?:e|ee|er|ait)|prochaines? etapes?|suite des choses",
    ),
    Topic.TEXTS: (
        r"texts?|texted|texting|text messages?|sms|messages?|survey",
        r"textos?|messages? textes?|sms|messages?|messagerie|sondage",
    ),
    Topic.CALL_TAKER: (
        r"call ?takers?|operators?|dispatch(?:er|ers)?|on the phone|phone call|on hold",
        r"telephonistes?|repartit(?:eur|rice)s?|operat(?:eur|rice)s?|preposee?s?|au telephone|en attente",
    ),
    Topic.OFFICER: (
        r"officers?|cops?|constables?|policem[ae]n|policewom[ae]n",
        r"agente?s?|polici(?:er|ere|ers|eres)|constables?|gendarmes?",
    ),
    Topic.TRAFFIC: (
        r"traffic|speed(?:s|ing|ers?)?|stop signs?|red lights?|racing|stunt driving|crosswalks?|drivers?|collisions?"
        r"|crash(?:es|ed)?|intersections?",
        r"circulation|vitesse|exces|feux? rouges?|panneaux? d arret|arrets? obligatoires?"
        r"|conduct(?:eur|rice)s?|chauffards?|collisions?|passages? (?:pietons?|pour pietons?)|intersections?"
        r"|courses? de rue",
    ),
    Topic.PARKING: (
        r"park(?:ed|ing)|tow(?:ed|ing)?|driveways?|parking tickets?",
        r"stationn\w+|remorqu\w+|entrees? de (?:cour|garage)",
    ),
    Topic.NOISE: (
        r"nois(?:e|es|y)|loud|music|part(?:y|ies)|barking|fireworks|mufflers?|yelling|shouting",
        r"bruits?|bruyante?s?|tapage|musique|fetes?|aboie\w*|aboiements?|feux? d artifice|silencieux|cris|crient",
    ),
    Topic.THEFT: (
        r"theft|thefts|thieves|thief|stole|stolen|steal(?:s|ing)?|robbed|burglar\w*|break ins?"
        r"|shoplift\w*|porch pirates?",
        r"vols?|volee?s?|voleurs?|voleuses?|cambriol\w*|introductions? par effraction",
    ),
    Topic.DAMAGE: (
        r"vandal\w*|graffiti|damag(?:e|es|ed)|smashed"
        r"|broke(?:n)? (?:my |the |our )?(?:window|windows|fence|door|mirror)",
        r"vandal\w*|graffitis?|dommages?|endommag\w+|mefaits?|(?:vitres?|fenetres?|clotures?) (?:cassees?|brisees?)",
    ),
    Topic.DRUGS: (
        r"drugs?|dealers?|needles?|crack|fentanyl|meth",
        r"drogues?|droguee?s?|trafic de|trafiquants?|seringues?|crack|fentanyl",
    ),
    Topic.DISORDER: (
        r"loiter\w*|trespass\w*|panhandl\w*|encampments?|drunks?|drunk people|intoxicated|fight(?:s|ing)?|harass\w*"
        r"|racist\w*|hate(?:ful)?|bully\w*|homeless",
        r"flan(?:er|ent|age)|intrusions?|mendi\w+|campements?|ivres?|saouls?|bagarres?|harcel\w+|racis\w+|haine|haineu\w+"
        r"|intimid\w+|sans abri|itineran\w+",
    ),
    Topic.THANKS: (
        r"thanks?|thank you|thankful|grateful|appreciat\w+|great (?:job|service|work)|good (?:job|work)|excellent"
        r"|(?:so|very|were|was) kind",
        r"mercis?|reconnaissan\w+|appreci\w+|(?:bon|beau|excellent) (?:travail|service)|bravo"
        r"|felicitations|gentil(?:le)?s?",
    ),
}
_FOUND_BY: Final = {topic: re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") for topic, words in _WORDS.items()}


def suggested(comment: str) -> list[Topic]:
    """The topics of which a word is in it, of either language: people write in both. In the order of the list."""
    plain = folded(comment)
    return [topic for topic, words in _FOUND_BY.items() if words.search(plain)]


def topics_named(names: Iterable[str]) -> list[Topic]:
    """The topics among these names, each once, in the order of the list."""
    given = set(names)
    return [topic for topic in Topic if topic in given]
