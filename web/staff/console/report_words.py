"""The figures of the monthly report as they are written: in the reader's language, with the agency's currency."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent

from calls.facts import Language
from insights.counted import Stop, Terms
from insights.months import Month
from insights.small import Hidden
from insights.values import Line, Unit, Value
from insights.wilson import Share
from policy.agency import Agency
from web.staff.all_texts import SWITCHED_OFF
from web.staff.console.in_words import InWords
from web.staff.console.words import words

_LOCALES = {Language.ENGLISH: "en_CA", Language.FRENCH: "fr_CA"}
_OF_KIND = ("texts_of_kind", "segments_of_kind")
NOTHING = "–"


class ReportWords:
    """For one reader. In a template: `{{ say.label(line) }}`."""

    def __init__(self, agency: Agency, language: Language, terms: Terms) -> None:
        self._locale = _LOCALES[language]
        self._t = words("report", language)
        self._in_words = InWords(language)
        price = agency.identity.segment_price
        self._currency = "" if price is None else price.currency
        self._terms = terms
        self._groups = {name: group.label[language] for name, group in agency.policy.eligibility.groups.items()}

    def month(self, month: Month) -> str:
        return str(format_skeleton("yMMMM", month.first_day, locale=self._locale))

    def label(self, line: Line) -> str:
        """What the figure is of."""
        if not line.about and not line.figure.endswith("_by"):
            return self._t[f"figure_{line.figure}"]
        if line.figure in _OF_KIND:
            return self._t[f"kind_{line.about}"]
        if line.figure == "not_arrived_by":
            return self._in_words.error(int(line.about) if line.about else None)
        if line.about.startswith(SWITCHED_OFF):
            return self._t["why_switched_off"]
        return self._t.get(f"why_{line.about}") or self._in_words.rule(line.about)

    def number(self, value: Value) -> str:
        if value.hidden is not None:
            few = value.hidden is Hidden.FEW
            return self._t["fewer_than"].format(number=self._terms.at_least) if few else self._t["not_shown"]
        if value.number is None:
            return NOTHING
        if value.unit is Unit.SECONDS:
            return self.lasted(timedelta(seconds=int(value.number)))
        if value.unit is Unit.MONEY:
            return self.money(Decimal(value.number))
        return str(format_decimal(value.number, locale=self._locale))

    def money(self, amount: Decimal) -> str:
        return str(format_currency(amount, self._currency, locale=self._locale))

    def share(self, value: Value) -> str:
        return NOTHING if value.share is None else self._percent(value.share)

    def of(self, value: Value) -> str:
        return NOTHING if value.of is None else str(format_decimal(value.of, locale=self._locale))

    def change(self, line: Line) -> str:
        if line.change is None:
            return NOTHING
        return ("+" if line.change > 0 else "") + self._percent(line.change)

    def interval(self, sure: Share) -> str:
        return self._t["interval"].format(low=self._percent(sure.low), high=self._percent(sure.high))

    def lasted(self, duration: timedelta) -> str:
        """`3 min 04 s`, `2 h 05`, `3 d 4 h`."""
        seconds = int(duration.total_seconds())
        minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
        if hours < 1:
            return self._t["minutes_seconds"].format(minutes=minutes, seconds=f"{seconds % 60:02}")
        if days < 1:
            return self._t["hours"].format(hours=hours, minutes=f"{minutes % 60:02}")
        return self._t["days"].format(days=days, hours=hours % 24)

    def stop(self, stop: Stop) -> str:
        """What did not go out."""
        if stop.what == "mode":
            return self._t[f"mode_{stop.of}"]
        if stop.what == "line":
            return self._t["line"]
        what, _, which = stop.of.partition(":")
        if what == "wording":
            kind = which.split(":")[0]
            return self._t["wording"].format(kind=self._t.get(f"kind_{kind}", kind))
        return self._in_words.scope(stop.of, self._groups)

    def days_of(self, weeks: Sequence[date]) -> str:
        """Of Mondays: from the first one to the Sunday of the last week."""
        if not weeks:
            return NOTHING
        first, last = weeks[0], weeks[-1] + timedelta(days=6)
        written = [str(format_date(day, "medium", locale=self._locale)) for day in (first, last)]
        return self._t["from_to"].format(first=written[0], last=written[1])

    def _percent(self, part: float) -> str:
        return str(format_percent(part, "#,##0.0 %" if self._locale == "fr_CA" else "#,##0.0%", locale=self._locale))
