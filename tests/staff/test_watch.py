"""One look for all who watch: shared, fresh, in the background, and never an old one while the database is away."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError

from tests.local.boxes import until
from web.staff.board.watch import Watched, in_background


class Looks:
    """Counts, and fails where it is told to."""

    def __init__(self) -> None:
        self.count = 0
        self.is_away = False
        self.is_at_fault = False

    def __call__(self) -> int:
        self.count += 1
        if self.is_at_fault:
            raise ValueError("a row that nobody foresaw")
        if self.is_away:
            raise OperationalError("SELECT 1", {}, Exception("away"))
        return self.count


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_many_who_ask_within_a_second_have_one_look() -> None:
    looks, clock = Looks(), Seconds()
    watched = Watched(looks, every=1, monotonic=clock)
    at_once = threading.Barrier(8)

    def ask(_: int) -> int:
        at_once.wait()
        return watched.get()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {1}
    clock.now += 1
    assert watched.get() == 2


def test_while_the_database_is_away_whoever_asks_hears_so_and_sees_nothing_old() -> None:
    looks, clock = Looks(), Seconds()
    watched = Watched(looks, every=1, monotonic=clock)
    watched.get()
    looks.is_away = True
    clock.now += 2
    with pytest.raises(OperationalError):
        watched.get()
    looks.is_away = False
    assert watched.get() == 3


def test_the_background_outlives_a_fault_of_ours() -> None:
    looks, clock = Looks(), Seconds()
    watched = Watched(looks, every=1, monotonic=clock)
    looks.is_at_fault = True
    with in_background([watched]):
        until(lambda: looks.count >= 2)
        looks.is_at_fault = False
        seen = looks.count
        until(lambda: looks.count > seen)


def test_the_background_outlives_a_database_that_is_away_and_rests_while_nobody_watches() -> None:
    looks, clock = Looks(), Seconds()
    watched = Watched(looks, every=1, monotonic=clock)
    looks.is_away = True
    with in_background([watched]):
        until(lambda: looks.count >= 1)
        looks.is_away = False
        until(lambda: looks.count >= 2)
        assert watched.get() >= 2
        seen = looks.count
        clock.now += 2
        until(lambda: looks.count == seen + 1)
        clock.now += 60
        watched.refresh()
        assert looks.count == seen + 1
    assert watched.get() == seen + 2
