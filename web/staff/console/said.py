"""Figures in words: counts, shares, intervals and the names of what they are cut by, in one language."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Final

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

from calls.facts import Language
from insights.breakdown import Shown
from insights.small import Hidden
from insights.wilson import Share
from policy.agency import Agency
from survey.context import DelayBand, first_day, month_of
from survey.cut import NO_LANGUAGE
from survey.questions import Question

LOCALES: Final = {Language.ENGLISH: "en_CA", Language.FRENCH: "fr_CA"}
_PERCENT: Final = {Language.ENGLISH: "{}%", Language.FRENCH: "{} %"}
WAITS: Final = tuple(band.value for band in DelayBand)
"""From short to long; then those of which only that an officer came is told."""


def in_order(value: str) -> list[tuple[int, str]]:
    """A key to sort by: Ward 2 before Ward 10, and what is not told first."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", value) if part]


class Said:
    """`t`: words that pages with figures share."""

    def __init__(self, agency: Agency, language: Language, t: Mapping[str, str]) -> None:
        self._agency = agency
        self._language = language
        self._t = t

    @property
    def percent_sign(self) -> str:
        """As in `50 %`, to be filled in."""
        return _PERCENT[self._language]

    def number(self, count: int) -> str:
        return format_decimal(count, locale=LOCALES[self._language])

    def count(self, shown: Shown) -> str:
        """The count; or that it is of few, or not shown for that reason."""
        if isinstance(shown, Hidden):
            return self.hidden(shown)
        return self.number(shown)

    def hidden(self, why: Hidden) -> str:
        key = "fewer_than" if why is Hidden.FEW else "not_shown"
        return self._t[key].format(number=self._agency.insights.at_least)

    def change(self, change: int | None) -> str:
        """`+3`, `−3`; a dash where it is not shown."""
        if change is None:
            return "–"
        return self.number(change) if change == 0 else f"{'+' if change > 0 else '−'}{self.number(abs(change))}"

    def share(self, share: Share | None) -> str:
        """`62%`; a dash where there is none."""
        return "–" if share is None else self.percent(share.share)

    def interval(self, share: Share | None) -> str:
        """`58–66%`, in which the true share lies 95 times in 100."""
        if share is None:
            return "–"
        return self.percent_sign.format(f"{_whole(share.low)}–{_whole(share.high)}")

    def percent(self, part: float) -> str:
        return self.percent_sign.format(_whole(part))

    def value(self, name: str, value: str) -> str:
        """What a line of a table is about: a week, an area, a group of call types …"""
        if not value:
            return self._t["not_told"]
        if name == "language":
            return self._t["not_told"] if value == NO_LANGUAGE else self._t.get(f"language_{value}", value)
        if name == "group":
            group = self._agency.policy.eligibility.groups.get(value)
            return value if group is None else group.label[self._language]
        if name == "wait":
            return self._t["wait_" + str(WAITS.index(value))] if value in WAITS else value
        return self._t["priority"].format(number=value) if name == "priority" else value

    def week_of(self, week: str) -> str:
        """The Monday of an ISO week."""
        year, number = week.split("-W")
        return format_date(date.fromisocalendar(int(year), int(number), 1), "d MMM", locale=LOCALES[self._language])

    def by_month(self, weeks: Sequence[str]) -> list[tuple[str, list[str]]]:
        """The months that weeks count to, named, each with its weeks."""
        locale = LOCALES[self._language]
        return [
            (format_skeleton("yMMMM", first_day(month), locale=locale), list(of_month))
            for month, of_month in groupby(weeks, key=month_of)
        ]

    def question(self, question: Question) -> str:
        return question.text.in_language(self._language)

    def option(self, question: Question, option: str) -> str:
        """The words of one of its options."""
        return next(one.text.in_language(self._language) for one in question.options if one.id == option)


def _whole(part: float) -> int:
    return int(100 * part + 0.5)
