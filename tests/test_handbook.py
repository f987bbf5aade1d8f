"""The operator's handbook is the same in both languages, and speaks as the console does."""

import re
from pathlib import Path
from typing import Final

import pytest

from calls.facts import Language
from web.staff.console.words import words

DOCS: Final = Path(__file__).parents[1] / "docs"
PICTURES: Final = DOCS / "pictures"
WORDS: Final = Path(__file__).parents[1] / "web" / "staff" / "console" / "words"
MOST_BYTES: Final = 2_000_000
_SKELETON: Final = re.compile(r"^(#+) |^!\[.+\]\((\S+)\)$|^(\|.*\|)$|^(\d\.|-) ")
_BOLD: Final = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_OUR_OWN: Final = {"en": {"bold", "Never tell"}, "fr": {"gras", "Ne dites jamais à"}}


def handbook(language: str) -> str:
    return (DOCS / f"handbook.{language}.md").read_text(encoding="utf-8")


def skeleton(language: str) -> list[str]:
    """Headings by their level, pictures by their name, rows by their cells, and items of lists."""
    found = []
    for line in handbook(language).splitlines():
        if part := _SKELETON.match(line):
            level, picture, row, item = part.groups()
            shape = f"{row.count('|')} cells" if row else (level or item or picture)
            found.append(str(shape).replace(f"-{language}.png", ".png"))
    return found


def test_the_handbook_has_the_same_headings_pictures_tables_and_steps_in_both_languages() -> None:
    english, french = skeleton("en"), skeleton("fr")
    assert english == french
    assert sum(part.endswith(".png") for part in english) > 9


@pytest.mark.parametrize("language", list(Language))
def test_every_word_in_bold_stands_on_a_page_of_the_console(language: Language) -> None:
    """So that whoever changes a button's name changes the handbook, too."""
    names = {said for file in WORDS.glob("*.yaml") for said in _plain(file.stem, language)}
    bold = {" ".join(said.split()) for said in _BOLD.findall(handbook(language))}
    ours = {said for said in bold if said.startswith(tuple(_OUR_OWN[language]))}
    assert len(ours) == len(_OUR_OWN[language])
    assert bold - ours - names == set()


def _plain(page: str, language: Language) -> set[str]:
    said = words(page, language).values()
    return {" ".join(one.split()) for one in said}


def test_every_picture_of_the_console_is_small_in_some_document_and_together_they_are_under_two_megabytes() -> None:
    pictures = list(PICTURES.glob("console-*.png"))
    documents = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    assert [path.name for path in pictures if f"pictures/{path.name}" not in documents] == []
    assert sum(path.stat().st_size for path in pictures) < MOST_BYTES
