"""A quarter of a city that answers, in a test database: calls, texts, invitations, counters and answers.

Contexts of answers are what the cut makes of them (`survey.cut`), night by night. Made in Python and copied in: a
quarter takes seconds, a year (`scale=4`: 274,075 calls, some 40,000 answers) about a minute of a busy machine. The
same seed makes the same city. Nobody's number is in it: hashes of nothing.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, text

from calls.facts import CallFacts
from policy.agency import Agency
from survey.answers import Answer
from survey.areas import AreaPiece, Place, counted, pieces_of
from survey.context import context_of, iso_week
from survey.cut import cut
from survey.held import HeldAnswer

CALLS: Final = 68_519
WEEKS: Final = 13
LAST_DAY: Final = date(2026, 9, 27)
"""A Sunday: its week ends with it."""
AREAS: Final = tuple(f"Ward {number}" for number in range(1, 25))
_GROUPS: Final = (
    ("noise", 24), ("theft", 18), ("disturbance", 14), ("traffic", 12), ("collision", 10), ("damage", 8),
    ("break_in", 6), ("property", 5), ("animal", 3),
)  # fmt: skip
_PROBLEMS: Final = ("driving", "noise", "vandalism", "theft", "break_ins", "drugs", "disorder", "hate", "other")
_LANDLINE, _NOT_DELIVERED = 30006, (30003, 30005, 30008)
_VALID: Final = timedelta(days=14)
_CAME_FOR: Final = timedelta(hours=24)
_NULL: Final = "\\N"
_TABLES: Final[Mapping[str, str]] = {
    "call": "call_id, agency, case_number, received_at, merged, facts, version, eligibility, rule, reason, "
    "policy_version, latch, phone_hash, recipient_version, phone_versions, signalled_version, ended_reason, "
    "created_real, updated_real",
    "text": "id, call_id, kind, sequence, recipient_version, state, rule, reason, policy_version, language, "
    "segments, phone_hash, sender, attempts, claimed_real, provider_sid, error_code, due_at, expires_at, settled_at, "
    "updated_real",
    "survey_invitation": "id, call_id, token_hash, language, survey_version, expires_at, used, opened",
    "survey_response": "id, agency, survey_version, language, week, answers, context",
    "survey_area_count": "agency, month, area, area_version, survey_version, question, option, count",
    "survey_count": "agency, week, language, opened, started",
    "opt_out": "phone_hash, phone_encrypted, sender, since, ended_at",
}


@dataclass(kw_only=True)
class Quarter:
    """What was made. `first_week` and `last_week` as `2026-W26`; `ends`: the end of its last day."""

    calls: int
    answers: int
    first_week: str
    last_week: str
    last_day: date
    ends: datetime


@dataclass(kw_only=True)
class _City:
    agency: Agency
    chance: Random
    ends: datetime
    areas: int
    groups: int
    rows: dict[str, list[str]] = field(default_factory=lambda: {table: [] for table in _TABLES})
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    submitted: dict[date, list[HeldAnswer]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, *values: object) -> None:
        self.rows[table].append("\t".join(_NULL if value is None else _text(value) for value in values))

    def id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128))

    def hash(self) -> str:
        return f"{self.chance.getrandbits(256):064x}"


def fill(
    engine: Engine,
    agency: Agency,
    *,
    scale: float = 1.0,
    seed: int = 10,
    last_day: date = LAST_DAY,
    areas: int = len(AREAS),
    groups: int = len(_GROUPS),
) -> Quarter:
    """Thirteen weeks that end with `last_day`, and four times as many for `scale=4`; a scale below one is a smaller
    city, not a shorter time. With few `areas` and `groups` more answers a night are alike: then their contexts keep
    the area, which those of a city like Ottawa do not."""
    weeks = WEEKS * max(1, round(scale))
    zone = agency.policy.timetable.zone_info
    ends = datetime.combine(last_day + timedelta(days=1), time(3), zone).astimezone(UTC)
    city = _City(agency=agency, chance=Random(seed), ends=ends, areas=areas, groups=groups)
    begins = ends - timedelta(weeks=weeks)
    calls = round(CALLS * scale)
    no_facts = CallFacts(agency=agency.key, cad_id="").model_dump(mode="json")
    moments = sorted(city.chance.random() for _ in range(calls))
    for number, moment in enumerate(moments):
        _one_call(city, number, begins + moment * (ends - begins), no_facts)
    answers = _cuts(city, last_day)
    for (week, language, _), opened in [item for item in city.counts.items() if item[0][2] == "opened"]:
        city.add("survey_count", agency.key, week, language, opened, city.counts[week, language, "started"])
    _copy(engine, city.rows)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM survey_cut WHERE agency = :a"), {"a": agency.key})
        connection.execute(text("INSERT INTO survey_cut VALUES (:a, :day)"), {"a": agency.key, "day": last_day})
    return Quarter(
        calls=calls,
        answers=answers,
        first_week=iso_week(begins.astimezone(zone).date()),
        last_week=iso_week(last_day),
        last_day=last_day,
        ends=ends,
    )


def _one_call(city: _City, number: int, at: datetime, no_facts: Mapping[str, Any]) -> None:
    chance, agency = city.chance, city.agency
    is_excluded = chance.random() < 0.08
    group = "assault" if is_excluded else chance.choices(*zip(*_GROUPS[: city.groups], strict=True))[0]
    number_is = chance.choices(["good", "none", "pseudo"], [92, 6, 2])[0]
    priority = 3 if chance.random() < 0.23 else 4
    came = None if chance.random() < 0.3 else at + timedelta(minutes=chance.lognormvariate(4.2, 1.1))
    cleared = min((came or at + timedelta(hours=6)) + timedelta(minutes=30), at + _CAME_FOR)
    is_eligible = not is_excluded and number_is == "good"
    facts = {
        **no_facts,
        "cad_id": f"q{number}",
        "case_number": f"26-{number:06}",
        "priority_code": str(priority),
        "priority": priority,
        "call_type_code": group.upper(),
        "call_type_group": group,
        "source_code": "phone",
        "source": "resident",
        "language": chance.choices(["en", "fr", None], [72, 14, 14])[0],
        "area": None if chance.random() < 0.02 else AREAS[int(city.areas * chance.random() ** 1.7)],
        "received_at": at.isoformat(),
        "recipient_version": int(is_eligible),
        "untextable": "a pseudo number" if number_is == "pseudo" else None,
        "latch": "excluded call type" if is_excluded else None,
        "outcome": "ordinary",
        "cleared_at": cleared.isoformat(),
        "dispatched_at": None if came is None else came.isoformat(),
        "arrived_at": None if came is None or chance.random() < 0.05 else came.isoformat(),
    }
    rule = "excluded call type" if is_excluded else _RULES[number_is]
    phone = city.hash() if is_eligible else None
    city.add(
        "call", f"{agency.key}-q{number}", agency.key, facts["case_number"], at, "{}", facts, 5,
        "eligible" if is_eligible else "ineligible", rule, rule, agency.version, facts["latch"], phone,
        int(is_eligible), {phone: 1} if phone else "{}", 5, "everything is sent", at, cleared,
    )  # fmt: skip
    if is_eligible:
        _texts(city, number, facts, phone, at, cleared)


_RULES: Final = {
    "good": "all rules met",
    "none": "no number to text",
    "pseudo": "no number that may be texted",
}


def _texts(
    city: _City, number: int, facts: Mapping[str, Any], phone: str | None, at: datetime, cleared: datetime
) -> None:
    chance = city.chance
    fate = chance.choices(
        ["delivered", "sent", "not delivered", "landline", "known landline", "opted out", "other"],
        [860, 15, 25, 35, 25, 20, 20],
    )[0]
    _text_row(city, number, "confirmation", fate, facts, phone, at + timedelta(minutes=3))
    if fate == "opted out":
        city.add("opt_out", phone, "none", city.agency.identity.sender, at - timedelta(days=40), None)
    if fate not in ("delivered", "sent"):
        return
    dispatched = facts["dispatched_at"]
    told_after = timedelta(minutes=30 if facts["priority"] == 3 else 60)
    if dispatched is None or datetime.fromisoformat(dispatched) - at > told_after:
        _text_row(city, number, "delay", "delivered", facts, phone, at + told_after)
    if chance.random() < 0.2:
        _text_row(city, number, "survey", "one survey", facts, phone, cleared + timedelta(hours=4))
        return
    due = cleared + timedelta(hours=4)
    if due < city.ends:
        survey_fate = "not delivered" if chance.random() < 0.02 else "delivered"
        _text_row(city, number, "survey", survey_fate, facts, phone, due)
        _invitation(city, number, facts, due, was_delivered=survey_fate == "delivered")


def _text_row(
    city: _City, number: int, kind: str, fate: str, facts: Mapping[str, Any], phone: str | None, due: datetime
) -> None:
    state, rule, error = {
        "delivered": ("delivered", None, None),
        "sent": ("sent", None, None),
        "not delivered": ("undelivered", None, city.chance.choice(_NOT_DELIVERED)),
        "landline": ("undelivered", None, _LANDLINE),
        "known landline": ("suppressed", "landline", None),
        "opted out": ("suppressed", "opted out", None),
        "one survey": ("suppressed", "one survey", None),
        "other": ("expired", "expired", None),
    }[fate]
    went = state not in ("suppressed", "expired")
    city.add(
        "text", city.id(), f"{city.agency.key}-q{number}", kind, 1, 1, state, rule, rule, city.agency.version,
        (facts["language"] or "both") if went else None, 2 if went else None, phone if went else None,
        city.agency.identity.sender, 1, due, f"SM{city.id().hex}" if went else None, error, due,
        due + timedelta(hours=1), due + timedelta(seconds=2), due + timedelta(seconds=9),
    )  # fmt: skip


def _invitation(city: _City, number: int, facts: Mapping[str, Any], due: datetime, *, was_delivered: bool) -> None:
    """Who opens, begins and submits: a quarter of all that are delivered."""
    chance, language = city.chance, facts["language"]
    after = min(chance.expovariate(1 / 8), 24 * 13)
    when = due + timedelta(hours=after)
    dice = chance.random()
    opened = was_delivered and dice < 0.46 and when < city.ends
    started, submitted = opened and dice < 0.33, opened and dice < 0.29
    is_open = due + _VALID > city.ends
    city.add(
        "survey_invitation", city.id(), f"{city.agency.key}-q{number}", city.hash(), language,
        city.agency.survey.version, due + _VALID, submitted and is_open, opened and is_open,
    )  # fmt: skip
    week = iso_week(when.date())  # as the residents' pages do: by the service's clock
    city.counts[week, language or "und", "opened"] += opened
    city.counts[week, language or "und", "started"] += started
    if submitted:
        zone = city.agency.policy.timetable.zone_info
        day = (when.astimezone(zone) - timedelta(hours=3)).date()
        answered_in = language or ("fr" if chance.random() < 0.1 else "en")
        city.submitted[day].append(
            HeldAnswer(
                agency=city.agency.key,
                survey_version=city.agency.survey.version,
                language=answered_in,
                week=week,
                answers=_answers(chance, CallFacts.model_validate(facts)),
                context=context_of(CallFacts.model_validate(facts)),
            )
        )


def _answers(chance: Random, facts: CallFacts) -> dict[str, Answer]:
    """The longer the wait, the worse the marks; not everybody answers everything."""
    came = facts.arrived_at or facts.dispatched_at
    wait = 6.0 if came is None or facts.received_at is None else (came - facts.received_at) / timedelta(hours=1)
    area = 0 if facts.area is None else AREAS.index(facts.area) % 3 - 1

    def mark(about: float) -> str:
        return "na" if chance.random() < 0.06 else str(max(1, min(5, round(chance.gauss(about, 1.1)))))

    given: dict[str, Answer] = {
        "Q1": mark(4.4 - 0.45 * min(wait, 5) + 0.2 * area),
        "Q2": mark(4.3),
        "Q3": mark(3.7),
        "Q4": "not_read" if chance.random() < 0.05 else mark(4.0),
        "Q5": mark(4.2 - 0.6 * min(wait, 5)),
        "Q6": chance.choices(["in_person", "by_phone", "no", "not_sure"], [70, 12, 12, 6] if came else [2, 30, 60, 8])[
            0
        ],
    }
    if given["Q6"] in ("in_person", "by_phone"):
        given |= {question: mark(about) for question, about in (("Q7", 4.3), ("Q8", 4.0), ("Q9", 3.8))}
    problems = [problem for problem in _PROBLEMS if chance.random() < 0.13]
    given["Q10"] = problems or ["none"]
    return {question: answer for question, answer in given.items() if chance.random() > 0.05}


def _cuts(city: _City, last_day: date) -> int:
    """Night by night; what waits, waits on."""
    waiting: list[HeldAnswer] = []
    pieces: list[AreaPiece] = []
    by_area: Counter[tuple[str, Place]] = Counter()
    lots = Random(33)  # its own: the city's answers are the same with and without it
    written = 0
    day = min(city.submitted, default=last_day)
    while day <= last_day:
        held = [*waiting, *city.submitted.get(day, ())]
        parting = cut(held, week=iso_week(day))
        waiting = [held[place] for place in parting.waits]
        for place in parting.written:
            pieces += pieces_of(held[place], city.agency.survey, week=iso_week(day), chance=lots)
        counting = counted(pieces, week=iso_week(day))
        pieces = list(counting.waits)
        by_area.update({(f"{day:%Y-%m}", at): count for at, count in counting.counts.items()})
        for one in parting.responses:
            city.add(
                "survey_response", city.id(), city.agency.key, one.survey_version, one.language, iso_week(day),
                dict(one.answers), one.context.model_dump(exclude_none=True),
            )  # fmt: skip
        written += len(parting.responses)
        day += timedelta(days=1)
    for (month, counted_at), count in by_area.items():
        city.add("survey_area_count", city.agency.key, month, *counted_at, count)
    return written


def _copy(engine: Engine, rows: Mapping[str, list[str]]) -> None:
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("SET LOCAL statement_timeout = 0")
        for table, lines in rows.items():
            with cursor.copy(f"COPY {table} ({_TABLES[table]}) FROM STDIN") as copy:
                for block in _blocks(lines):
                    copy.write(block)
        raw.commit()
    finally:
        raw.close()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text(f"VACUUM (ANALYZE) {', '.join(rows)}"))


def _blocks(lines: list[str], size: int = 2000) -> Iterator[str]:
    for start in range(0, len(lines), size):
        yield "\n".join(lines[start : start + size]) + "\n"


def _text(value: object) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def weeks_of(quarter: Quarter) -> Iterable[str]:
    """Its ISO weeks, in order."""
    year, number = quarter.first_week.split("-W")
    monday = date.fromisocalendar(int(year), int(number), 1)
    while monday <= quarter.last_day:
        yield iso_week(monday)
        monday += timedelta(weeks=1)
