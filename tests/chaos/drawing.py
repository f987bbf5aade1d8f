"""Draws a plan from a seed: the calls, what people do, and the blows."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from local.generated.command import recipe
from local.generated.log import write_log
from policy.agency import Agency, load_agency
from starter.csv_log import LoggedCall, read_log
from tests.chaos.lives import Dated, Frame, records_of
from tests.chaos.plan import CARRIER, LINES, Blow, How, Plan, Push, StaffAct, Word
from tests.whole.town import ROOT

NEW_YORK_LOG: Final = ROOT / "agencies" / "new-york" / "sample" / "calls-2024.csv.gz"
AGENCIES: Final = {"ottawa-day": "ottawa", "new-york": "new-york"}
_LOW: Final = {"3", "4", "Non CIP"}
_A_LONG_RUN: Final = 10.0
"""Minutes: the times of the policy are written for a run so long."""
_SHORT_RUN: Final = 2.0
_SHORTEST: Final = timedelta(minutes=160)
"""Of the service's time: the lives of a short run go on when its blows are over, and what happens in them comes
later, so that their texts can still be sent then."""
_LATER: Final = timedelta(minutes=45)
_RECEIVED_WITHIN, _LONGEST, _SAID_WITHIN = 0.55, 0.33, 0.9
"""Shares of a run: in which calls come in, that a life lasts at most, in which people say something."""
_WORDS: Final = (
    *("STOP", "ARRET", "arrêt", "Stop.", "STOP", "arret", "wrong number", "START", "debut"),
    *("hello there", "merci", "when will they come?", "HELP", "aide", "2", "je suis déjà parti"),
)
_WHOM: Final = {
    "worker 1": 5,
    "worker 2": 5,
    "starter 1": 3,
    "starter 2": 3,
    "web": 2,
    "cad": 2,
    "console": 0.7,
    "Temporal": 1.5,
    "PostgreSQL": 1.5,
    CARRIER: 1.5,
    "database line": 2,
    "Temporal line": 1.5,
    "carrier line": 2,
}
_HOW_PROCESSES: Final[Mapping[How, float]] = {"kill": 5, "terminate": 2, "stop": 3}
_HOW_LINES: Final[Mapping[How, float]] = {"cut": 3, "hang": 2, "slow": 2}


def draw(seed: int, *, minutes: float = 10.0, log: Path | None = None) -> Plan:
    """The plan of this seed: the same for the same log. Odd seeds play a generated day of Ottawa's, even ones New
    York's log."""
    dice = random.Random(f"chaos {seed}")
    name = "ottawa-day" if seed % 2 else "new-york"
    agency = load_agency(ROOT / "agencies" / AGENCIES[name])
    speed = dice.choice([45.0, 60.0, 75.0])
    span = timedelta(seconds=minutes * 60 * speed)
    whole = max(span, _SHORTEST)
    calls = _calls(seed, agency, dice, count=_count(dice, minutes), log=log or NEW_YORK_LOG)
    begins = _begins(calls[0].received_at, agency, dice)
    frame = Frame(
        begins=begins + span * 0.03,
        received_within=span * _RECEIVED_WITHIN,
        longest=whole * _LONGEST,
        later=(_LATER if whole > span else timedelta(0), _LATER),
    )
    told = records_of(calls, frame, dice)
    stretch = whole / timedelta(minutes=600)
    return Plan(
        seed=seed,
        log="ottawa-day" if seed % 2 else "new-york",
        speed=speed,
        begins=begins,
        minutes=minutes,
        timetable=_timetable(dice, stretch, begins=begins, agency=agency),
        give_up_after=f"{round(whole * 0.7 / timedelta(minutes=1))} min",
        segments_per_second=dice.choice([20, 50, 100]),
        unknown_wait_seconds=3 if minutes < _SHORT_RUN else 20,
        pushes=list(_pushes(told, dice, begins=begins, speed=speed)),
        words=list(_words(told, dice, seconds=minutes * 60, begins=begins, speed=speed)),
        staff=list(_staff(told, dice, seconds=minutes * 60, begins=begins, speed=speed, agency=agency.key)),
        blows=list(_blows(dice, seconds=minutes * 60)),
        rules=_rules(dice, is_short=minutes < _SHORT_RUN),
    )


def _count(dice: random.Random, minutes: float) -> int:
    return max(24, round(dice.randint(150, 350) * min(minutes / _A_LONG_RUN, 1)))


