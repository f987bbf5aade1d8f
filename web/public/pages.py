"""Renders one page of the portal in one language."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from calls.facts import Language
from policy.agency import Agency
from web.public.bundles import Bundle
from web.public.dataset import dataset
from web.public.drawing import bar, course
from web.public.phrases import words
from web.public.quarter import Asked, Quarter, Told, area_page, question_page
from web.public.saying import Saying
from web.public.tables import Activity

_Line = tuple[str, str, str, Asked]
"""A line of a table: its heading, where that leads, its key, what is told."""
HERE: Final = Path(__file__).parent


class Pages:
    """The pages of one agency. `unpublished`: the period of a bundle that is not public yet; every page says so."""

    def __init__(self, agency: Agency, quarters: Sequence[Quarter], *, unpublished: str) -> None:
        self._agency = agency
        self._quarters = quarters
        self._unpublished = unpublished
        zone = agency.policy.timetable.zone_info
        self._saying = {language: Saying(language, zone) for language in Language}
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "bar": bar,
            "course": course,
            "dataset": dataset,
            "area_page": area_page,
            "question_page": question_page,
            "names_of": _names_of,
            "activity_of": _activity_of,
            "told_of": _told_of,
            "told_of_asked": _told_of_asked,
            "shares_of": _shares_of,
        }

    def page(self, template: str, address: str, language: Language, **values: object) -> bytes:
        """The page that will stand at `address`. Templates find their words in `t`, other pages behind `up`."""
        other = Language.FRENCH if language is Language.ENGLISH else Language.ENGLISH
        html = self._environment.get_template(template).render(
            t=words(language),
            words_of={each: words(each) for each in Language},
            say=self._saying[language],
            language=language,
            other=other,
            up="../" * address.count("/"),
            here=address.removeprefix(f"{language.value}/"),
            agency=self._agency,
            agency_name=self._agency.identity.name[language],
            quarters=self._quarters,
            unpublished=self._unpublished,
            **values,
        )
        return html.encode()


def _names_of(bundle: Bundle) -> set[str]:
    return {file.name for file in bundle.entry.files}


def _activity_of(rows: Sequence[Activity], measure: str, priority: str) -> Activity | None:
    return next((row for row in rows if row.measure.id == measure and row.priority == priority), None)


def _told_of(rows: Sequence[Activity]) -> Told:
    return Told.of(row.status for row in rows)


def _told_of_asked(all_: Iterable[Asked]) -> Told:
    return Told.of(row.status for asked in all_ for row in asked.results)


def _shares_of(lines: Sequence[_Line], answer: str) -> list[Decimal | None]:
    found = (asked.of(answer) for *_, asked in lines)
    return [None if row is None else row.percent for row in found]
