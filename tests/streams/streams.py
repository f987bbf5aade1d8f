"""Streams of CAD records about one call, as real feeds send them: repeated, late, out of order, with gaps, on the
nights on which the clocks change.

`stream(seed)` is the same for the same seed. A call lives first (`_life`), then somebody tells of it (`_told`), then
the network has its way with what was told (`_delivered`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from starter.records import CadRecord

ZONE: Final = ZoneInfo("America/Toronto")
NUMBERS: Final = ("+16135550142", "+13435550117", "+16135550173")
PSEUDO_NUMBER: Final = "+19115550142"

# The groups are Ottawa's; "" is a code that the folder does not list.
ALLOWED: Final = (("NOISE", "noise"), ("THEFT", "theft"), ("MISCHIEF", "damage"), ("COLLISION", "collision"))
SILENCING: Final = (("DVA", "intimate_partner_violence"), ("SEXUAL ASSAULT", "sexual_assault"), ("ALARM", "alarm"))
UNKNOWN_TYPE: Final = ("ZOMBIES", "")

_DAYS: Final = (
    datetime(2026, 1, 15, tzinfo=ZONE),
    datetime(2026, 7, 4, tzinfo=ZONE),
    datetime(2026, 3, 7, tzinfo=ZONE),  # the night that follows is an hour shorter
    datetime(2025, 11, 1, tzinfo=ZONE),  # and this one an hour longer
)
_DISPOSITIONS: Final = (
    ("R", "ordinary"),
    ("NR", "ordinary"),
    ("TEL", "ordinary"),
    ("GOA", "no_contact"),
    ("UNF", "unfounded"),
    ("ARR", "arrest"),
    ("ZZZ", None),
)
_SOURCES: Final = (
    {"source_code": "phone", "source": "resident"},
    {"source_code": "radio", "source": "officer"},
    {"source_code": "zz", "source": None},
)
_REASONS: Final = ("cancelled", "duplicate", "merged", "transferred", "test")

Fact = dict[str, Any]


@dataclass(frozen=True)
class Arrival:
    """A record, and when the service hears of it."""

    at: datetime
    record: CadRecord


@dataclass(frozen=True)
class Stream:
    """Everything that the service ever hears of one call, in the order of its arrival."""

    seed: int
    arrivals: tuple[Arrival, ...]


def stream(seed: int, *, cad_id: str = "1") -> Stream:
    """The stream of this seed."""
    dice = Random(seed)
    told = list(_told(_life(dice), dice, cad_id))
    return Stream(seed=seed, arrivals=tuple(_delivered(told, dice)))


def _life(dice: Random) -> list[tuple[datetime, Fact]]:
    """What happens to the call, each with its time: in UTC, whole seconds."""
    t0 = (dice.choice(_DAYS) + timedelta(minutes=dice.randrange(60 * 32))).astimezone(UTC)
    t0 += timedelta(seconds=dice.randrange(60))
    code, group = dice.choice(ALLOWED)
    priority = dice.choice((3, 4))
    first: Fact = {"received_at": t0, "priority_code": str(priority), "priority": priority}
    first |= {"call_type_code": code, "call_type_group": group}
    first |= dice.choices(_SOURCES, (94, 4, 2))[0]
    events: list[tuple[datetime, Fact]] = [(t0, first)]
    after = _after(dice, t0)
    if dice.random() < 0.97:
        events.append((after(90, at_once=0.8), {"phone": NUMBERS[0]}))
    if dice.random() < 0.97:
        events.append((after(110, at_once=0.85), {"case_number": "26-1"}))
    if dice.random() < 0.7:
        ended = after(20)
        events.append((ended, {"call_ended_at": ended}))
    events += _course(dice, t0)
    events += _mishaps(dice, t0, (code, group), priority)
    return events


def _after(dice: Random, t0: datetime) -> Any:
    def after(minutes: float, *, at_once: float = 0.0) -> datetime:
        if dice.random() < at_once:
            return t0
        return t0 + timedelta(seconds=dice.randrange(int(minutes * 60)))

    return after


def _course(dice: Random, t0: datetime) -> Iterator[tuple[datetime, Fact]]:
    """Officers come, are pulled away, come again; the call is cleared, and opened again."""
    now = t0
    for turn in range(3):
        now += _wait(dice)
        if dice.random() < 0.85:
            yield now, {"dispatched_at": now}
            if dice.random() < 0.12:
                now += timedelta(seconds=dice.randrange(60, 5_400))
                yield now, {"requeued_at": now}
                continue
        now += timedelta(seconds=dice.randrange(30, 3_600))
        if dice.random() < 0.7:
            yield now, {"arrived_at": now}
        if dice.random() < 0.08:
            return  # nobody ever clears it
        now += timedelta(seconds=dice.randrange(30, 7_200))
        yield now, {"cleared_at": now} | _disposition(dice)
        if turn == 2 or dice.random() > 0.12:
            return
        now += timedelta(seconds=dice.choice((dice.randrange(60, 7_200), dice.randrange(60, 200_000))))
        yield now, {"reopened_at": now}


def _wait(dice: Random) -> timedelta:
    """Half of the callers wait less than 20 minutes, one in a hundred a day."""
    return timedelta(seconds=min(int(dice.lognormvariate(7.1, 1.5)) + 1, 300_000))


def _disposition(dice: Random) -> Fact:
    if dice.random() < 0.5:
        return {}
    code, outcome = dice.choices(_DISPOSITIONS, (30, 25, 15, 10, 8, 7, 5))[0]
    return {"disposition": code, "outcome": outcome}


def _mishaps(dice: Random, t0: datetime, type_: tuple[str, str], priority: int) -> Iterator[tuple[datetime, Fact]]:
    """What must silence a call, and what must not; half of it is taken back later, which must not bring texts back."""

    def some_time() -> datetime:
        return t0 + timedelta(
            seconds=dice.choice((dice.randrange(600), dice.randrange(20_000), dice.randrange(200_000)))
        )

    was: Fact = {"call_type_code": type_[0], "call_type_group": type_[1]}
    possible: Sequence[tuple[float, Fact, Fact]] = (
        (0.06, _type(dice.choice(SILENCING)), was),
        (0.04, _type(UNKNOWN_TYPE), was),
        (0.06, _type(dice.choice(ALLOWED)), {}),
        (0.05, _prio(dice.choice((1, 2, 5))), _prio(priority)),
        (0.02, {"priority_code": "X", "priority": None}, _prio(priority)),
        (0.03, _prio(7 - priority), {}),
        (0.02, {"in_progress": True}, {"in_progress": False}),
        (0.02, {"safety_flag": True}, {"safety_flag": False}),
        (0.05, {"cancelled": dice.choice(_REASONS)}, {}),
        (0.06, {"phone": NUMBERS[1]}, {"phone": NUMBERS[0]}),
        (0.03, {"phone": NUMBERS[2]}, {}),
        (0.02, {"phone": PSEUDO_NUMBER}, {"phone": NUMBERS[0]}),
        (0.05, {"language": dice.choice(("en", "fr"))}, {}),
        (0.03, {"source_code": "radio", "source": "officer"}, {"source_code": "phone", "source": "resident"}),
    )
    for chance, fact, taken_back in possible:
        if dice.random() < chance:
            at = some_time()
            yield at, fact
            if taken_back and dice.random() < 0.5:
                yield at + timedelta(seconds=dice.randrange(1, 40_000)), taken_back


def _type(code: tuple[str, str]) -> Fact:
    return {"call_type_code": code[0], "call_type_group": code[1]}


def _prio(priority: int) -> Fact:
    return {"priority_code": str(priority), "priority": priority}


def _told(life: list[tuple[datetime, Fact]], dice: Random, cad_id: str) -> Iterator[Arrival]:
    """At once, as events (what is new) or as snapshots (all there is), with or without the source's update time."""
    snapshots, stamped = dice.random() < 0.5, dice.random() < 0.9
    so_far: Fact = {}
    for at, fact in sorted(life, key=lambda event: event[0]):
        so_far |= fact
        told = dict(so_far if snapshots else fact)
        phone = told.pop("phone", None)
        stamp = at if stamped or not any(name.endswith("_at") for name in told) else None
        if stamp is not None and dice.random() < 0.01:
            stamp += timedelta(hours=dice.randrange(1, 48))  # a clock that goes wrong
        facts = {name: _written(value, dice) for name, value in told.items()}
        yield Arrival(at, CadRecord(feed="stream", cad_id=cad_id, stamp=stamp, facts=facts, phone=phone))


def _written(value: object, dice: Random) -> Any:
    """A time in some zone; everything else as it is."""
    if not isinstance(value, datetime):
        return value
    zone = dice.choice((UTC, ZONE, timezone(timedelta(hours=5, minutes=30))))
    return value.astimezone(zone).isoformat()


def _delivered(told: list[Arrival], dice: Random) -> list[Arrival]:
    """Late, twice, not at all; or nothing for hours, and then everything at once (a poller that was down)."""
    arrivals: list[Arrival] = []
    for made in told:
        if dice.random() < 0.03:
            continue
        for _ in range(1 + (dice.random() < 0.2) + (dice.random() < 0.05)):
            lag = dice.choices((dice.randrange(5), dice.randrange(600), dice.randrange(30_000)), (85, 10, 5))[0]
            arrivals.append(Arrival(made.at + timedelta(seconds=lag), made.record))
    if arrivals and dice.random() < 0.08:
        up = min(arrival.at for arrival in arrivals) + timedelta(seconds=dice.randrange(60, 40_000))
        arrivals = [Arrival(max(arrival.at, up), arrival.record) for arrival in arrivals]
    return sorted(arrivals, key=lambda arrival: arrival.at)
