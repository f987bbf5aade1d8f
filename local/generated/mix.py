"""One day's calls: who reports what, where and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from local.generated.curves import AT_ONCE, ORDINARY, STORM, URGENT, Course
from local.generated.days import LOW, OTHERS, Recipe, counts_by_day
from local.generated.kinds import TEST_CALL, Table, draw_types
from local.generated.lives import Life, draw_life

# Percent of the day's receipts by clock hour. Alexandria, low: 86 % from 07 to 22 h, 8.2 % in the busiest hour; which
# hour that is and the shape between are assumptions.
HOURS: Final = (
    *(1.9, 1.5, 1.2, 0.9, 0.8, 1.0, 1.8),
    *(3.4, 4.8, 5.5, 5.8, 6.0, 6.1, 6.1, 6.3, 7.2, 8.2, 7.5, 6.4, 5.1, 4.2, 3.4),
    *(2.7, 2.2),
)

# Alexandria: 11 % of low calls are of officers, radio and teletype (which Ottawa's folder does not know); of all calls
# 18 % are officers' and 75 % residents'. How residents reach the police is an assumption.
_SOURCES_OF_LOW: Final = Table(
    {"phone": 63.0, "911": 17.0, "web": 7.0, "text": 2.0, "officer": 7.0, "radio": 3.0, "alarm": 0.8, "teletype": 0.2}
)
_SOURCES: Final = {
    1: Table({"911": 72, "phone": 15, "officer": 8, "alarm": 3, "text": 1, "radio": 1}),
    2: Table({"phone": 37, "911": 39.5, "officer": 18, "alarm": 3, "radio": 2, "text": 0.5}),
    3: _SOURCES_OF_LOW,
    4: _SOURCES_OF_LOW,
    5: Table({"officer": 1}),
}
RESIDENTS: Final = frozenset({"phone", "911", "web", "text"})
_ON_THE_PHONE: Final = frozenset({"phone", "911"})

# An assumption, near to the mother tongues of the city: CAD has no field for it in most places, hence the blanks.
_LANGUAGES: Final = Table({"EN": 75, "FR": 15, "": 10})

# Ottawa's 24 wards. The weights are an assumption: the centre two to three times a suburb, the country half of one.
AREAS: Final = Table(
    dict.fromkeys(("Rideau-Vanier", "Somerset"), 9.5)
    | dict.fromkeys(("Capital", "Kitchissippi", "Alta Vista", "Bay", "River", "Rideau-Rockcliffe"), 5.0)
    | dict.fromkeys(("College", "Knoxdale-Merivale", "Gloucester-Southgate", "Beacon Hill-Cyrville"), 4.3)
    | dict.fromkeys(("Barrhaven West", "Barrhaven East", "Kanata North", "Kanata South", "Stittsville"), 3.2)
    | dict.fromkeys(("Orléans East-Cumberland", "Orléans West-Innes", "Orléans South-Navan"), 3.2)
    | {"Riverside South-Findlay Creek": 3.0}
    | dict.fromkeys(("West Carleton-March", "Osgoode", "Rideau-Jock"), 1.6)
)

# Alexandria, low: 104 cancelled and 12 duplicates of 5,605, 2.1 % together, most of them here among those that nobody
# came to. 4.9 % gone on arrival, 4.0 % unable to locate (SLO). R report, NR no report, TEL settled by telephone: the
# remaining shares, and that of the transferred, are assumptions.
_NEVER_DISPATCHED: Final = Table({"CAN": 20.0, "DUP": 3.0, "TRF": 2.0, "TEL": 45.0, "NR": 30.0})
_NOBODY_CAME: Final = Table({"CAN": 4.6, "DUP": 0.3, "TEL": 30.0, "NR": 65.1})
_SOMEBODY_CAME: Final = Table({"R": 42.0, "NR": 47.0, "GOA": 6.0, "UTL": 5.0})
_SEVERAL: Final = 5 / 18_989  # "CN-Cancellation,NR-No Report"


@dataclass(frozen=True, kw_only=True, slots=True)
class GeneratedCall:
    """A call that never happened. Texts are CAD's codes; an empty one is an empty cell."""

    priority: int
    type_initial: str
    type_final: str
    source: str
    language: str
    area: str
    disposition: str
    life: Life

    @property
    def is_residents(self) -> bool:
        return self.source in RESIDENTS


