"""R3: the page on data flow names every column of the database, with the class that says how long it is kept."""

import importlib
import pkgutil
import re

from sqlmodel import SQLModel

import database
from tests.test_docs import ROOT

for module in pkgutil.iter_modules(database.__path__):  # a table that nobody thought of is one that nobody forgets
    importlib.import_module(f"database.{module.name}")

PAGE = (ROOT / "docs" / "data-flow.md").read_text(encoding="utf-8")


def section(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, cell by cell."""
    lines = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return rows[2:]


def test_every_column_stands_there_once_with_a_class_and_none_that_is_not_there() -> None:
    classes = [row[0] for row in section("Classes")]
    named: list[tuple[str, str]] = []
    for table, class_, columns in section("Every column"):
        assert class_ in classes, (table, class_)
        named += [(table.strip("`"), column) for column in re.findall(r"`(\w+)`", columns)]
    there = {(name, column.name) for name, table in SQLModel.metadata.tables.items() for column in table.columns}
    assert there - set(named) == set()
    assert set(named) - there == set()
    assert sorted(named) == sorted(set(named))


def test_whatever_is_encrypted_or_a_keyed_hash_is_in_a_class_that_goes() -> None:
    """A number, words or an answer is in none that stays; what a quarter's rounding is drawn with is nobody's."""
    stays = {"`call`", "`ledger`", "`counts`", "`machinery`"}
    kept = {
        column
        for _, class_, columns in section("Every column")
        if class_ in stays
        for column in re.findall(r"`(\w+)`", columns)
    }
    assert {column for column in kept if column.endswith(("_encrypted", "_hash"))} == {"secret_encrypted"}
