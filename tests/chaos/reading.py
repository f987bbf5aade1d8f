"""What a pushed record says, by the words of docs/cad-push.md and of the agency's folder."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.folder_by_its_words import ENDS, Folder
from tests.streams.known_by_the_words import NO_NUMBER, TOLERANCE

STEPS: Final = (
    *("received_at", "queued_at", "call_ended_at", "dispatched_at", "requeued_at", "arrived_at", "cleared_at"),
    "reopened_at",
)
_OUTCOMES: Final = ("ordinary", "no_contact", "unfounded", "arrest", "unknown")  # each speaks more against a survey
_NOT_A_DIGIT: Final = re.compile(r"[ ().\-]")
_YEARS: Final = range(1970, 2200)


@dataclass(frozen=True)
class Read:
    """One record, in the facts' names."""

    stamp: datetime | None
    phone: str | None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    at: datetime
    record: Read


def heard(record: Mapping[str, Any], folder: Folder, *, at: datetime) -> list[Heard]:
    """What is heard of it `at` that time: where it tells the type that the call had before, that first."""
    told = {name: value for name, value in record.items() if not _is_blank(value)}
    if record.get("source") is not None and "source" not in told and "" in folder.source_of:
        told["source"] = ""  # a blank is one of its codes
    stamp = _time(told.get("updated_at")) or _time(told.get("at"))
    facts = dict(_facts(told, folder))
    first, of_first = told.get("first_call_type"), []
    if first is not None and "call_type" not in told:
        facts |= _type(first, folder)
    elif first is not None and first != told["call_type"]:
        before = (stamp or max(_times(facts), default=at)) - timedelta(microseconds=1)
        of_first = [Heard(at, Read(before, None, _type(first, folder)))]
    step = f"{told.get('event')}_at"
    if step in STEPS and step not in facts:
        facts[step] = (_time(told.get("at")) or _time(told.get("updated_at")) or at).isoformat()
    return [*of_first, Heard(at, Read(stamp, _number(told.get("phone")), facts))]


def counts_as_of(record: Mapping[str, Any], *, at: datetime) -> datetime | None:
    """The time of what it tells. `None`: that of its receipt, which nobody outside knows exactly: it tells no time, or
    one of the future."""
    stamp = _time(record.get("updated_at")) or _time(record.get("at"))
    stamp = stamp or max((time for name in STEPS if (time := _time(record.get(name))) is not None), default=None)
    is_step_now = f"{record.get('event')}_at" in STEPS and _time(record.get("updated_at") or record.get("at")) is None
    return None if stamp is None or stamp > at + TOLERANCE or is_step_now else stamp


def is_sharp(record: Mapping[str, Any], *, at: datetime) -> bool:
    """None of its times will be read as that of its receipt."""
    times = [_time(record.get(name)) for name in STEPS]
    return counts_as_of(record, at=at) is not None and all(time is None or time <= at + TOLERANCE for time in times)


def _facts(told: Mapping[str, Any], folder: Folder) -> Iterator[tuple[str, Any]]:
    if "case_number" in told:
        yield "case_number", told["case_number"].strip()
    if "priority" in told:
        code = told["priority"].strip()
        reading = folder.priority_of.get(code)
        yield from (("priority_code", code), ("priority", None if reading is None else int(reading)))
    if "call_type" in told:
        yield from _type(told["call_type"], folder).items()
    if "source" in told:
        code = told["source"].strip()
        yield from (("source_code", code), ("source", folder.source_of.get(code)))
    yield from _end(told, folder)
    for name in ("in_progress", "safety_flag"):
        if told.get(name) is True:
            yield name, True
    for name in STEPS:
        if (time := _time(told.get(name))) is not None:
            yield name, time.isoformat()


def _type(code: str, folder: Folder) -> dict[str, Any]:
    """Its group is read as the rule of its group: that is all that is asked here."""
    rule = folder.rule_of(code)
    return {"call_type_code": code.strip(), "call_type_group": "" if rule == "unknown" else rule}


def _end(told: Mapping[str, Any], folder: Folder) -> Iterator[tuple[str, Any]]:
    cancelled = told.get("cancelled") or ("cancelled" if told.get("event") == "cancelled" else None)
    if "disposition" in told:
        cell = told["disposition"].strip()
        codes = [cell] if cell in folder.meaning else cell.split(",")
        readings = [folder.meaning_of(code) or "unknown" for code in codes]
        ends = [reading for reading in readings if reading in ENDS]
        outcomes = [reading for reading in readings if reading not in ENDS]
        cancelled = cancelled or next(iter(ends), None)
        yield "disposition", cell
        outcome = max(outcomes, key=_OUTCOMES.index, default="unknown")
        yield "outcome", None if outcome == "unknown" else outcome
    if cancelled is not None:
        yield "cancelled", cancelled


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in {"", "NULL", "null"})


def _times(facts: Mapping[str, Any]) -> list[datetime]:
    return [datetime.fromisoformat(value) for name, value in facts.items() if name in STEPS]


def _time(written: Any) -> datetime | None:
    if _is_blank(written):
        return None
    time = datetime.fromisoformat(str(written))
    return time.astimezone(UTC) if time.year in _YEARS else None


def _number(written: str | None) -> str | None:
    """E.164 of a North American number, however it is written; `NO_NUMBER` where it is none."""
    if written is None:
        return None
    digits = _NOT_A_DIGIT.sub("", written.strip())
    if re.fullmatch(r"(\+?1)?[2-9]\d{9}", digits):
        return f"+1{digits[-10:]}"
    return NO_NUMBER
