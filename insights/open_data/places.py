"""Of which areas something is told, and which are told together: only a public list of calls decides that."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from policy.open_data import Areas, Level, Place
from survey.questions import Localized

CITY: Final = "CITY"
"""The key of the city itself within a map: no area's id has only this."""


_WHOLE: Final = Localized(en="The whole city", fr="Toute la ville")


@dataclass(frozen=True, kw_only=True)
class Map:
    """An agency's areas and the city around them. `id` and `name` are the city's."""

    id: str
    name: Localized = _WHOLE
    areas: Areas | None = None

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """By id, in the folder's order, the city last."""
        found = {place.id: place for place in (() if self.areas is None else self.areas.places)}
        return {**found, CITY: Place(id=self.id, level=Level.CITY, name=self.name)}

    @cached_property
    def within(self) -> Mapping[str, str]:
        """Of each area the larger one; of the city nothing."""
        return {id_: place.within or CITY for id_, place in self.places.items() if id_ != CITY}

    @cached_property
    def parts(self) -> Mapping[str, list[str]]:
        """Of each area those that lie right within it."""
        found: dict[str, list[str]] = {id_: [] for id_ in self.places}
        for id_, larger in self.within.items():
            found[larger].append(id_)
        return found

    @cached_property
    def _by_code(self) -> Mapping[str, str]:
        places = () if self.areas is None else self.areas.places
        return {code: place.id for place in places for code in place.codes or {place.id}}

    @property
    def version(self) -> str:
        return "" if self.areas is None else self.areas.version

    def of_code(self, code: str | None) -> str:
        """The area that CAD calls so; of one that nobody has listed, the city."""
        return self._by_code.get(code or "", CITY)

    def all_within(self, id_: str) -> Iterator[str]:
        """The area and all that lie in it, however deep."""
        yield id_
        for part in self.parts[id_]:
            yield from self.all_within(part)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is counted together: the area `at`, or (`is_rest`) what of it is not told by itself. `of`: the areas whose
    calls it has."""

    at: str
    is_rest: bool
    of: frozenset[str]
    calls: int
    """That a public list has of it."""

    @property
    def name(self) -> str:
        return f"{self.at}:rest" if self.is_rest else self.at


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`cells`: together they have every call of the city once. `told`: the areas that are told, each is the sum of the
    cells in it. `empty`: those of which the list has no call. All others are told with others, in a larger one."""

    cells: tuple[Cell, ...]
    told: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()
    sums: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)


def plan_of(map_: Map, calls: Mapping[str, int], *, least: int) -> Plan:
    """`calls`: how many a public list has, by area (the smallest that is known of each call). What has fewer than
    `least` is counted together with others within the same larger area; where these are too few, too, the smallest of
    the others goes with them: what is left of a larger area after its parts are taken from it is never a few."""
    totals = {id_: sum(calls.get(one, 0) for one in map_.all_within(id_)) for id_ in map_.places}
    cells: list[Cell] = []
    told: set[str] = set()
    if totals[CITY] >= least:
        _split(map_, CITY, calls, totals, least, cells, told)
    sums: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        at = cell.at
        sums[at].append(cell)
        while at != CITY:
            at = map_.within[at]
            sums[at].append(cell)
    return Plan(
        cells=tuple(cells),
        told=frozenset(told),
        empty=frozenset(id_ for id_, total in totals.items() if total == 0),
        sums={id_: tuple(found) for id_, found in sums.items() if id_ in told},
    )


def _split(
    map_: Map,
    at: str,
    calls: Mapping[str, int],
    totals: Mapping[str, int],
    least: int,
    cells: list[Cell],
    told: set[str],
) -> None:
    """An area with enough calls: into its parts, and a rest."""
    told.add(at)
    parts = [part for part in map_.parts[at] if totals[part]]
    large = sorted((part for part in parts if totals[part] >= least), key=lambda part: (totals[part], part))
    rest = [part for part in parts if totals[part] < least]
    in_rest = calls.get(at, 0) + sum(totals[part] for part in rest)
    while large and 0 < in_rest < least:
        smallest = large.pop(0)
        rest.append(smallest)
        in_rest += totals[smallest]
    if in_rest:
        of = {at, *(one for part in rest for one in map_.all_within(part))}
        cells.append(Cell(at=at, is_rest=bool(large), of=frozenset(of), calls=in_rest))
    for part in large:
        _split(map_, part, calls, totals, least, cells, told)
