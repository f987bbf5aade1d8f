"""Figures, days and names as a reader of one language writes them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from calls.facts import Language
from web.public.bundles import Bundle, File
from web.public.phrases import words
from web.public.quarter import LEVELS, Asked, Quarter, Told
from web.public.tables import ACTIVITY, RESULTS, Activity, Area, Result, Said, Status

_LOCALES: Final = {Language.ENGLISH: "en_CA", Language.FRENCH: "fr_CA"}
_PERCENT: Final = {Language.ENGLISH: "{}%", Language.FRENCH: "{}\u00a0%"}
_KILO: Final = 1000
_FILES: Final = {
    ACTIVITY: "what_activity",
    RESULTS: "what_results",
    "communityconnect_areas.geojson": "what_geojson",
    "codebook.csv": "what_codebook",
    "datapackage.json": "what_datapackage",
    "catalog.jsonld": "what_catalog",
    "data.json": "what_data",
    "README_EN.md": "what_readme_en",
    "README_FR.md": "what_readme_fr",
    "SHA256SUMS": "what_sums",
}


class Saying:
    """For one language. `zone`: the agency's, for days of publication."""

    def __init__(self, language: Language, zone: ZoneInfo) -> None:
        self._language = language
        self._locale = _LOCALES[language]
        self._zone = zone
        self._t = words(language)

    def name(self, said: Said) -> str:
        return said.name(self._language)

    def area(self, area: Area) -> str:
        """The name of an area, and what all of them together are called here."""
        return self._t["whole"] if area.level == LEVELS[0] else area.name(self._language)

    def number(self, number: int) -> str:
        return format_decimal(number, locale=self._locale)

    def percent(self, number: Decimal | int) -> str:
        return _PERCENT[self._language].format(format_decimal(number, locale=self._locale))

    def quarter(self, quarter: Quarter) -> str:
        """`July to September 2026`."""
        return months(quarter.first_day, quarter.last_day, self._language)

    def short_quarter(self, quarter: Quarter) -> str:
        """`Jul. – Sep. 2026`, for tables."""
        return str(format_interval(quarter.first_day, quarter.last_day, "yMMM", locale=self._locale))

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self._locale)

    def published(self, moment: datetime) -> str:
        return self.day(moment.astimezone(self._zone).date())

    def size(self, size: int) -> str:
        """In kilobytes of a thousand, as browsers say it."""
        if size < _KILO:
            return self._t["bytes"].format(number=size)
        unit, number = ("megabytes", size / _KILO**2) if size >= _KILO**2 else ("kilobytes", size / _KILO)
        return self._t[unit].format(number=format_decimal(number, "0.#" if number < 10 else "0", locale=self._locale))

    def level(self, level: str) -> str:
        """Several areas of a level: `Wards`."""
        return self._t.get(f"level_{level}", self._t["level_other"])

    def priority(self, priority: str) -> str:
        return self._t["priority"].format(number=priority) if priority.isdecimal() else self._t["any_priority"]

    def count(self, row: Activity) -> Markup:
        return self._figure(row.count, row.status)

    def answers(self, row: Result | None) -> Markup:
        return self._figure(None, Status.NO_DATA) if row is None else self._figure(row.answers, row.status)

    def share(self, row: Result | None) -> Markup:
        if row is None or row.percent is None or row.status is not Status.OK:
            return self._figure(None, Status.NO_DATA if row is None else row.status)
        return Markup('<data value="{}">{}</data>').format(row.percent, self.percent(row.percent))

    def responses(self, asked: Asked) -> Markup:
        """Of how many, by the published figure."""
        is_none = asked.told.no_data == asked.told.all
        return self._figure(asked.responses, Status.NO_DATA if is_none else Status.SUPPRESSED)

    def files(self, bundle: Bundle) -> list[File]:
        """Of a bundle, what most people come for first."""
        order = list(_FILES)
        return sorted(bundle.entry.files, key=lambda f: order.index(f.name) if f.name in order else len(order))

    def file(self, name: str) -> str:
        """What a file of a bundle is."""
        return self._t[_FILES.get(name, "what_other")]

    def not_told(self, told: Told) -> str:
        """What of a table is not told, and why, in a sentence or two."""
        said = []
        if told.suppressed:
            key = "suppressed_one" if told.suppressed == 1 else "suppressed_some"
            said.append(self._t[key].format(number=self.number(told.suppressed), all=self.number(told.all)))
        if told.no_data:
            key = "no_data_one" if told.no_data == 1 else "no_data_some"
            said.append(self._t[key].format(number=self.number(told.no_data), all=self.number(told.all)))
        return " ".join(said) or self._t["all_told"].format(all=self.number(told.all))

    def briefly(self, told: Told) -> str:
        """The same where the reason stands on the page already; blank where all is told."""
        if not told.suppressed:
            return ""
        return self._t["not_shown_of"].format(number=self.number(told.suppressed), all=self.number(told.all))

    def _figure(self, number: int | None, status: Status) -> Markup:
        if number is not None and status is not Status.NO_DATA:
            return Markup('<data value="{}">{}</data>').format(number, self.number(number))
        key = "no_data" if status is Status.NO_DATA else "not_shown"
        return Markup('<span class="none">{}</span>').format(escape(self._t[key]))


def months(first_day: date, last_day: date, language: Language) -> str:
    """`July to September 2026`; of days of one year."""
    first = format_date(first_day, "MMMM", locale=_LOCALES[language])
    last = format_date(last_day, "MMMM y", locale=_LOCALES[language])
    return words(language)["from_to"].format(first=first, last=last)
