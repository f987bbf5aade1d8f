"""From a log's call to the records that a live feed would have sent, each at its time."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from policy.agency import Agency
from starter.csv_log import Log, LoggedCall
from starter.fictional_numbers import fictional_number
from starter.readers.told import code_facts, disposition_facts, e164, type_facts
from starter.records import LogRecord

_STEPS = ("queued_at", "call_ended_at", "dispatched_at", "arrived_at", "cleared_at", "reopened_at")


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which calls of a log are played: those received from `start` on, before `end`."""

    start: datetime | None
    end: datetime | None

    def has(self, moment: datetime) -> bool:
        return (self.start is None or moment >= self.start) and (self.end is None or moment < self.end)


def window_of(agency: Agency, log: Log, *, start: datetime | None, hours: float | None) -> Window:
    """From `start` (naive: the agency's own time), or the first call, for so many elapsed `hours`, or to the end."""
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=agency.policy.timetable.zone_info)
    if hours is None or not log.calls:
        return Window(start=start, end=None)
    begins = (start or log.calls[0].received_at).astimezone(UTC)  # where clocks change, a local day has 23 or 25 hours
    return Window(start=start, end=begins + timedelta(hours=hours))


def no_call_in(log: Log, agency: Agency) -> str:
    """What to say where no call is in the window: the days that the log has."""
    if not log.calls:
        return f"{log.path}: no call in it" + (f"; {log.problems[0]}" if log.problems else "")
    zone = agency.policy.timetable.zone_info
    first, last = (call.received_at.astimezone(zone) for call in (log.calls[0], log.calls[-1]))
    return f"{log.path}: no call in this window; the log goes from {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def feed_of(log: Log) -> str:
    """A log is known by its content, wherever the file lies and whatever it is called."""
    with log.path.open("rb") as file:
        return f"log-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"


def records_of_log(
    log: Log, agency: Agency, *, feed: str, window: Window, caller: Callable[[int], str] = fictional_number
) -> list[LogRecord]:
    """All records of the window's calls, in the order of their times.

    A log without numbers: each call is its own caller. The n-th of the whole log has the number `caller(n)`, so that it
    keeps it in whichever window it is played. A log with numbers: a call without one has none.
    """
    has_numbers = agency.cad.columns.phone in log.columns
    records = [
        record
        for index, call in enumerate(log.calls)
        if window.has(call.received_at)
        for record in _records_of_call(
            call, agency, feed=feed, phone=e164(call.phone) if has_numbers else caller(index)
        )
    ]
    return sorted(records, key=lambda record: (record.stamp, record.cad_id))


def _records_of_call(call: LoggedCall, agency: Agency, *, feed: str, phone: str | None) -> Iterator[LogRecord]:
    """The call as it was received, what further rows say of it, the types that it turned into, and its steps."""

    def record(stamp: datetime, facts: dict[str, JsonValue], phone: str | None = None) -> LogRecord:
        told = {name: value for name, value in facts.items() if value is not None}
        return LogRecord(feed=feed, cad_id=call.cad_id, stamp=max(stamp, call.received_at), facts=told, phone=phone)

    first, *further = call.rows or (call,)
    received: dict[str, JsonValue] = {"received_at": call.received_at.isoformat()}
    yield record(call.received_at, _row_facts(first, agency) | received, phone)
    for row in further:
        yield record(row.received_at, _row_facts(row, agency), e164(row.phone))
    for row in (first, *further):
        if row.final_call_type_code not in (None, _first_type(row)):
            yield record(_last_moment(row), type_facts(row.final_call_type_code, agency))
        if row.disposition is not None and row.cleared_at is not None:
            yield record(row.cleared_at, disposition_facts(row.disposition, agency))
    for name, moment in _steps(call):
        yield record(moment, {name: moment.isoformat()})


def _row_facts(row: LoggedCall, agency: Agency) -> dict[str, JsonValue]:
    return {
        **code_facts(row, agency),
        **type_facts(_first_type(row), agency),
        # A log that does not tell when a call was over does not tell since when its disposition holds: from the start.
        **(disposition_facts(row.disposition, agency) if row.cleared_at is None else {}),
    }


def _first_type(row: LoggedCall) -> str | None:
    return row.call_type_code or row.final_call_type_code


def _last_moment(row: LoggedCall) -> datetime:
    """When the final type was known, as far as a log tells: the end, or the last that was heard of the call."""
    return row.cleared_at or max([row.received_at, *(moment for _, moment in _steps(row))])


def _steps(call: LoggedCall) -> Iterable[tuple[str, datetime]]:
    steps = [(name, getattr(call, name)) for name in _STEPS]
    for name, moment in (*steps, ("cleared_at", call.finally_cleared_at)):
        if moment is not None:
            yield name, moment
