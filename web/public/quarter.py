"""One published quarter, sorted for its pages: areas, questions, and what is told of each."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from web.public.bundles import Bundle, BundleError
from web.public.tables import Activity, Area, Result, Said, Status

LEVELS: Final = ("CITY", "DIVISION", "WARD", "NEIGHBOURHOOD")
"""From the largest to the smallest."""
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class Told:
    """How many figures a table has, and how many of them are not told."""

    all: int
    suppressed: int
    no_data: int

    @classmethod
    def of(cls, statuses: Iterable[Status]) -> "Told":
        found = list(statuses)
        return cls(all=len(found), suppressed=found.count(Status.SUPPRESSED), no_data=found.count(Status.NO_DATA))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question in one area: its answers in their order, and of how many they are (`None`: not told)."""

    question: Said
    results: Sequence[Result]

    @property
    def responses(self) -> int | None:
        return next((result.responses for result in self.results if result.responses is not None), None)

    @cached_property
    def told(self) -> Told:
        return Told.of(result.status for result in self.results)

    def of(self, answer: str) -> Result | None:
        return next((result for result in self.results if result.answer.id == answer), None)


class Quarter:
    """The newest version of a quarter's bundle. `versions`: all of them, the newest first."""

    def __init__(self, versions: Sequence[Bundle]) -> None:
        self.versions = versions
        self.bundle = versions[0]
        self.period = self.bundle.entry.period
        self.base = self.bundle.entry.base

    @property
    def first_day(self) -> date:
        return self.bundle.tables.first_day

    @property
    def last_day(self) -> date:
        return self.bundle.tables.last_day

    @cached_property
    def areas(self) -> Mapping[str, Sequence[Area]]:
        """By level, the largest first; Ward 2 before Ward 10."""
        tables = self.bundle.tables
        found = {row.area for row in tables.results} | {row.area for row in tables.activity}
        levels = {area.level for area in found}
        in_order = [*(level for level in LEVELS if level in levels), *sorted(levels - set(LEVELS))]
        return {level: sorted((a for a in found if a.level == level), key=_by_name) for level in in_order}

    @property
    def whole(self) -> Area:
        """The area that comes first: the whole service."""
        return next(iter(self.areas.values()))[0]

    @cached_property
    def questions(self) -> Sequence[Said]:
        return list(dict.fromkeys(result.question for result in self.bundle.tables.results))

    @property
    def asked_once(self) -> Sequence[Said]:
        """Each question in its newest words."""
        return list({question.id: question for question in self.questions}.values())

    @cached_property
    def _asked(self) -> Mapping[tuple[Area, Said], Asked]:
        found: dict[tuple[Area, Said], list[Result]] = defaultdict(list)
        for result in self.bundle.tables.results:
            found[result.area, result.question].append(result)
        return {key: Asked(question=key[1], results=rows) for key, rows in found.items()}

    @cached_property
    def _activity(self) -> Mapping[Area, Sequence[Activity]]:
        found: dict[Area, list[Activity]] = defaultdict(list)
        for row in self.bundle.tables.activity:
            found[row.area].append(row)
        return found

    def asked(self, area: Area, question: Said) -> Asked:
        return self._asked.get((area, question), Asked(question=question, results=()))

    def asked_in(self, area: Area) -> Sequence[Asked]:
        return [self._asked[area, question] for question in self.questions if (area, question) in self._asked]

    def activity_in(self, area: Area) -> Sequence[Activity]:
        return self._activity.get(area, ())

    def answers(self, question: Said) -> Sequence[Said]:
        """All that could be answered, in the order of the file."""
        found = (row.answer for row in self.bundle.tables.results if row.question == question)
        return list(dict.fromkeys(found))

    @cached_property
    def pages(self) -> Mapping[str, Area | str]:
        """By the file's name: the area, or the id of the question, that the page is about.

        Raises:
            BundleError: two areas, or two questions, would have one page.
        """
        pages: dict[str, Area | str] = {}
        named: list[tuple[str, Area | str]] = [(area_page(each), each) for all_ in self.areas.values() for each in all_]
        named += [(question_page(question), question.id) for question in self.questions]
        for name, about in named:
            if pages.setdefault(name, about) != about:
                raise BundleError(f"{self.bundle}: {about} and {pages[name]} would both be {name}")
        return pages

    @cached_property
    def told(self) -> Told:
        """Of both tables together."""
        tables = self.bundle.tables
        return Told.of([*(row.status for row in tables.results), *(row.status for row in tables.activity)])


def quarters_of(bundles: Sequence[Bundle]) -> Sequence[Quarter]:
    """The quarters of bundles that come the latest first."""
    versions: dict[str, list[Bundle]] = defaultdict(list)
    for bundle in bundles:
        versions[bundle.entry.period].append(bundle)
    return [Quarter(found) for found in versions.values()]


def area_page(area: Area) -> str:
    """The file's name of an area's page; the same in every quarter and in both languages."""
    return f"{_plain(area.level)}-{_plain(area.id)}.html"


def question_page(question: Said) -> str:
    """The file's name of a question's page, with all versions of its words: an id never changes its meaning."""
    return f"question-{_plain(question.id)}.html"


def _by_name(area: Area) -> list[tuple[int, str]]:
    """Numbers by their size, words by the alphabet."""
    parts = re.split(r"([0-9]+)", f"{area.name_en} {area.id}")
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts if part]


def _plain(text: str) -> str:
    return _NOT_IN_A_NAME.sub("-", text.lower()).strip("-")
