"""What is published is counted so that nobody can be found in it (R7): protected cells, and sums of them, nothing else.

Every cell of the finest table is rounded at random to one of the two multiples of a base beside it, so that on average
it is right. Whatever else is published (a larger area, a year, a share) is calculated from cells that are rounded
already: it tells nothing more, so nothing has to be hidden because something else would give it away. The draw is made
from the cell's name and a secret, so the same cell is rounded alike whenever it is counted.

A cell tells an interval: 30 of base 15 may be 16 to 44, and 0 may be 0 to 14. That holds against everybody who knows
how many calls there were in all, from a public list of calls: see `Cell.at_most`.
"""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

LEAST_BASE: Final = 15
"""The threshold of Ontario's commissioner for data of medium sensitivity. An agency may take a larger one."""
LEAST_WIDTH: Final = 10
"""So wide every interval must stay, whatever is known besides."""
LEAST_KNOWN: Final = 2 * LEAST_BASE
"""A cell of which a public list has fewer calls is not shown by itself: what it may be is told already."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One count. `at_most`: what everybody can know to be more or as many, of a public list; `None`: nobody can.
    `at_most_before`: what that was when the same cell was published first; `None`: it is published first now."""

    name: str
    count: int
    at_most: int | None = None
    at_most_before: int | None = None

    def __post_init__(self) -> None:
        if self.count < 0 or (self.at_most is not None and self.count > self.at_most):
            raise ValueError(f"{self.name}: {self.count} of {self.at_most}")


def rounded(cell: Cell, *, base: int, secret: bytes) -> int:
    """The cell as it is published: one of the two multiples of `base` beside it, the nearer one more often.

    Never more than can be known to be the most: of 45 that are shown of at most 41 everybody could tell that it is 31.

    Raises:
        ValueError: the base is smaller than is allowed.
    """
    if base < LEAST_BASE:
        raise ValueError(f"counts are rounded to {LEAST_BASE} or more, not to {base}")
    below, beyond = divmod(cell.count, base)
    drawn = (below + (_draw(cell.name, secret) < beyond / base)) * base
    if cell.at_most is None:
        return drawn
    return min(drawn, _largest(cell.count, base=base, at_most=cell.at_most, before=cell.at_most_before))


def interval(shown: int, *, base: int, at_most: int | None = None, before: int | None = None) -> tuple[int, int]:
    """What a published cell may have been, to somebody who knows all of this code but not the secret. `before`: see
    `Cell.at_most_before`.

    Raises:
        ValueError: nothing is shown so.
    """
    if at_most is None:
        return max(0, shown - base + 1), shown + base - 1
    found = [
        count
        for count in range(max(0, shown - base + 1), min(at_most, shown + 2 * base) + 1)
        if shown
        in {
            min(multiple, _largest(count, base=base, at_most=at_most, before=before))
            for multiple in (count // base * base, -(-count // base) * base)
        }
    ]
    if not found:
        raise ValueError(f"no count of at most {at_most} is shown as {shown}")
    return found[0], found[-1]


def _largest(count: int, *, base: int, at_most: int, before: int | None) -> int:
    """The largest figure that may be shown. What was shown first is shown again, however long the list has become; that
    a count has outgrown the first list is shown only where the new one leaves it a whole base."""
    now = at_most // base * base
    first = now if before is None else before // base * base
    return now if count >= first + base and at_most >= first + 2 * base - 1 else first


def _draw(name: str, secret: bytes) -> float:
    """A number from 0 to 1 that only the secret's holder can tell."""
    return int.from_bytes(hmac.new(secret, name.encode(), hashlib.sha256).digest()[:8], "big") / 2**64


def merged(known: Mapping[Key, int], into: Callable[[Key], Key], *, least: int = LEAST_KNOWN) -> dict[Key, Key]:
    """For each cell the one under which it is published: itself, or, where the public list has fewer calls of it than
    `least`, the one that `into` names, and so on. Only what is public anyway decides.

    `into` of a key leads, in the end, to one that leads to itself.
    """
    place = {key: key for key in known}
    while True:
        totals: dict[Key, int] = defaultdict(int)
        for key, at in place.items():
            totals[at] += known[key]
        small = {at for at, total in totals.items() if total < least and into(at) != at}
        if not small:
            return place
        place = {key: into(at) if at in small else at for key, at in place.items()}


def summed(cells: Iterable[tuple[Key, int]], into: Callable[[Key], Key]) -> dict[Key, int]:
    """Published cells added up to coarser ones: what is published of these is calculated from nothing else."""
    totals: dict[Key, int] = defaultdict(int)
    for key, shown in cells:
        totals[into(key)] += shown
    return dict(totals)
