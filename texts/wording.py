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

    `problems`: where more than one is wrong, a line for each, the message first.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(problems[0])
        self.problems = problems


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


NEXT_STEPS: Final = "next steps "
"""`next steps theft`: an optional text of a group of call types, which follows the confirmation of its calls: what to
have ready, when to call again, what to report online."""

_LONGEST_SAID: Final = 300
_OF_EVERY_TEXT: Final = frozenset({"agency", "emergency_line", "non_emergency_line"})
_OF_A_CALL: Final = _OF_EVERY_TEXT | {"case_number"}
ALLOWED: Final[Mapping[Piece, frozenset[str]]] = dict.fromkeys(Piece, _OF_EVERY_TEXT) | {
    Piece.CONFIRMATION: _OF_A_CALL | {"code", "time"},
    Piece.CONFIRMATION_SURVEY_LINE: _OF_A_CALL | {"time"},
    Piece.DELAY: _OF_A_CALL | {"code", "minutes", "time"},
    Piece.SURVEY: _OF_A_CALL | {"code", "link"},
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

    @property
    def groups_with_next_steps(self) -> list[str]:
        """Whose confirmations say more."""
        of_any = next(iter(self.templates.values()), {})
        return sorted(msgid.removeprefix(NEXT_STEPS) for msgid in of_any if msgid.startswith(NEXT_STEPS))

    def with_code(self) -> list[Piece]:
        """The texts that ask for `{code}`; one language tells, since all ask for the same (R10)."""
        of_any = next(iter(self.templates.values()), {})
        return [piece for piece in CODED if "code" in placeholders(of_any[piece])]


CODED: Final = (Piece.CONFIRMATION, Piece.DELAY, Piece.SURVEY)
"""The texts that show a code, all of them or none: the policy says whether (`texts.code`)."""


def parse_wording(catalogues: Mapping[Language, str]) -> Wording:
    """The wording from the text of one PO file per language.

    Raises:
        WordingError: a language, a msgid or a placeholder is missing, unknown, fuzzy or not in every language.
    """
    templates: dict[Language, dict[str, str]] = {}
    problems: list[str] = []
    for language in Language:
        if language not in catalogues:
            problems.append(f"{language}: the catalogue is missing")
            continue
        try:
            templates[language] = _templates(language, catalogues[language])
        except WordingError as error:
            problems += error.problems
    if problems := problems or _unequal(templates):
        raise WordingError(*problems)
    content = json.dumps(templates, sort_keys=True, ensure_ascii=False)
    return Wording(version=hashlib.sha256(content.encode()).hexdigest()[:12], templates=templates)


def placeholders(template: str) -> frozenset[str]:
    """The names that a template asks for."""
    return frozenset(PLACEHOLDER.findall(template))


def _in_a_line(said: str) -> str:
    """What the library says quotes the file, whatever stands there."""
    return "".join(sign if sign.isprintable() else "?" for sign in said[:_LONGEST_SAID])


def _templates(language: Language, text: str) -> dict[str, str]:
    try:
        catalog: Catalog = read_po(io.StringIO(text), abort_invalid=True)
    except (PoFileError, ValueError) as error:
        raise WordingError(f"{language}: not a PO file: {_in_a_line(str(error))}") from None
    found = {str(message.id): message for message in catalog if message.id}
    of_groups = [msgid for msgid in found if msgid.startswith(NEXT_STEPS)]
    problems = [
        f"{language}: {msgid!r} is not a text of this service; there are: {', '.join(Piece)}, {NEXT_STEPS}and a group"
        for msgid in found
        if msgid not in {*Piece, *of_groups}
    ]
    templates: dict[str, str] = {}
    for msgid in (*Piece, *of_groups):
        try:
            templates[msgid] = _template(language, msgid, found.get(msgid))
        except WordingError as error:
            problems += error.problems
    if problems:
        raise WordingError(*problems)
    return templates


def _template(language: Language, msgid: str, message: Message | None) -> str:
    """The one template, checked by itself."""

    def wrong(what: str) -> WordingError:
        return WordingError(f"{language}: {str(msgid)!r} {what}")

    if message is None or not isinstance(message.string, str) or not message.string.strip():
        raise wrong("is missing")
    if message.fuzzy:
        raise wrong("is marked fuzzy: have it checked, then remove the mark")
    template = message.string.strip()
    is_of_a_group = msgid.startswith(NEXT_STEPS)
    allowed = _OF_A_CALL if is_of_a_group else ALLOWED[Piece(msgid)]
    required = frozenset[str]() if is_of_a_group else _REQUIRED.get(Piece(msgid), frozenset())
    names = placeholders(template)
    for name in sorted(names - allowed):
        raise wrong(f"asks for {{{name}}}; there are: {', '.join(sorted(allowed))}")
    for name in sorted(required - names):
        raise wrong(f"lacks {{{name}}}")
    if set(PLACEHOLDER.sub("", template)) & set("{}"):
        raise wrong("has a brace that closes or opens nothing")
    return template


def _unequal(templates: Mapping[Language, Mapping[str, str]]) -> list[str]:
    """R10: what one language tells, the other tells."""
    msgids = sorted({msgid for of in templates.values() for msgid in of})
    absent = [
        f"{language}: {msgid!r} is missing, which another language has"
        for msgid in msgids
        for language, of in templates.items()
        if msgid not in of
    ]
    return absent or [
        f"{language}: {str(msgid)!r} lacks {{{name}}}, which another language has"
        for msgid in msgids
        for language, of in templates.items()
        for name in sorted(_in_any(templates, msgid) - placeholders(of[msgid]))
    ]


def _in_any(templates: Mapping[Language, Mapping[str, str]], msgid: str) -> frozenset[str]:
    return frozenset[str]().union(*(placeholders(of[msgid]) for of in templates.values()))
