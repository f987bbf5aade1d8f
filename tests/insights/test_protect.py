"""R7: nobody can be found in what is published, by whoever has all of it and a public list of all calls."""

from collections import defaultdict
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from insights.protect import LEAST_BASE, LEAST_WIDTH, Cell, interval, merged, rounded, summed

SECRET = b"not known to the attacker"
Place = tuple[str, str]


@given(st.integers(0, 3000), st.integers(0, 40), st.text(min_size=1), st.integers(LEAST_BASE, 40))
def test_r7_every_cell_may_have_been_one_of_eleven_whatever_the_public_list_says(
    count: int, others: int, name: str, base: int
) -> None:
    at_most = count + others
    shown = rounded(Cell(name=name, count=count, at_most=at_most), base=base, secret=SECRET)
    low, high = interval(shown, base=base, at_most=at_most)
    assert low <= count <= high
    assert high - low >= min(LEAST_WIDTH, at_most)
    assert shown % base == 0


def _drawn(*, up: bool) -> str:
    """The name of a cell that is rounded up whenever it can be, or down."""
    names = (f"cell {n}" for n in range(10_000))
    wanted = (LEAST_BASE, 0)[not up]
    count = 1 if up else LEAST_BASE - 1
    return next(name for name in names if rounded(Cell(name=name, count=count), base=15, secret=SECRET) == wanted)


@pytest.mark.parametrize("more", [0, 1, 4, 9, 15, 16, 29, 40])
def test_r7_what_is_shown_beside_a_public_list_is_shown_of_many_counts_in_a_row(more: int) -> None:
    """By this very code, whatever the draw: of 45 shown of a list of 41, only 31 was far enough from the list's end to
    be rounded up. `more`: so many more calls has the list when a second version is made."""
    names = (_drawn(up=True), _drawn(up=False))
    for before in range(30, 75):
        counts_of: dict[int, set[int]] = defaultdict(set)
        for count in range(before + more + 1):
            for name in names:
                cell = Cell(name=name, count=count, at_most=before + more, at_most_before=before)
                counts_of[rounded(cell, base=15, secret=SECRET)].add(count)
        for shown, counts in counts_of.items():
            assert len(counts) > LEAST_WIDTH, (before, shown, counts)
            low, high = interval(shown, base=15, at_most=before + more, before=before)
            assert counts == set(range(low, high + 1))


def test_a_rounded_count_is_right_on_average() -> None:
    shown = [rounded(Cell(name=f"cell {n}", count=37), base=15, secret=SECRET) for n in range(4000)]
    assert set(shown) == {30, 45}
    assert np.mean(shown) == pytest.approx(37, abs=0.4)


def test_the_same_cell_is_rounded_alike_and_nobody_knows_how_without_the_secret() -> None:
    cells = [Cell(name=f"cell {n}", count=22) for n in range(200)]
    ours = [rounded(cell, base=15, secret=SECRET) for cell in cells]
    assert ours == [rounded(cell, base=15, secret=SECRET) for cell in cells]
    theirs = [rounded(cell, base=15, secret=b"guessed") for cell in cells]
    assert 60 < sum(one == other for one, other in zip(ours, theirs, strict=True)) < 140


def test_no_agency_rounds_to_less() -> None:
    with pytest.raises(ValueError, match="rounded to 15 or more"):
        rounded(Cell(name="x", count=20), base=5, secret=SECRET)
    with pytest.raises(ValueError, match="x: 3 of 2"):
        Cell(name="x", count=3, at_most=2)


def test_small_cells_go_into_a_larger_one_by_what_is_public_alone() -> None:
    def into(key: Place) -> Place:
        area, priority = key
        return (area, "all") if priority != "all" else ("elsewhere", "all")

    known = {("a", "3"): 500, ("a", "4"): 900, ("b", "3"): 10, ("b", "4"): 25, ("c", "3"): 1, ("c", "4"): 2}
    place = merged(known, into)
    assert place[("a", "3")] == ("a", "3")
    assert place[("b", "3")] == ("b", "all")
    assert place[("b", "4")] == ("b", "all")
    assert place[("c", "3")] == place[("c", "4")] == ("elsewhere", "all")


