"""Pages as a browser's parser sees them: each tag closed where it was opened, and none that came with an input."""

from html.parser import HTMLParser
from typing import Final

FOREIGN: Final = "zq"
"""How the names of tags and attributes begin that the fuzzers bring along."""
FOREIGN_WORDS: Final = (
    '"><zq>',
    "<zq a='",
    "' zqa='",
    '" zqa="',
    "<!--",
    "]]>",
    "&#60;zq&#62;",
    "</main>",
    "</script>",
)
_VOID: Final = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"))
_IN_DRAWINGS: Final = frozenset(("path", "rect", "line", "circle", "use", "polyline", "polygon"))


class _Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_comment(self, data: str) -> None:  # noqa: ARG002 - html.parser's name
        self.wrong.append("a comment")

    def _look(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.wrong += [f"foreign: {one}" for one in (tag, *names) if one.startswith(FOREIGN)]
        self.wrong += [f"{tag} has {name} twice" for name in {one for one in names if names.count(one) > 1}]


def well_made(page: str) -> None:
    """The page is one whole document, and nothing of an input became a part of it."""
    read = _Read()
    read.feed(page)
    read.close()
    assert page.lstrip().lower().startswith("<!doctype html>"), page[:80]
    assert read.wrong == [], read.wrong
    assert read.open == [], read.open