def generated_calls(
    recipe: Recipe, zone: ZoneInfo, priorities: tuple[int, ...] = (*LOW, *OTHERS)
) -> Iterator[GeneratedCall]:
    """The recipe's calls, day by day by receipt, without the slips of who wrote them down (`blemishes.py`)."""
    for index, counts in enumerate(counts_by_day(recipe)):
        yield from calls_of_day(recipe, zone, index, {priority: counts[priority] for priority in priorities})


def calls_of_day(recipe: Recipe, zone: ZoneInfo, index: int, counts: dict[int, int]) -> list[GeneratedCall]:
    """The calls that are received on the recipe's day `index` (from 0), by receipt.

    The day's chance comes from the seed, the date and the priority alone, so that a day, and a priority of it, is the
    same whether it is made alone or with the recipe's others.
    """
    day = recipe.day(index)
    hours = _hours_of(day, zone)
    storm = recipe.is_storm(index)
    calls: list[GeneratedCall] = []
    for priority, count in sorted(counts.items()):
        dice = recipe.dice(day, f"priority {priority}")
        calls += [_draw_call(dice, priority, hours=hours, storm=storm) for _ in range(count)]
    return sorted(calls, key=lambda call: call.life.received)


def _hours_of(day: date, zone: ZoneInfo) -> tuple[list[int], list[float]]:
    """The hours of a local day, 23 or 25 when the clocks change: starts in seconds since 1970, and sums of weights."""
    midnights = (datetime(of.year, of.month, of.day, tzinfo=zone) for of in (day, day + timedelta(days=1)))
    first, after = (round(midnight.astimezone(UTC).timestamp()) for midnight in midnights)
    starts = list(range(first, after, 3_600))
    return starts, list(accumulate(HOURS[datetime.fromtimestamp(start, zone).hour] for start in starts))


def _draw_call(dice: Random, priority: int, *, hours: tuple[list[int], list[float]], storm: bool) -> GeneratedCall:
    starts, sums = hours
    received = dice.choices(starts, cum_weights=sums)[0] + dice.randrange(3_600)
    source = _SOURCES[priority].draw(dice)
    type_initial, type_final = draw_types(dice, priority=priority, source=source, storm=storm)
    course = _course(priority, source, storm=storm)
    life = draw_life(dice, course, received=received, on_the_phone=source in _ON_THE_PHONE)
    return GeneratedCall(
        priority=priority,
        type_initial=type_initial,
        type_final=type_final,
        source=source,
        language=_LANGUAGES.draw(dice) if source in RESIDENTS else "",
        area=AREAS.draw(dice),
        disposition="TEST" if type_initial == TEST_CALL else _disposition(dice, life),
        life=life,
    )


def _course(priority: int, source: str, *, storm: bool) -> Course:
    """At priority 3 and 4 an officer's job waits as everybody's (an assumption: residents' waits were measured)."""
    if priority in LOW:
        return (STORM if storm else ORDINARY)[priority]
    return URGENT if priority == 2 and source != "officer" else AT_ONCE


def _disposition(dice: Random, life: Life) -> str:
    if life.first_closed is None:
        return ""
    if dice.random() < _SEVERAL:
        return "CAN,NR"
    if life.dispatched is None:
        return _NEVER_DISPATCHED.draw(dice)
    return (_NOBODY_CAME if life.arrived is None else _SOMEBODY_CAME).draw(dice)
