"""Which text the words on a phone are: by the agency's wording alone, whatever the ledger says."""

import re
import unicodedata
from ast import literal_eval
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KINDS: Final = ("confirmation", "delay", "survey")
_ENTRY: Final = re.compile(r'^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)\s*^msgstr ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_FIELD: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Words:
    """`kind`: as the ledger says it; `reply` for every answer to a resident. `case_number`: its letters and digits."""

    kind: str
    case_number: str | None


class Wording:
    """The templates of an agency, in each language."""

    def __init__(self, folder: Path) -> None:
        self._patterns = [
            (name if name in KINDS else "reply", re.compile(_pattern(template)))
            for file in sorted((folder / "texts").glob("*.po"))
            for name, template in templates(file)
            if name and not name.startswith(("next steps", "confirmation survey", "voice"))
        ]

    def read(self, body: str) -> Words | None:
        """`None`: it is none of the agency's."""
        letters = plain(body)
        for kind, pattern in self._patterns:
            if (match := pattern.match(letters)) is not None:
                return Words(kind, match.groupdict().get("case_number"))
        return None


def plain(text: str) -> str:
    """Letters and digits alone, without accents and case: typography is changed on the way to a phone."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if char.isalnum())


def templates(file: Path) -> Iterator[tuple[str, str]]:
    """Each name with its words, placeholders in braces."""
    for name, template in _ENTRY.findall(file.read_text(encoding="utf-8")):
        yield _joined(name), _joined(template)


def _joined(strings: str) -> str:
    return "".join(str(literal_eval(string)) for string in _STRING.findall(strings))


def _pattern(template: str) -> str:
    parts, seen = _FIELD.split(template), set()
    pattern = plain(parts[0])
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        pattern += ".+?" if name in seen else f"(?P<{name}>.+?)"
        seen.add(name)
        pattern += plain(text)
    return pattern
