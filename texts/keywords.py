"""What a reply asks for: STOP, START, HELP or WRONG NUMBER, in English and French, or something else."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from calls.facts import Language


class Keyword(StrEnum):
    """A request that a machine can meet."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    WRONG_NUMBER = "wrong number"
    OTHER = "other"


STOP_BY_CARRIER: Final = "stop by carrier"
"""How a STOP is kept that the carrier has obeyed, and answered, itself."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read. `language` is the keyword's own, if it has one.

    `answered_by_carrier`: Twilio matches this exact word itself, blocks or unblocks the number, and has answered.
    `stops_too`: a wrong number, and no more texts at all, please.
    """

    keyword: Keyword
    language: Language | None = None
    answered_by_carrier: bool = False
    stops_too: bool = False


_CARRIER: Final = {
    Keyword.STOP: frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}),
    Keyword.START: frozenset({"start", "yes", "unstop"}),
}
"""Twilio's defaults on long codes and toll-free numbers: the single English word, whatever its case."""

_ENGLISH: Final = {
    Keyword.STOP: {"stop", "stopall", "stopp", "unsubscribe", "optout"},
    Keyword.START: {"start", "unstop"},
    Keyword.HELP: {"help"},
}
_FRENCH: Final = {
    Keyword.STOP: {
        *("arret", "arrets", "arrete", "arreter", "arretez", "arretes"),
        *("aret", "arett", "arrett", "arrret", "areter", "aretez", "desabonner", "desabonnement"),
    },
    Keyword.START: {"debut", "debuter", "reprendre", "commencer", "recommencer"},
    Keyword.HELP: {"aide", "aidez"},
}
_NEITHER: Final = {Keyword.HELP: {"info", "infos", "information"}}
_WORDS: Final[dict[str, tuple[Keyword, Language | None]]] = {
    **{word: (keyword, Language.ENGLISH) for keyword, words in _ENGLISH.items() for word in words},
    **{word: (keyword, Language.FRENCH) for keyword, words in _FRENCH.items() for word in words},
    **{word: (keyword, None) for keyword, words in _NEITHER.items() for word in words},
}
_ALONE: Final[dict[str, tuple[Keyword, Language | None]]] = {
    **dict.fromkeys(("cancel", "end", "quit", "revoke"), (Keyword.STOP, Language.ENGLISH)),
    "yes": (Keyword.START, Language.ENGLISH),
    "fin": (Keyword.STOP, Language.FRENCH),
}
"""Keywords only when nothing else is said: "cancel please" may be about the call, not about the texts."""
_COURTESY: Final = frozenset(
    {"please", "pls", "plz", "thanks", "thank", "thankyou", "you", "thx", "svp", "stp", "merci"}
)
_PHRASES: Final = (
    (re.compile(r"\bs il (?:vous|te) plait\b"), "svp"),
    (re.compile(r"\bopt (?:me )?out\b"), "optout"),
    (re.compile(r"\bunsubscribe me\b"), "unsubscribe"),
    (re.compile(r"\bun subscribe\b"), "unsubscribe"),
    (re.compile(r"\bse desabonner\b|\bme desabonner\b"), "desabonner"),
    (re.compile(r"\bstop sending (?:me )?(?:(?:all |the |these |any )?(?:more )?(?:texts?|messages?)|sms)\b"), "stop"),
    (
        re.compile(r"\bstop (?:(?:all |the |these )?(?:texts?|messages?)|all|sms|texting(?: me)?|messaging(?: me)?)\b"),
        "stop",
    ),
    (re.compile(r"\b(arret(?:e[rz]?)?) (?:les |ces |vos |des )?(?:textos?|messages?|sms)\b"), r"\1"),
)
_WRONG_NUMBER: Final = (
    (
        re.compile(
            r"\bwrong (?:phone )?(?:numbers?|num|nbr|no|person|recipient|phone)\b|\bnot (?:my|the right) number\b"
        ),
        Language.ENGLISH,
    ),
    (
        re.compile(r"\b(?:mauvais|faux|pas le bon) (?:numeros?|num|no|destinataire)\b|\bmauvaise personne\b"),
        Language.FRENCH,
    ),
)
_MOST_WORDS_AROUND_IT = 8
"""More, and it may be about the call: "the neighbour gave you the wrong number of the house where the noise is"."""
_MOST_WORDS = 3
_NOT_WORDS = re.compile(r"[\W_]+")


def read_keyword(body: str) -> Reading:
    """What a reply asks for. It is a keyword only when it says hardly more than that: at most three words, the others
    courtesy. "Please stop the noise" is about the call and gets an answer, not an opt-out.
    """
    if _exact(body) in _CARRIER[Keyword.STOP]:
        return Reading(keyword=Keyword.STOP, language=Language.ENGLISH, answered_by_carrier=True)
    if _exact(body) in _CARRIER[Keyword.START]:
        return Reading(keyword=Keyword.START, language=Language.ENGLISH, answered_by_carrier=True)
    words = _words(body)
    for phrase, spoken in _WRONG_NUMBER:
        if len(words) <= _MOST_WORDS_AROUND_IT and phrase.search(" ".join(words)):
            stops_too = any(_WORDS[word][0] is Keyword.STOP for word in words if word in _WORDS)
            return Reading(keyword=Keyword.WRONG_NUMBER, language=spoken, stops_too=stops_too)
    if len(words) == 1 and words[0] in _ALONE:
        keyword, language = _ALONE[words[0]]
        return Reading(keyword=keyword, language=language)
    meant = [word for word in words if word not in _COURTESY]
    if not meant or len(set(words)) > _MOST_WORDS or any(word not in _WORDS for word in meant):
        return Reading(keyword=Keyword.OTHER)
    asked = {_WORDS[word][0] for word in meant}
    if len(asked) > 1:  # "stop help": say nothing for the person
        return Reading(keyword=Keyword.OTHER)
    languages = {_WORDS[word][1] for word in meant}
    return Reading(keyword=asked.pop(), language=languages.pop() if len(languages) == 1 else None)


def _exact(body: str) -> str:
    return body.strip().lower()


def _words(body: str) -> list[str]:
    """The words without accents, case, punctuation and invisible characters, set phrases made one word."""
    decomposed = unicodedata.normalize("NFKD", body.casefold())
    letters = "".join(char for char in decomposed if unicodedata.category(char) not in {"Mn", "Cf"})
    text = _NOT_WORDS.sub(" ", letters).strip()
    for phrase, word in _PHRASES:
        text = phrase.sub(word, text)
    return text.split()
