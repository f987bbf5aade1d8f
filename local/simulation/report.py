"""The page on a simulation, for those who decide: English and French in one file that needs nothing else.

The template orders; here are the numbers as each language writes them, the names, and the bars of the charts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Final

from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_currency, format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from calls.contracts import Kind
from calls.facts import Language
from local.simulation.outcome import Simulation
from local.simulation.summary import STEPS, Summary
from local.simulation.words import FRENCH, NAMES, UNITS, WORDS

FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet may run a cell that begins with one of them."""

_HERE: Final = Path(__file__).parent
_LOCALES: Final = {Language.ENGLISH: "en_CA", Language.FRENCH: "fr_CA"}
_COLUMN: Final = {Language.ENGLISH: 0, Language.FRENCH: 1}
# What a page can hold and a person reads; the page says how many more there are.
_MOST_ROWS: Final = 40
_MOST_BARS: Final = 60
_LONGEST: Final = 200
_UNBROKEN: Final = "\u00a0"
_NOTHING: Final = "–"
_STEPS_OF_LOG: Final = (*STEPS, "call_ended", "language", "disposition")
DECISION_COLUMNS: Final = ("call_id", "eligible", "rule", "reason")
TEXT_COLUMNS: Final = (
    *("call_id", "kind", "sequence", "language", "segments", "due_at", "sent_at"),
    *("outcome", "rule", "reason"),
)


def report(simulation: Simulation, summary: Summary) -> str:
    """The page as HTML. It depends on nothing but its arguments, and shows numbers, never a person."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html").render(
        names=simulation.agency_name,
        labels=simulation.group_labels,
        views=[View(simulation, summary, language) for language in Language],
        s=summary,
        lists={"decisions.csv": DECISION_COLUMNS, "texts.csv": TEXT_COLUMNS},
        formula_ids=sum(call.call_id.startswith(FORMULA_SIGNS) for call in simulation.calls),
        untold=[step for step in _STEPS_OF_LOG if step not in simulation.tells],
        problems=[_cut(problem) for problem in simulation.problems[:_MOST_ROWS]],
        most=_MOST_ROWS,
    )
    return page + "\n"


class Phrases:
    """The words and numbers of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = _COLUMN[language]
        self._locale = _LOCALES[language]

    def __call__(self, key: str, **parts: str) -> str:
        """The words under this key, with their placeholders filled."""
        return self._typeset(WORDS[key][self._column]).format(**parts)

    def name(self, name: str) -> str:
        """What the code names in its own way, or the name itself."""
        return NAMES[name][self._column] if name in NAMES else name

    def said(self, text: str) -> str:
        """A rule or a reason. Those of the code are translated; an agency's own stay as they were written."""
        return _cut(text) if self.language is Language.ENGLISH else self._typeset(_cut(_in_french(text)))

    @staticmethod
    def cut(text: str) -> str:
        """No longer than a reader reads."""
        return _cut(text)

    def number(self, value: float, *, digits: int = 0) -> str:
        return format_decimal(value, f"#,##0.{'0' * digits}" if digits else "#,##0", locale=self._locale)

    def count(self, unit: str, value: float) -> str:
        """So many of a unit: `8,152 calls`."""
        one, many = UNITS[unit][self._column]
        is_one = value == 1 or (self.language is Language.FRENCH and abs(value) < 2)
        digits = 0 if float(value).is_integer() else 1
        return self.number(value, digits=digits) + _UNBROKEN + (one if is_one else many)

    def unit(self, unit: str, value: int) -> str:
        """The unit alone, as it follows this number."""
        return self.count(unit, value).rpartition(_UNBROKEN)[2]

    def share(self, part: int, whole: int) -> str:
        percent = self.number(100 * part / whole if whole else 0, digits=1)
        return f"{percent}%" if self.language is Language.ENGLISH else f"{percent}{_UNBROKEN}%"

    def wait(self, minutes: float | None) -> str:
        """Minutes, or hours from two hours on, or days from two days on."""
        if minutes is None:
            return _NOTHING
        if minutes >= 2 * 24 * 60:
            return self.count("days", round(minutes / 24 / 60, 1))
        value, unit = (minutes, "min") if minutes < 2 * 60 else (minutes / 60, "h")
        return self.number(value, digits=1) + _UNBROKEN + unit

    def money(self, amount: Decimal, currency: str, *, exact: bool = False) -> str:
        """An amount; `exact` with all its digits, for a price below a cent."""
        return str(format_currency(amount, currency, locale=self._locale, decimal_quantization=not exact))

    def hour(self, hour: int) -> str:
        return f"{hour:02}:00" if self.language is Language.ENGLISH else f"{hour}{_UNBROKEN}h"

    def day(self, day: date) -> str:
        return str(format_date(day, format="medium", locale=self._locale))

    def short_day(self, day: date) -> str:
        return str(format_skeleton("MMMd", day, locale=self._locale))

    def moment(self, moment: datetime) -> str:
        clock = format_time(moment, "HH:mm" if self.language is Language.ENGLISH else "H 'h' mm", locale=self._locale)
        return self("at", day=self.day(moment.date()), clock=clock.replace(" ", _UNBROKEN))

    def _typeset(self, text: str) -> str:
        """French spaces before a colon and inside guillemets are never the end of a line."""
        if self.language is Language.ENGLISH:
            return text
        return text.replace(" :", f"{_UNBROKEN}:").replace("« ", f"«{_UNBROKEN}").replace(" »", f"{_UNBROKEN}»")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A kind's part of a bar, in percent of the chart's height, from the top."""

    kind: Kind
    top: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Bar:
    """The texts of one hour, day or week. `tick` stands below it, where it is not empty."""

    label: str
    tick: str
    by_kind: Mapping[Kind, int]
    total: int
    parts: list[Part]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Bars side by side. `scale`: what the chart's full height stands for. `more`: bars left out."""

    bars: list[Bar]
    every: int
    scale: int
    more: int


