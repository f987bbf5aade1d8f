"""The attack on what is counted of calls."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from insights.open_data.intervals import Interval, Target, intervals_of, together
from insights.open_data.measures import OF_CALLS, WITHIN, Measure
from insights.open_data.places import CITY, Cell, Plan, plan_of
from insights.open_data.program import Program
from insights.open_data.quarters import Quarter
from insights.open_data.released import Released
from insights.open_data.shown import BY_ALL
from insights.protect import LEAST_WIDTH, interval

if TYPE_CHECKING:
    from insights.open_data.attack import World

_COUNTED: Final[tuple[Measure, ...]] = tuple(measure for measure in OF_CALLS if measure is not Measure.DELAY_NOTICES)
_Boxes = Mapping[Measure, tuple[float, float]]


class NotASum(Exception):  # noqa: N818 - an outcome
    """A figure is not what its parts add up to: it would tell something of its own."""


class CallsAttack:
    """Every cell of calls, of every quarter and version."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._program = Program()
        self._targets: list[Target] = []
        self.invited: dict[Quarter, float] = {}
        """The most that may have been sent a survey in the quarter."""

    def add(self, quarter: Quarter, versions: Sequence[Released]) -> None:
        """All versions of one quarter.

        Raises:
            NotASum: a figure of a larger area is none.
        """
        calls = self._world.calls[quarter]
        self.invited[quarter] = 0
        for priority, by_area in calls.items():
            plan = plan_of(self._world.map, by_area, least=self._world.least_calls)
            # Of calls that are in no cell, for all of them are too few, anybody may have been invited.
            self.invited[quarter] += sum(by_area.values()) - sum(cell.calls for cell in plan.cells)
            for one in versions:
                _refuse_others(one, plan, str(priority), self._world)
            for cell in plan.cells:
                self._cell(quarter, versions, plan, cell, str(priority), by_area)

    def intervals(self) -> list[Interval]:
        """Of every cell."""
        return intervals_of(self._targets, self._program, table="activity")

    def _cell(
        self,
        quarter: Quarter,
        versions: Sequence[Released],
        plan: Plan,
        cell: Cell,
        priority: str,
        by_area: Mapping[str, int],
    ) -> None:
        told = [_told(one, plan, cell, priority, self._world) for one in versions]
        boxes = [
            _boxes(one, version.base, self._listed(version, cell, priority), cell)
            for one, version in zip(told, versions, strict=True)
        ]
        # The same calls, told twice; where they cannot be the same, the versions are of different ones.
        alike = _alike(boxes)
        kept = zip(told, versions, boxes, strict=True) if alike is None else [(told[-1], versions[-1], alike)]
        for figures, version, of in kept:
            at = {measure: self._unknown(quarter, cell, priority, measure, of[measure]) for measure in _COUNTED}
            for measure, larger in WITHIN.items():
                self._program.at_most({at[measure]: 1, at[larger]: -1})
            self._notices(figures, version, at[Measure.CALLS_DELAYED])
            listed = self._world.listed[quarter, version.version].get(int(priority), by_area)
            self._parts(quarter, cell, priority, listed, at[Measure.CALLS_ELIGIBLE])
        self.invited[quarter] += boxes[-1][Measure.SURVEY_INVITATIONS][1]

    def _listed(self, version: Released, cell: Cell, priority: str) -> int:
        by_area = self._world.listed[version.quarter, version.version].get(int(priority), {})
        return sum(by_area.get(at, 0) for at in cell.of)

    def _unknown(self, quarter: Quarter, cell: Cell, priority: str, measure: Measure, of: tuple[float, float]) -> int:
        at = self._program.unknown(*of)
        place = _place(self._world, cell)
        self._targets.append(
            Target(at=at, quarter=quarter, place=place, what=f"{priority} {measure}", needed=LEAST_WIDTH)
        )
        return at

    def _notices(self, figures: Mapping[Measure, int], version: Released, once: int) -> None:
        """Those told twice at least, three times, …: of their figures only the sum is known, and that none is more than
        the one before."""
        program, shown = self._program, figures[Measure.CALLS_DELAYED]
        rest = figures[Measure.DELAY_NOTICES] - shown
        before, shown_before = once, None
        sum_: dict[int, float] = {}
        for _ in range(2, self._world.most_notices + 1):
            now = program.unknown(0, program.high[once])
            figure = program.unknown(0, shown)
            program.at_most({now: 1, before: -1})
            program.at_most({now: 1, figure: -1}, version.base - 1)
            program.at_most({figure: 1, now: -1}, version.base - 1)
            if shown_before is not None:
                program.at_most({figure: 1, shown_before: -1})
            before, shown_before = now, figure
            sum_[figure] = 1.0
        if sum_:
            program.equal(sum_, rest)

    def _parts(self, quarter: Quarter, cell: Cell, priority: str, by_area: Mapping[str, int], eligible: int) -> None:
        """Of areas that are counted together everybody knows at least how many calls each had."""
        known = {at: by_area.get(at, 0) for at in sorted(cell.of)}
        parts = {at: number for at, number in known.items() if number}
        if len(parts) < 2:
            return
        terms: dict[int, float] = {eligible: -1}
        for at, number in parts.items():
            one = self._program.unknown(0, number)
            terms[one] = 1
            place = f"{self._world.map.places[at].level} {self._world.map.places[at].id} in {_place(self._world, cell)}"
            what = f"{priority} {Measure.CALLS_ELIGIBLE}"
            needed = min(LEAST_WIDTH, number)
            self._targets.append(Target(at=one, quarter=quarter, place=place, what=what, needed=needed))
        self._program.equal(terms, 0)