def a_quarter(seed: int) -> tuple[dict[Place, int], dict[Place, int], dict[Place, int]]:
    """Of each area and priority: the public list's calls, and of these the eligible ones and those who answered."""
    draw = Random(seed)
    known: dict[Place, int] = {}
    eligible: dict[Place, int] = {}
    answered: dict[Place, int] = {}
    for area in range(draw.randint(2, 24)):
        size = draw.lognormvariate(4.5, 1.2)
        for priority in ("3", "4"):
            key = (f"area {area}", priority)
            known[key] = round(size * draw.uniform(0.2, 1.5))
            eligible[key] = round(known[key] * draw.choice([1.0, 0.99, draw.random()]))
            answered[key] = round(eligible[key] * draw.choice([0.0, 0.05, 0.15, 1.0]))
    return known, eligible, answered


def into(key: Place) -> Place:
    area, priority = key
    return (area, "all") if priority != "all" else ("elsewhere", "all")


def attacked(seed: int, *, base: int) -> list[float]:
    """How wide the attacker's interval stays, of each cell that is published: the smallest and the largest that fit
    everything published (cells, areas, the city) and what is public, by linear programming."""
    known, eligible, answered = a_quarter(seed)
    place = merged(known, into)
    totals: dict[str, dict[Place, int]] = {"known": {}, "eligible": {}, "answered": {}}
    for name, counts in (("known", known), ("eligible", eligible), ("answered", answered)):
        gathered: dict[Place, int] = defaultdict(int)
        for key, count in counts.items():
            gathered[place[key]] += count
        totals[name] = dict(gathered)
    keys = sorted(totals["known"])
    shown = {
        name: {
            key: rounded(
                Cell(name=f"{seed} {name} {key}", count=totals[name][key], at_most=totals["known"][key]),
                base=base,
                secret=SECRET,
            )
            for key in keys
        }
        for name in ("eligible", "answered")
    }
    # Unknowns: eligible, then answered, of each cell. Sums over areas and the city are published, and tell nothing new.
    n = len(keys)
    bounds = [interval(shown["eligible"][key], base=base, at_most=totals["known"][key]) for key in keys]
    bounds += [interval(shown["answered"][key], base=base, at_most=totals["known"][key]) for key in keys]
    at_most = np.zeros((n, 2 * n))
    at_most[np.arange(n), n + np.arange(n)], at_most[np.arange(n), np.arange(n)] = 1, -1  # answered <= eligible
    by_area = summed(((key, shown["eligible"][key]) for key in keys), lambda key: (key[0], "all"))
    assert sum(by_area.values()) == sum(shown["eligible"].values())
    widths = []
    for i in range(2 * n):
        cost = np.zeros(2 * n)
        cost[i] = 1
        least, most = (_least(sign * cost, at_most, bounds) for sign in (1, -1))
        widths.append(-most - least)
    return widths


def _least(cost: NDArray[np.float64], at_most: NDArray[np.float64], bounds: list[tuple[int, int]]) -> float:
    found = linprog(cost, A_ub=at_most, b_ub=np.zeros(len(at_most)), bounds=bounds, method="highs")
    assert found.fun is not None, found.message
    return float(found.fun)


@pytest.mark.parametrize("seed", range(20))
def test_r7_no_cell_of_a_quarter_can_be_told_closer_than_ten(seed: int) -> None:
    assert min(attacked(seed, base=LEAST_BASE)) >= LEAST_WIDTH


@pytest.mark.deep
def test_r7_no_cell_of_a_thousand_quarters_can_be_told_closer_than_ten() -> None:
    assert min(min(attacked(seed, base=LEAST_BASE)) for seed in range(1000)) >= LEAST_WIDTH
