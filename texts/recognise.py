"""Whose words are these? A text of ours, read back: which kind it is, and what stood in it."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from calls.contracts import Kind
from calls.facts import Language
from texts.fields import LONGEST
from texts.render import BOTH, plain
from texts.wording import PLACEHOLDER, Piece, Wording

_KINDS: Final = (Kind.CONFIRMATION, Kind.DELAY, Kind.SURVEY)
_MAY_FOLLOW: Final = {Kind.CONFIRMATION: r"(?: [^\n]+)?"}
"""A confirmation may say more: next steps, the survey's line."""
_LINK: Final = re.compile(r"/s/([0-9a-z]+)$")


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A text about a call. What the wording does not ask for is `None`."""

    kind: Kind
    language: str
    case_number: str | None
    token: str | None
    """Of the survey's link."""
    code: str | None


def recognise(wording: Wording, body: str) -> Recognised | None:
    """`None`: it is no text about a call in these words, or could be two."""
    found = [
        (kind, language, match)
        for kind, language, pattern in _patterns(tuple(_templates(wording)))
        if (match := pattern.fullmatch(body)) is not None
    ]
    if len(found) != 1:
        return None
    kind, language, match = found[0]
    fields = match.groupdict()
    link = _LINK.search(fields.get("link") or "")
    return Recognised(
        kind=kind,
        language=language,
        case_number=fields.get("case_number"),
        token=None if link is None else link.group(1),
        code=fields.get("code"),
    )


def _templates(wording: Wording) -> list[tuple[Kind, Language, str]]:
    return [(kind, each, wording.templates[each][Piece(kind.value)]) for kind in _KINDS for each in Language]


@lru_cache(maxsize=8)
def _patterns(templates: tuple[tuple[Kind, Language, str], ...]) -> list[tuple[Kind, str, re.Pattern[str]]]:
    found: list[tuple[Kind, str, re.Pattern[str]]] = []
    for kind in _KINDS:
        of_kind = {each: template for its, each, template in templates if its is kind}
        follows = _MAY_FOLLOW.get(kind, "")
        for each, template in of_kind.items():
            found.append((kind, each.value, re.compile(_expression(template, set()) + follows)))
        seen: set[str] = set()
        both = [_expression(of_kind[each], seen) + follows for each in Language]
        found.append((kind, BOTH, re.compile("\n\n".join(both))))
    return found


def _expression(template: str, seen: set[str]) -> str:
    """The template as it looks when it is filled. What two languages say alike must be the same in both."""
    parts: list[str] = []
    end = 0
    for match in PLACEHOLDER.finditer(template):
        name = match.group(1)
        parts.append(re.escape(plain(template[end : match.start()])))
        if name in seen and name in ("case_number", "link", "code"):
            parts.append(f"(?P={name})")
        elif name in seen:
            parts.append(f"[^\\n]{{1,{LONGEST[name]}}}?")
        else:
            parts.append(f"(?P<{name}>[^\\n]{{1,{LONGEST[name]}}}?)")
        seen.add(name)
        end = match.end()
    return "".join([*parts, re.escape(plain(template[end:]))])