def _place(world: "World", cell: Cell) -> str:
    place = world.map.places[cell.at]
    return f"{'rest of ' if cell.is_rest else ''}{place.level} {place.id}"


def _told(one: Released, plan: Plan, cell: Cell, priority: str, world: "World") -> dict[Measure, int]:
    """What is told of a cell: of a rest, what the larger area has more than its parts that are told."""
    parts = [part for part in world.map.parts[cell.at] if part in plan.told]
    return {
        measure: one.activity[cell.at, priority, measure] - sum(one.activity[part, priority, measure] for part in parts)
        for measure in OF_CALLS
    }


def _refuse_others(one: Released, plan: Plan, priority: str, world: "World") -> None:
    """What is told of an area that has no rest is what its parts are told, and so is what is told of all priorities."""
    with_cell = {cell.at for cell in plan.cells}
    for at in plan.told:
        parts = [part for part in world.map.parts[at] if part in plan.told]
        for measure in OF_CALLS:
            figure = one.activity[at, priority, measure]
            of_parts = sum(one.activity[part, priority, measure] for part in parts)
            if figure % one.base or figure < of_parts or (at not in with_cell and figure != of_parts):
                raise NotASum(f"{one.quarter} v{one.version}: {at} {priority} {measure}")
    for measure in OF_CALLS:
        of_all = one.activity.get((CITY, BY_ALL, measure), 0)
        each = [one.activity.get((CITY, str(number), measure), 0) for number in world.calls[one.quarter]]
        if of_all and of_all != sum(each):
            raise NotASum(f"{one.quarter} v{one.version}: {measure} of all priorities")


def _boxes(told: Mapping[Measure, int], base: int, at_most: int, cell: Cell) -> _Boxes:
    """By what the code shows of which counts, whatever the draw."""
    try:
        return {one: interval(told[one], base=base, at_most=at_most, before=cell.calls) for one in _COUNTED}
    except ValueError as error:
        raise NotASum(f"{cell.name}: {error}") from None


def _alike(boxes: Sequence[_Boxes]) -> _Boxes | None:
    """What fits all versions, if anything does."""
    found = {measure: together([one[measure] for one in boxes]) for measure in _COUNTED}
    fits = {measure: both for measure, both in found.items() if both is not None}
    if len(fits) < len(found):
        return None
    low = {measure: both[0] for measure, both in fits.items()}
    high = {measure: both[1] for measure, both in fits.items()}
    for measure in reversed(_COUNTED):
        if measure in WITHIN:
            low[WITHIN[measure]] = max(low[WITHIN[measure]], low[measure])
    for measure in _COUNTED:
        if measure in WITHIN:
            high[measure] = min(high[measure], high[WITHIN[measure]])
    return fits if all(low[measure] <= high[measure] for measure in _COUNTED) else None
