"""The times of one call, from its receipt to its last close."""

from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import NormalDist
from typing import Final

from local.generated.curves import CALL_LENGTH, REOPEN, Course, Curve

_NORMAL = NormalDist()
# Rank correlations (Gaussian copulas). Who waited long is closed late: 0.95 leaves the time on the scene its spread and
# lets 0.2 % close before the dispatch. The way is short beside the wait: 0.995.
_CLOSE_LIKE_DISPATCH: Final = 0.95
_ARRIVE_LIKE_DISPATCH: Final = 0.995
_TOP: Final = 0.975  # where `Course.no_arrival` changes
_SHORTEST_WAY: Final = 30  # seconds
_SHORTEST_STAY: Final = 60

_QUEUED_AFTER_THE_CALL: Final = 0.057  # 5 % measured; who is dispatched during the call was queued before
_UNIT_CLEARED_BEFORE_ARRIVAL: Final = 0.0545  # of those with arrival: 4.3 % of low calls (1,453 of all 18,989, 242 low)
_UNIT_CLEARED_AFTER_CLOSE: Final = 0.01  # 189 of 18,989
_NO_FINAL_CLOSE: Final = 0.082  # 1,563 of 18,989, whether reopened or not
_STALE_FINAL_CLOSE: Final = 0.082  # of the reopened: 39 of 474
_NEVER_CLOSED: Final = 0.001  # an assumption; Milwaukee's 17 % are of a poller that looked away


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """Times in seconds since 1970 (UTC), so that waits are exact in every night; `None`: the step is missing."""

    received: int
    queued: int
    call_ended: int | None
    dispatched: int | None = None
    acked: int | None = None
    enroute: int | None = None
    arrived: int | None = None
    first_unit_cleared: int | None = None
    first_closed: int | None
    reopened_at: int | None = None
    final_closed: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ways:
    """Seconds after receipt. `closed_first`: dispatched only after a reopening."""

    dispatched: int
    arrived: int | None
    closed: int

    @property
    def closed_first(self) -> bool:
        return self.closed < self.dispatched


def draw_life(dice: Random, course: Course, *, received: int, on_the_phone: bool) -> Life:
    """One call's times. `on_the_phone`: there is a telephone call that ends."""
    length = _seconds(CALL_LENGTH, dice.random()) if on_the_phone else None
    if dice.random() < course.never_dispatched:
        return _never_dispatched(dice, course, received=received, length=length)
    ways = _draw_ways(dice, course)
    reopened = _reopened(dice, course, ways)
    end = _end(dice, ways, reopened)
    acked, enroute = _under_way(dice, ways, end)
    final = _final_close(dice, first=ways.closed, reopened=reopened, end=end)
    closed = dice.random() >= _NEVER_CLOSED or reopened is not None

    def at(seconds: int | None) -> int | None:
        return None if seconds is None else received + seconds

    return Life(
        received=received,
        queued=received + min(_queued(dice, length), ways.dispatched),
        call_ended=at(length),
        dispatched=at(ways.dispatched),
        acked=at(acked),
        enroute=at(enroute),
        arrived=at(ways.arrived),
        first_unit_cleared=at(_unit_cleared(dice, ways, acked=acked, end=end)),
        first_closed=at(ways.closed) if closed else None,
        reopened_at=at(reopened),
        final_closed=at(final) if closed else None,
    )


def _never_dispatched(dice: Random, course: Course, *, received: int, length: int | None) -> Life:
    closed = _seconds(course.close, dice.random())
    return Life(
        received=received,
        queued=received + min(_queued(dice, length), closed),
        call_ended=None if length is None else received + length,
        first_closed=received + closed,
        final_closed=None if dice.random() < _NO_FINAL_CLOSE else received + closed,
    )


def _draw_ways(dice: Random, course: Course) -> _Ways:
    """Each step has its curve exactly; how the steps go together is in the ranks.

    The longest waits (the share `closed_first`) say nothing about the close: those were closed like any other call and
    dispatched after a reopening. The others close in the order of their waits, more or less. So the close has its own
    p99 (683 min) below that of the dispatch (1,259 min), as measured.
    """
    rank = dice.random()
    dispatched = _seconds(course.dispatch, rank)
    ordinary = 1 - course.closed_first
    close_rank = dice.random() if rank >= ordinary else _like(dice, rank / ordinary, _CLOSE_LIKE_DISPATCH)
    closed = _seconds(course.close, close_rank)
    arrived = _draw_arrival(dice, course, rank=rank, dispatched=dispatched, closed=closed)
    late = 0 if course.storm is None else max(_seconds(course.storm, rank) - dispatched, 0)
    return _Ways(
        dispatched=dispatched + late,
        arrived=None if arrived is None else arrived + late,
        closed=closed if closed < dispatched else closed + late,
    )


