"""The cut of the day: what was held becomes answers of which at least six say the same of their calls (R7).

Contexts decide, never answers: whoever knows the calls can then not tell more from the way in which they were put
together, and within one cell every answer may be every caller's. Why, and what else was thought of:
docs/decisions/0027-the-cut.md.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from survey.answers import Answer
from survey.context import DelayBand
from survey.held import Context, HeldAnswer

FEWEST: Final = 6
"""Of five, a guess that knows people finds more than one in five (docs/decisions/0027-the-cut.md)."""
NO_LANGUAGE: Final = "und"
"""ISO 639-2: undetermined. Of an answer whose language would be too rare."""
COMPANY_AFTER: Final = 2
"""Weeks. Then an answer is written without its language, in the company of others, rather than wait any longer."""
LONGEST: Final = 8
"""Weeks. In that many a service has so few answers that nothing can be said of them without saying whose they are."""


class Cell(NamedTuple):
    """All that an answer says besides what was answered. What is empty is not told."""

    survey_version: str
    language: str
    officer: str
    """Whether one came: said at every level, for the answers say it too (were you spoken to?)."""
    arrived: bool | None
    """Whether one was there, or only sent: kept apart at every level for the same reason, and not said."""
    priority: int | None
    call_type_group: str
    area: str
    area_version: str
    delay_band: str
    channel: str

    @property
    def context(self) -> Context:
        return Context(
            priority=self.priority,
            call_type_group=self.call_type_group or None,
            area=self.area or None,
            area_version=self.area_version or None,
            delay_band=self.delay_band or self.officer or None,
            channel=self.channel or None,
        )


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer as it stays."""

    survey_version: str
    language: str
    context: Context
    answers: Mapping[str, Answer]


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment as it stays, apart from its answer."""

    language: str
    comment: str
    may_share: bool
    urgent: bool


@dataclass(frozen=True, kw_only=True)
class Parting:
    """What becomes of what was held, in the order in which it was given: the caller shuffles each part on its own."""

    responses: Sequence[Response]
    written: Sequence[int]
    """Places of those that the responses are made of."""
    comments: Sequence[Comment]
    waits: Sequence[int]
    """Places of those that wait for the next cut."""
    dropped: int
    """How many have waited for too long."""
    silenced: int
    """Comments that are not kept: too few wrote in their language."""


def cut(held: Sequence[HeldAnswer], *, week: str) -> Parting:
    """Part what is held. `week`: the ISO week that all of this cut are written with, whenever they were sent."""
    ages = [weeks_between(answer.week, week) for answer in held]
    cells = _cells(held, ages)
    left = [place for place in range(len(held)) if place not in cells]
    spoken = Counter(held[place].language for place in cells)
    comments = [held[place] for place in sorted(cells) if held[place].comment is not None]
    kept = [answer for answer in comments if spoken[answer.language] >= FEWEST]
    return Parting(
        responses=[_response(held[place], cell) for place, cell in sorted(cells.items())],
        written=sorted(cells),
        comments=[_comment(answer) for answer in kept],
        waits=[place for place in left if ages[place] <= LONGEST],
        dropped=sum(ages[place] > LONGEST for place in left),
        silenced=len(comments) - len(kept),
    )


def _without_area(cell: Cell) -> Cell:
    return cell._replace(area="", area_version="")


def _without_band(cell: Cell) -> Cell:
    return _without_area(cell)._replace(delay_band="")


def _without_group(cell: Cell) -> Cell:
    return _without_band(cell)._replace(call_type_group="")


def _language_alone(cell: Cell) -> Cell:
    return _without_group(cell)._replace(priority=None, channel="")


def _no_language(cell: Cell) -> Cell:
    return _language_alone(cell)._replace(language=NO_LANGUAGE)


_LEVELS: Final[Sequence[Callable[[Cell], Cell]]] = (
    lambda cell: cell,
    _without_area,
    _without_band,
    _without_group,
    _language_alone,
)
"""From fine to coarse; each says less than the one before."""


def _cells(held: Sequence[HeldAnswer], ages: Sequence[int]) -> dict[int, Cell]:
    """The cell of each that is written, by its place: the finest that enough of those who are left share."""
    finest = [_finest(answer) for answer in held]
    written: dict[int, Cell] = {}
    left = set(range(len(held)))
    for level in _LEVELS:
        for cell, places in _by_cell((place, level(finest[place])) for place in left).items():
            if len(places) >= FEWEST:
                written |= dict.fromkeys(places, cell)
                left -= set(places)
    old = {place for place in left if ages[place] >= COMPANY_AFTER}
    for cell, places in _by_cell((place, _no_language(finest[place])) for place in old).items():
        together = [*places, *_company(cell, written, left - old, finest)] if len(places) < FEWEST else places
        if len(together) >= FEWEST:
            written |= dict.fromkeys(together, cell)
    return written


def _company(cell: Cell, written: Mapping[int, Cell], waiting: Iterable[int], finest: Sequence[Cell]) -> Sequence[int]:
    """With whom those who have waited long enough are written: a whole small cell gives up what it says, for theirs
    not to be thrown away; where nothing is written, those who wait, too."""
    alike = _by_cell((place, of) for place, of in written.items() if _no_language(of) == cell)
    if alike:
        return min(alike.items(), key=lambda item: (len(item[1]), str(item[0])))[1]
    return [place for place in waiting if _no_language(finest[place]) == cell]


def _by_cell(places: Iterable[tuple[int, Cell]]) -> dict[Cell, list[int]]:
    found: dict[Cell, list[int]] = defaultdict(list)
    for place, cell in places:
        found[cell].append(place)
    return found


def _finest(answer: HeldAnswer) -> Cell:
    context = answer.context
    band = context.delay_band or ""
    came = DelayBand.OFFICER if band and band != DelayBand.NO_OFFICER else band
    return Cell(
        survey_version=answer.survey_version,
        language=answer.language,
        officer=str(came),
        arrived=context.arrived,
        priority=context.priority,
        call_type_group=context.call_type_group or "",
        area=context.area or "",
        area_version=context.area_version or "",
        delay_band=band,
        channel=context.channel or "",
    )


def _response(answer: HeldAnswer, cell: Cell) -> Response:
    return Response(
        survey_version=cell.survey_version, language=cell.language, context=cell.context, answers=answer.answers
    )


def _comment(answer: HeldAnswer) -> Comment:
    return Comment(
        language=answer.language,
        comment=answer.comment or "",
        may_share=answer.may_share,
        urgent=answer.urgent and not answer.seen,
    )


def weeks_between(earlier: str, later: str) -> int:
    """From one ISO week to another."""
    return (_monday(later) - _monday(earlier)).days // 7


def _monday(week: str) -> date:
    year, number = week.split("-W")
    return date.fromisocalendar(int(year), int(number), 1)