def _calls(seed: int, agency: Agency, dice: random.Random, *, count: int, log: Path) -> list[LoggedCall]:
    """So many calls of some hours of a day of Ottawa's, rather those that may be texted; or so many of New York's that
    came in one after the other."""
    if agency.key == "ottawa":
        hour = dice.randrange(0, 18)
        day = [call for call in _generated_day(seed) if _hour(call, agency) in range(hour, hour + 6)]
        low, others = ([call for call in day if (call.priority_code in _LOW) is wanted] for wanted in (True, False))
        some = dice.sample(low, min(len(low), count * 2 // 3))
        some += dice.sample(others, min(len(others), count - len(some)))
        return sorted(some, key=lambda call: (call.received_at, call.cad_id))
    all_ = read_log(log, agency.cad).calls
    first = dice.randrange(max(len(all_) - count, 1))
    return list(all_[first : first + count])


@cache
def _generated_day(seed: int) -> Sequence[LoggedCall]:
    agency = load_agency(ROOT / "agencies" / "ottawa")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "day.csv"
        write_log(path, agency, recipe(seed=seed, day=None, storm=False, year=False))
        return read_log(path, agency.cad).calls


def _hour(call: LoggedCall, agency: Agency) -> int:
    return call.received_at.astimezone(agency.policy.timetable.zone_info).hour


def _begins(first: datetime, agency: Agency, dice: random.Random) -> datetime:
    """On the day of the first call; surveys have hours, and a run has no more than twelve."""
    local = first.astimezone(agency.policy.timetable.zone_info)
    hour = time(dice.randrange(3, 8), dice.randrange(60))
    return datetime.combine(local.date(), hour, tzinfo=local.tzinfo).astimezone(first.tzinfo)


def _timetable(dice: random.Random, stretch: float, *, begins: datetime, agency: Agency) -> dict[str, dict[str, Any]]:
    """Whole lives in ten minutes; texts that stay true for long, or, in one run of four, not so long."""

    def minutes(shortest: float, longest: float) -> str:
        return f"{max(round(dice.uniform(shortest, longest) * stretch), 5)} min"

    expires = "10 h" if dice.random() < 0.75 else "150 min"
    local = begins.astimezone(agency.policy.timetable.zone_info)
    opens = (local + timedelta(minutes=600 * stretch * dice.uniform(0, 0.4))).time().replace(second=0, microsecond=0)
    return {
        "confirmation": {"expires_after": expires},
        "delay": {
            "first_after": {"3": minutes(12, 30), "4": minutes(20, 50)},
            "repeat_every": minutes(25, 80),
            "at_most": dice.choice([1, 2, 3]),
            "expires_after": expires,
        },
        "survey": {"after_cleared": minutes(10, 40), "opens": opens.isoformat("minutes"), "closes": "23:59:59"},
    }


def _pushes(told: Sequence[Dated], dice: random.Random, *, begins: datetime, speed: float) -> Iterator[Push]:
    """Each at its time, mostly by itself; some late, so that others overtake them, and some sent twice."""
    sent: list[tuple[float, dict[str, Any]]] = []
    for at, record in told:
        after = (at - begins).total_seconds() / speed
        late = dice.uniform(0.5, 25) if dice.random() < 0.05 else 0
        sent.append((after + late, record))
        if dice.random() < 0.04:
            sent.append((after + late + dice.uniform(0, 40), record))
    sent.sort(key=lambda one: one[0])
    while sent:
        count = dice.randint(2, 6) if dice.random() < 0.05 else 1
        batch, sent = sent[:count], sent[count:]
        yield Push(after=max(after for after, _ in batch), records=[record for _, record in batch])


def _words(
    told: Sequence[Dated], dice: random.Random, *, seconds: float, begins: datetime, speed: float
) -> Iterator[Word]:
    phones = {record["phone"]: at for at, record in told if "received_at" in record and "phone" in record}
    for phone, received in sorted(phones.items(), key=lambda one: one[1]):
        after = (received - begins).total_seconds() / speed
        while dice.random() < 0.22:
            after += dice.uniform(0, seconds * 0.25)
            if after < seconds * _SAID_WITHIN:
                yield Word(after=after, phone=phone, body=dice.choice(_WORDS))


def _staff(
    told: Sequence[Dated], dice: random.Random, *, seconds: float, begins: datetime, speed: float, agency: str
) -> Iterator[StaffAct]:
    """A hold now and then, and everything stopped twice for some seconds; nothing stays so."""
    calls = {record["cad_id"]: at for at, record in told if "received_at" in record}
    for cad_id, received in calls.items():
        if dice.random() < 0.06:
            after = (received - begins).total_seconds() / speed + dice.uniform(1, seconds * 0.2)
            call_id = f"{agency}-{cad_id}"
            yield StaffAct(after=after, what="hold", call_id=call_id)
            yield StaffAct(after=after + dice.uniform(2, 30), what="release", call_id=call_id)
    for _ in range(1 if seconds < _SHORT_RUN * 60 else 2):
        after = dice.uniform(0.1, 0.8) * seconds
        yield StaffAct(after=after, what="stop everything")
        yield StaffAct(after=after + min(dice.uniform(2, 20), seconds / 8), what="go on")


def _blows(dice: random.Random, *, seconds: float) -> Iterator[Blow]:
    """One every some seconds on average, now and then several at once. A short run has every kind once."""
    if seconds < _SHORT_RUN * 60:
        kinds = [(whom, how) for whom in _WHOM for how in hows_of(whom)]
        dice.shuffle(kinds)
        for place, (whom, how) in enumerate(kinds):
            yield _blow(dice, whom, how, after=seconds * (0.05 + 0.8 * place / len(kinds)), shortest=True)
        return
    pause, after = dice.choice([6.0, 10.0, 16.0]), 5.0
    while after < seconds:
        for _ in range(dice.choice([1, 1, 1, 1, 1, 2, 2, 3, 4])):
            whom = dice.choices(list(_WHOM), list(_WHOM.values()))[0]
            hows = hows_of(whom)
            how = dice.choices(list(hows), list(hows.values()))[0]
            yield _blow(dice, whom, how, after=after + dice.random() * 0.5)
        after += dice.expovariate(1 / pause)


def hows_of(whom: str) -> Mapping[How, float]:
    """What can be done to it, and how often it is."""
    if whom in LINES:
        return _HOW_LINES
    return {**_HOW_PROCESSES, "kill a backend": 3} if whom == "PostgreSQL" else _HOW_PROCESSES


def _blow(dice: random.Random, whom: str, how: How, *, after: float, shortest: bool = False) -> Blow:
    if how in {"kill", "kill a backend", "terminate"}:
        seconds = dice.uniform(0, 4)
    elif how == "cut":
        seconds = dice.choice([0.0, dice.uniform(0, 6)])
    elif dice.random() < 0.12:
        seconds = dice.uniform(15.5, 20)  # longer than a worker may stand still
    else:
        seconds = dice.uniform(0.5, 9)
    return Blow(after=after, whom=whom, how=how, seconds=min(seconds, 2.0) if shortest else seconds)


def _rules(dice: random.Random, *, is_short: bool) -> list[dict[str, Any]]:
    """How the carrier misbehaves: somewhat all the while, more in a short run. What it answers is later than the
    service's two seconds, or not. Of many texts it never reports how they arrived, so that its list must be asked."""
    worse = 2.0 if is_short else dice.choice([0.5, 1.0, 2.0])
    silent = 0.95 if is_short else dice.choice([0.2, 0.5, 0.95])
    rules: list[dict[str, Any]] = [
        {"what": "slow_answer", "probability": 0.02, "seconds": 3},
        {"what": "lose_answer", "probability": 0.04},
        {"what": "slow_answer", "probability": 0.15, "seconds": 0.7},
        {"what": "server_error", "probability": 0.03, "taken_on": True},
        {"what": "server_error", "probability": 0.03},
        {"what": "too_many_requests", "probability": 0.02, "seconds": 1},
        {"what": "too_many_requests", "probability": 0.02, "retry_after": False},
        {"what": "refused", "probability": 0.005, "code": 21614},
        {"what": "undelivered", "probability": 0.01},
        {"what": "no_callback", "probability": silent / worse},
        {"what": "duplicate_callback", "probability": 0.1},
        {"what": "reversed_callback", "probability": 0.1},
        {"what": "early_callback", "probability": 0.1},
        {"what": "unknown_status", "probability": 0.05},
        {"what": "list_lags", "probability": 0.2, "seconds": 8},
        {"what": "list_fails", "probability": 0.08},
    ]
    return [{**rule, "probability": round(rule["probability"] * worse, 4)} for rule in rules]
