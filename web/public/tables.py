"""The two tables of a bundle as values: what is told of an area in a period, exactly as the CSV says it."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from io import StringIO
from typing import Final

from calls.facts import Language

ACTIVITY: Final = "communityconnect_activity.csv"
RESULTS: Final = "communityconnect_survey_results.csv"


class TableError(Exception):
    """A table is not as the codebook says; the message names the line and what is wrong."""


class Status(StrEnum):
    """Whether a figure is told."""

    OK = "OK"
    SUPPRESSED = "SUPPRESSED"
    NO_DATA = "NO_DATA"


@dataclass(frozen=True, order=True)
class Area:
    """A place of which something is told. `level`: the whole service, a division, a ward, …"""

    level: str
    id: str
    version: str
    name_en: str
    name_fr: str

    def name(self, language: Language) -> str:
        return {Language.ENGLISH: self.name_en, Language.FRENCH: self.name_fr}[language]


@dataclass(frozen=True)
class Said:
    """The id of a thing and what it is called."""

    id: str
    en: str
    fr: str
    version: str = ""

    def name(self, language: Language) -> str:
        return {Language.ENGLISH: self.en, Language.FRENCH: self.fr}[language]


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One count of the service's work. `count` is `None` unless the status is OK."""

    area: Area
    priority: str
    measure: Said
    count: int | None
    status: Status


@dataclass(frozen=True, kw_only=True)
class Result:
    """How many gave one answer to a question, of how many; `None` where it is not told."""

    area: Area
    question: Said
    answer: Said
    answers: int | None
    responses: int | None
    percent: Decimal | None
    status: Status


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A bundle's two tables, with the days that they are of, both included."""

    first_day: date
    last_day: date
    activity: Sequence[Activity]
    results: Sequence[Result]


def read_tables(activity: str, results: str) -> Tables:
    """From the text of the two files.

    Raises:
        TableError: a column is missing, a value cannot be read, or rows are of different periods.
    """
    periods: set[tuple[str, str]] = set()
    done = [_activity(row, periods) for row in _rows(activity, ACTIVITY)]
    said = [_result(row, periods) for row in _rows(results, RESULTS)]
    if len(periods) != 1:
        raise TableError(f"{ACTIVITY} and {RESULTS} are of {len(periods)} periods, not of one")
    first, last = periods.pop()
    return Tables(first_day=date.fromisoformat(first), last_day=date.fromisoformat(last), activity=done, results=said)


class _Row:
    """A line of a file, for messages."""

    def __init__(self, cells: dict[str, str], where: str) -> None:
        self._cells = cells
        self._where = where

    def __getitem__(self, column: str) -> str:
        value = self._cells.get(column)
        if value is None:
            raise TableError(f"{self._where}: there is no {column}")
        return value

    def number(self, column: str) -> int | None:
        value = self[column]
        if value and not (value.isascii() and value.isdigit()):
            raise TableError(f"{self._where}: {column} is {value!r}, not a count")
        return int(value) if value else None

    def percent(self, column: str) -> Decimal | None:
        try:
            return Decimal(self[column]) if self[column] else None
        except InvalidOperation:
            raise TableError(f"{self._where}: {column} is {self[column]!r}, not a number") from None

    def status(self) -> Status:
        try:
            return Status(self["STATUS"])
        except ValueError:
            raise TableError(f"{self._where}: STATUS is {self['STATUS']!r}") from None

    def area(self) -> Area:
        columns = ("GEO_LEVEL", "GEO_ID", "GEO_VERSION", "GEO_NAME_EN", "GEO_NAME_FR")
        return Area(*(self[column] for column in columns))

    def said(self, what: str, *, version: str = "") -> Said:
        return Said(self[f"{what}_ID"], self[f"{what}_EN"], self[f"{what}_FR"], version)


def _rows(text: str, name: str) -> Iterator[_Row]:
    for number, cells in enumerate(csv.DictReader(StringIO(text)), start=2):
        yield _Row(cells, f"{name} line {number}")


def _activity(row: _Row, periods: set[tuple[str, str]]) -> Activity:
    periods.add((row["PERIOD_START"], row["PERIOD_END"]))
    return Activity(
        area=row.area(),
        priority=row["PRIORITY"],
        measure=row.said("MEASURE"),
        count=row.number("COUNT"),
        status=row.status(),
    )


def _result(row: _Row, periods: set[tuple[str, str]]) -> Result:
    periods.add((row["PERIOD_START"], row["PERIOD_END"]))
    return Result(
        area=row.area(),
        question=row.said("QUESTION", version=row["QUESTION_VERSION"]),
        answer=row.said("ANSWER"),
        answers=row.number("N_ANSWERS"),
        responses=row.number("N_RESPONSES"),
        percent=row.percent("PCT"),
        status=row.status(),
    )
