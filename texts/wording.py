"""An agency's wording: gettext catalogues, one per language, equal or refused (R10)."""

import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po

from calls.facts import Language

PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class WordingError(Exception):
    """The wording cannot be used; the message names the language, the msgid and what is wrong.

    `language` says in which catalogue, `line` in which of its lines, where one is to blame.
    """

    def __init__(self, message: str, *, language: Language | None = None, line: int | None = None) -> None:
        super().__init__(message if language is None else f"{language}: {message}")
        self.language = language
        self.line = line


class Piece(StrEnum):
    """The msgids of a catalogue: all of these, and no others."""

    CONFIRMATION = "confirmation"
    CONFIRMATION_SURVEY_LINE = "confirmation survey line"
    """Follows the confirmation when surveys are on: people answer a survey that was announced."""
    DELAY = "delay"
    SURVEY = "survey"
    AUTO_REPLY = "auto_reply"
    STOP_REPLY = "stop_reply"
    START_REPLY = "start_reply"
    WRONG_NUMBER_REPLY = "wrong_number_reply"
    VOICE = "voice"
    """Said to people who phone our number."""


_OF_EVERY_TEXT: Final = frozenset({"agency", "emergency_line", "non_emergency_line"})
_OF_A_CALL: Final = _OF_EVERY_TEXT | {"case_number"}
ALLOWED: Final[Mapping[Piece, frozenset[str]]] = dict.fromkeys(Piece, _OF_EVERY_TEXT) | {
    Piece.CONFIRMATION: _OF_A_CALL | {"time"},
    Piece.CONFIRMATION_SURVEY_LINE: _OF_A_CALL | {"time"},
    Piece.DELAY: _OF_A_CALL | {"minutes", "time"},
    Piece.SURVEY: _OF_A_CALL | {"link"},
}
"""What each text may ask for, written `{case_number}`: these it is given when it is sent, and nothing else exists. No
name, address, call type or remark of CAD's is among them, so that none can get into a text."""

_REQUIRED: Final[Mapping[Piece, frozenset[str]]] = {
    Piece.CONFIRMATION: frozenset({"case_number", "emergency_line"}),
    Piece.DELAY: frozenset({"case_number", "emergency_line"}),
    Piece.SURVEY: frozenset({"link", "emergency_line"}),
    Piece.AUTO_REPLY: frozenset({"emergency_line", "non_emergency_line"}),
    Piece.STOP_REPLY: frozenset({"emergency_line"}),
    Piece.WRONG_NUMBER_REPLY: frozenset({"emergency_line"}),
    Piece.VOICE: frozenset({"emergency_line", "non_emergency_line"}),
}
"""What a text of this service is not sent without."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """All templates by language and msgid. `version` is a short hash of their content; it stands in every text sent."""

    version: str
    templates: Mapping[Language, Mapping[str, str]]


def parse_wording(catalogues: Mapping[Language, str]) -> Wording:
    """The wording from the text of one PO file per language.

    Raises:
        WordingError: a language, a msgid or a placeholder is missing, unknown, fuzzy or not in every language.
    """
    templates: dict[Language, dict[str, str]] = {}
    for language in Language:
        if language not in catalogues:
            raise WordingError("the catalogue is missing", language=language)
        templates[language] = _templates(language, catalogues[language])
    _refuse_unequal(templates)
    content = json.dumps(templates, sort_keys=True, ensure_ascii=False)
    return Wording(version=hashlib.sha256(content.encode()).hexdigest()[:12], templates=templates)


def placeholders(template: str) -> frozenset[str]:
    """The names that a template asks for."""
    return frozenset(PLACEHOLDER.findall(template))


def _templates(language: Language, text: str) -> dict[str, str]:
    try:
        catalog: Catalog = read_po(io.StringIO(text), abort_invalid=True)
    except (PoFileError, ValueError) as error:
        raise WordingError(f"not a PO file: {error}", language=language) from None
    known = {str(piece) for piece in Piece}
    found = {str(message.id): message for message in catalog if message.id}
    for msgid, message in found.items():
        if msgid not in known:
            what = f"{msgid!r} is not a text of this service; there are: {', '.join(known)}"
            raise WordingError(what, language=language, line=message.lineno)
    return {piece: _template(language, piece, found.get(piece)) for piece in Piece}


def _template(language: Language, piece: Piece, message: Message | None) -> str:
    """The one template, checked by itself."""
    line = None if message is None else message.lineno

    def wrong(what: str) -> WordingError:
        return WordingError(f"{piece.value!r} {what}", language=language, line=line)

    if message is None or not isinstance(message.string, str) or not message.string.strip():
        raise wrong("is missing")
    if message.fuzzy:
        raise wrong("is marked fuzzy: have it checked, then remove the mark")
    template = message.string.strip()
    names = placeholders(template)
    for name in sorted(names - ALLOWED[piece]):
        raise wrong(f"asks for {{{name}}}; there are: {', '.join(sorted(ALLOWED[piece]))}")
    for name in sorted(_REQUIRED.get(piece, frozenset()) - names):
        raise wrong(f"lacks {{{name}}}")
    if set(PLACEHOLDER.sub("", template)) & set("{}"):
        raise wrong("has a brace that closes or opens nothing")
    return template


def _refuse_unequal(templates: Mapping[Language, Mapping[str, str]]) -> None:
    """R10: what one language tells, the other tells."""
    for piece in Piece:
        everywhere = frozenset[str]().union(*(placeholders(of[piece]) for of in templates.values()))
        for language, of in templates.items():
            for name in sorted(everywhere - placeholders(of[piece])):
                what = f"{piece.value!r} lacks {{{name}}}, which another language has"
                raise WordingError(what, language=language)