class View:
    """What one language's part of the page shows."""

    def __init__(self, simulation: Simulation, summary: Summary, language: Language) -> None:
        self.t = Phrases(language)
        self.language = language
        self.agency = simulation.agency_name[language]
        self._summary = summary

    @cached_property
    def kinds(self) -> list[Kind]:
        """The kinds of which a text was sent."""
        return [kind for kind, figures in self._summary.texts.by_kind.items() if any(figures.by_hour)]

    @property
    def headline(self) -> str:
        """The simulation in one sentence."""
        t, calls, texts = self.t, self._summary.calls, self._summary.texts
        parts = {"calls": t.count("calls", calls.total), "texted": t.number(calls.texted)}
        parts |= {"texts": t.count("texts", texts.sent), "segments": t.count("segments", texts.segments)}
        return t("headline" if calls.texted else "headline_none", **parts)

    @property
    def kind_names(self) -> list[str]:
        """Their names, in the same order."""
        return [self.t.name(kind) for kind in self.kinds]

    @cached_property
    def hours(self) -> Chart:
        """Sent texts by hour of the local day."""
        by_kind, hour = self._summary.texts.by_kind, self.t.hour
        return _chart(
            [
                (
                    f"{hour(each)}–{hour(each + 1)}",
                    hour(each),
                    {kind: by_kind[kind].by_hour[each] for kind in self.kinds},
                )
                for each in range(24)
            ],
            every=3,
        )

    @cached_property
    def is_by_week(self) -> bool:
        """There are too many days for a bar each."""
        days = self._summary.texts.by_day
        return bool(days) and (max(days) - min(days)).days >= _MOST_BARS

    @cached_property
    def days(self) -> Chart | None:
        """Sent texts by local day, or by week from Monday on; `None` of a single day."""
        days = self._summary.texts.by_day
        if len(days) < 2:
            return None
        counts: dict[date, Counter[Kind]] = {}
        for day, by_kind in days.items():
            start = day - timedelta(days=day.weekday()) if self.is_by_week else day
            counts.setdefault(start, Counter()).update(by_kind)
        step = timedelta(days=7 if self.is_by_week else 1)
        span = (max(counts) - min(counts)) // step + 1
        shown = [min(counts) + step * each for each in range(span)] if span <= _MOST_BARS else sorted(counts)
        bars = [(self.t.day(day), self.t.short_day(day), counts.get(day, Counter())) for day in shown]
        return _chart(bars, every=-(-min(len(bars), _MOST_BARS) // 5))


def _chart(rows: Sequence[tuple[str, str, Mapping[Kind, int]]], *, every: int) -> Chart:
    """`rows`: label, tick and texts by kind. Of the ticks, one `every` so many bars."""
    shown = rows[:_MOST_BARS]
    scale = _round_up(max(sum(by_kind.values()) for _, _, by_kind in shown))
    return Chart(
        bars=[
            Bar(label=label, tick=tick, by_kind=by_kind, total=sum(by_kind.values()), parts=_parts(by_kind, scale))
            for label, tick, by_kind in shown
        ],
        every=every,
        scale=scale,
        more=len(rows) - len(shown),
    )


def _parts(by_kind: Mapping[Kind, int], scale: int) -> list[Part]:
    """One upon the other, the first kind at the bottom."""
    parts = []
    top = 100.0
    for kind in Kind:
        if count := by_kind.get(kind, 0):
            height = 100 * count / scale
            top -= height
            parts.append(Part(kind=kind, top=round(top, 2), height=round(height, 2)))
    return parts


def _round_up(most: int) -> int:
    """The next even number that a reader halves at sight: 2, 4, 6, 8, 10, 20, 40, 60, 80, 100 …"""
    power = 1
    while most > 10 * power:
        power *= 10
    return next(step * power for step in (2, 4, 6, 8, 10) if step * power >= most)


def _in_french(text: str) -> str:
    """A rule or a reason of the code in French; anything else as it is."""
    if text in FRENCH:
        return FRENCH[text]
    for pattern, french in _PATTERNS:
        if match := pattern.fullmatch(text):
            return french.format(
                *(", ".join(FRENCH.get(part, part) for part in said.split(", ")) for said in match.groups())
            )
    return text


def _patterns() -> Iterable[tuple[re.Pattern[str], str]]:
    for english, french in FRENCH.items():
        if "{}" in english:
            yield re.compile(re.escape(english).replace(r"\{\}", "(.+)"), re.DOTALL), french


_PATTERNS: Final = tuple(_patterns())


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