def _draw_arrival(dice: Random, course: Course, *, rank: float, dispatched: int, closed: int) -> int | None:
    if dice.random() < course.no_arrival[rank >= _TOP]:
        return None
    arrive_rank = _like(dice, _rank_among_arrivals(rank, course.no_arrival), _ARRIVE_LIKE_DISPATCH)
    arrived = max(_seconds(course.arrive, arrive_rank), dispatched + _SHORTEST_WAY)
    if closed < dispatched or arrived + _SHORTEST_STAY <= closed:
        return arrived
    nearest, latest = dispatched + _SHORTEST_WAY, closed - _SHORTEST_STAY  # somebody was near
    return dice.randint(nearest, latest) if nearest <= latest else None


def _rank_among_arrivals(rank: float, without: tuple[float, float]) -> float:
    """The rank of a wait among those that end in an arrival."""
    below, above = _TOP * (1 - without[0]), (1 - _TOP) * (1 - without[1])
    if rank < _TOP:
        return rank * (1 - without[0]) / (below + above)
    return 1 - (1 - rank) * (1 - without[1]) / (below + above)


def _like(dice: Random, rank: float, correlation: float) -> float:
    """A rank, uniform as all are, that is near to `rank`."""
    score = _NORMAL.inv_cdf(min(max(rank, 1e-9), 1 - 1e-9))
    return _NORMAL.cdf(correlation * score + sqrt(1 - correlation**2) * dice.gauss(0, 1))


def _queued(dice: Random, length: int | None) -> int:
    if length is None:
        return dice.randrange(30)
    if dice.random() < _QUEUED_AFTER_THE_CALL:
        return length + dice.randrange(600)
    return int(length * dice.uniform(0.15, 0.9))


def _reopened(dice: Random, course: Course, ways: _Ways) -> int | None:
    if ways.closed_first:
        wait = min(_seconds(course.dispatch, dice.random()), int((ways.dispatched - ways.closed) * dice.random()))
        return ways.dispatched - wait
    return ways.closed + _seconds(REOPEN, dice.random()) if dice.random() < course.reopened else None


def _end(dice: Random, ways: _Ways, reopened: int | None) -> int:
    """When nothing more happens to the call."""
    if reopened is None:
        return ways.closed
    return max(reopened, ways.dispatched, ways.arrived or 0) + dice.randrange(300, 5_400)


def _under_way(dice: Random, ways: _Ways, end: int) -> tuple[int, int | None]:
    """Acknowledged and en route, between the dispatch and the arrival; half of those without arrival never set off."""
    latest = end if ways.closed_first else ways.closed
    acked = min(ways.dispatched + dice.randrange(3, 30), latest if ways.arrived is None else ways.arrived)
    if ways.arrived is not None:
        return acked, acked + int((ways.arrived - acked) * dice.uniform(0, 0.3))
    return acked, min(acked + dice.randrange(5, 180), latest) if dice.random() < 0.5 else None


def _unit_cleared(dice: Random, ways: _Ways, *, acked: int, end: int) -> int:
    """The first unit is not the call: it is called away before another arrives, or writes on after the close."""
    latest = end if ways.closed_first else ways.closed
    if ways.arrived is not None and dice.random() < _UNIT_CLEARED_BEFORE_ARRIVAL and ways.arrived > acked:
        return dice.randrange(acked, ways.arrived)
    if dice.random() < _UNIT_CLEARED_AFTER_CLOSE:
        return latest + dice.randrange(1, 900)
    start = acked if ways.arrived is None else ways.arrived
    return latest - int(max(latest - start, 0) * dice.random() ** 4)


def _final_close(dice: Random, *, first: int, reopened: int | None, end: int) -> int | None:
    if dice.random() < _NO_FINAL_CLOSE:
        return None
    if reopened is None or dice.random() < _STALE_FINAL_CLOSE:
        return first
    return end


def _seconds(curve: Curve, rank: float) -> int:
    return round(curve.at(rank) * 60)
