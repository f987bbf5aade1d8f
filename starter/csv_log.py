"""A log of calls, as a CAD system exports it: CSV, gzip or not, read as the agency's folder says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from calls.facts import known
from logs import redact
from policy.cad_columns import columns_of
from policy.cad_mapping import CadMapping
from starter.local_time import exact_time
from starter.log_file import LogError, rows_of

__all__ = ["Log", "LogError", "LoggedCall", "Problem", "read_log"]

_LONGEST_ID = 100
_NO = frozenset({"0", "N", "NO", "F", "FALSE", "NON"})
# Clocks in one house differ by seconds: 56 in 100 rows of a real export begin up to 5 s before they are received.
_SKEW = timedelta(seconds=60)
# A step that has the date of the receipt and lies so long before it came after midnight: 70 of a county's dispatches.
_HALF_A_DAY = timedelta(hours=12)
_TIMES = ("received", "queued", "call_ended", "dispatched", "arrived", "cleared", "reopened", "finally_cleared")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong with one row. `left_out`: the row is not played."""

    line: int
    what: str
    left_out: bool

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}" + ("; the row is left out" if self.left_out else "")


@dataclass(frozen=True, kw_only=True)
class LoggedCall:
    """One call of the log. Codes are CAD's own; times are exact, UTC.

    `rows`: where several rows are of this call, all of them by receipt; what each says counts (R1).
    """

    line: int
    cad_id: str
    case_number: str | None
    priority_code: str | None
    call_type_code: str | None
    final_call_type_code: str | None
    source_code: str | None
    language_code: str | None
    in_progress: bool
    safety_flag: bool
    phone: str | None
    area: str | None
    disposition: str | None
    received_at: datetime
    queued_at: datetime | None
    call_ended_at: datetime | None
    dispatched_at: datetime | None
    arrived_at: datetime | None
    cleared_at: datetime | None
    reopened_at: datetime | None
    finally_cleared_at: datetime | None
    rows: tuple["LoggedCall", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Log:
    """A log that was read: its calls by receipt, and what was wrong with its rows.

    `left_out`: the ids of rows that could not be read, where no other row is of that call.
    """

    path: Path
    columns: frozenset[str]
    rows: int
    calls: list[LoggedCall]
    problems: list[Problem]
    left_out: list[str]


def read_log(path: Path, mapping: CadMapping) -> Log:
    """Read the whole log. Rows that cannot be read are problems, not errors.

    Raises:
        LogError: the file is missing, is not CSV, or lacks a column.
    """
    calls: dict[str, list[LoggedCall]] = {}
    problems: list[Problem] = []
    left_out: dict[str, None] = {}
    rows = 0
    with rows_of(path, mapping) as reader:
        columns = frozenset(reader.fieldnames or [])
        for row in reader:
            rows += 1
            call = _call(row, reader.line_num, mapping)
            if isinstance(call, Problem):
                problems.append(call)
                left_out |= {} if (cad_id := _cell(row, mapping.columns.cad_id, mapping)) is None else {cad_id: None}
                continue
            problems += _remarks(call, calls.get(call.cad_id, []))
            calls.setdefault(call.cad_id, []).append(call)
    ordered = sorted(map(_together, calls.values()), key=lambda call: (call.received_at, call.cad_id))
    unread = [cad_id for cad_id in left_out if cad_id not in calls]
    return Log(path=path, columns=columns, rows=rows, calls=ordered, problems=problems, left_out=unread)


def _call(row: Mapping[str, str | None], line: int, mapping: CadMapping) -> LoggedCall | Problem:
    columns = mapping.columns

    def cell(column: str | None) -> str | None:
        return _cell(row, column, mapping)

    if (unreadable := _unreadable(row)) is not None:
        return Problem(line=line, what=unreadable, left_out=True)
    cad_id = cell(columns.cad_id)
    if cad_id is None:
        return Problem(line=line, what="the id is blank", left_out=True)
    if len(cad_id) > _LONGEST_ID or len(cell(columns.case_number) or "") > _LONGEST_ID:
        return Problem(line=line, what=f"an id or case number of more than {_LONGEST_ID} signs", left_out=True)
    if not cad_id.isprintable():
        return Problem(line=line, what=f"the id {cad_id!r} has a character that cannot be printed", left_out=True)
    try:
        times = _times(row, mapping)
    except _BadTime as bad:
        return Problem(line=line, what=f"call {cad_id}: {bad}", left_out=True)
    received = times["received"]
    if received is None:
        return Problem(line=line, what=f"call {cad_id}: no time of receipt", left_out=True)
    cleared = times["cleared"] or (None if times["reopened"] else times["finally_cleared"])
    if cleared is not None and cleared < received - _SKEW:
        return Problem(line=line, what=f"call {cad_id}: cleared before it was received", left_out=True)
    blank_source = "" if "" in mapping.sources else None
    return LoggedCall(
        line=line,
        cad_id=cad_id,
        case_number=cell(columns.case_number),
        priority_code=cell(columns.priority),
        call_type_code=cell(columns.call_type),
        final_call_type_code=cell(columns.final_call_type),
        source_code=cell(columns.source) or blank_source,
        language_code=cell(columns.language),
        in_progress=_is_up(cell(columns.in_progress)),
        safety_flag=_is_up(cell(columns.safety_flag)),
        phone=cell(columns.phone),
        area=cell(columns.area),
        disposition=cell(columns.disposition),
        received_at=received,
        queued_at=times["queued"],
        call_ended_at=times["call_ended"],
        dispatched_at=times["dispatched"],
        arrived_at=times["arrived"],
        cleared_at=cleared,
        reopened_at=times["reopened"],
        finally_cleared_at=times["finally_cleared"] if times["reopened"] else None,
    )


def _unreadable(row: Mapping[str, str | None]) -> str | None:
    """A row that does not fit its heading was cut off or has shifted: its cells may stand under wrong names."""
    surplus: object = row.get(None)  # type: ignore[call-overload]  # where DictReader puts what has no heading
    if isinstance(surplus, list) and any(cell.strip() for cell in surplus):
        return "it has more cells than the heading"
    if None in row.values():
        return "it has fewer cells than the heading"
    return "it has a NUL character" if any("\0" in cell for cell in row.values() if isinstance(cell, str)) else None


class _BadTime(Exception):  # noqa: N818
    pass


def _times(row: Mapping[str, str | None], mapping: CadMapping) -> dict[str, datetime | None]:
    times: dict[str, datetime | None] = {}
    received: datetime | None = None
    for name in _TIMES:
        columns = columns_of(getattr(mapping.columns, name))
        cell = _written_time(row, columns, mapping)
        try:
            times[name] = None if cell is None else _time(cell, columns, mapping, received=received)
        except (ValueError, OverflowError):
            raise _BadTime(f"{' and '.join(columns)} is {_shown(cell)} not a time") from None
        received = times["received"]
    return times


def _written_time(row: Mapping[str, str | None], columns: Sequence[str], mapping: CadMapping) -> str | None:
    """What stands there, date and time put together; `None` where the step has not come.

    A step on the day of the receipt has a date in any case. Of any other a date without a time, or the other way, says
    that it came, but not when.
    """
    cells = [_cell(row, column, mapping) for column in columns]
    told = [cell for cell in cells if cell is not None]
    if not told or (_is_of_the_same_day(columns, mapping) and cells[-1] is None):
        return None
    if len(told) == len(cells):
        return " ".join(told)
    raise _BadTime(f"of {' and '.join(columns)} one is blank and the other is not")


def _is_of_the_same_day(columns: Sequence[str], mapping: CadMapping) -> bool:
    """The step has no date of its own, only that of the receipt."""
    received = mapping.columns.received
    return len(columns) > 1 and len(received) > 1 and columns[0] == received[0] and tuple(columns) != received


def _time(cell: str, columns: Sequence[str], mapping: CadMapping, *, received: datetime | None) -> datetime:
    zone = ZoneInfo(mapping.zone)
    not_before = None if received is None else received - _SKEW
    written = mapping.times.read(cell)
    time = exact_time(written, zone, not_before=not_before)
    if received is not None and _is_of_the_same_day(columns, mapping) and time < received - _HALF_A_DAY:
        return exact_time(written + timedelta(days=1), zone, not_before=not_before)
    return time


def _shown(cell: str | None) -> str:
    """What stands there, where it looks like a time: anything else could be a name or a number (R3)."""
    looks_like_one = cell is not None and re.fullmatch(r"[0-9:./ TZAPMapm+-]{1,32}", cell) and redact(cell) == cell
    return f"{cell!r}, which is" if looks_like_one else "something that is"


def _cell(row: Mapping[str, str | None], column: str | None, mapping: CadMapping) -> str | None:
    value = (row.get(column) or "").strip() if column is not None else ""
    return None if not value or value in mapping.blank else value


def _is_up(cell: str | None) -> bool:
    """A flag: up unless it is blank or clearly says no. What we do not understand silences (R1)."""
    return cell is not None and cell.upper() not in _NO


def _remarks(call: LoggedCall, same: Sequence[LoggedCall]) -> Iterator[Problem]:
    """What is to be said about a row that is played."""
    if same:
        what = f"call {call.cad_id} is in the log twice (first in line {same[0].line}); the rows are taken as one call"
        yield Problem(line=call.line, what=what, left_out=False)
    if _is_stale(call):
        what = f"call {call.cad_id}: its last clearing is older than its reopening; it counts as never cleared again"
        yield Problem(line=call.line, what=what, left_out=False)


def _is_stale(call: LoggedCall) -> bool:
    """39 of 18,989 rows of a real export say so."""
    reopened, cleared = call.reopened_at, call.finally_cleared_at
    return reopened is not None and cleared is not None and cleared <= reopened


def _together(rows: Sequence[LoggedCall]) -> LoggedCall:
    """The rows of one call (two radio jobs, say): from the first receipt to the last clearing, in any order."""
    if len(rows) == 1:
        return replace(rows[0], finally_cleared_at=None) if _is_stale(rows[0]) else rows[0]
    by_receipt = tuple(sorted(rows, key=lambda row: (row.received_at, row.line)))
    ends = known(row.cleared_at for row in rows)
    finals = [
        None if _is_stale(row) else row.finally_cleared_at for row in rows if row.reopened_at or not row.cleared_at
    ]
    return replace(
        by_receipt[0],
        rows=by_receipt,
        queued_at=min(known(row.queued_at for row in rows), default=None),
        call_ended_at=min(known(row.call_ended_at for row in rows), default=None),
        dispatched_at=min(known(row.dispatched_at for row in rows), default=None),
        arrived_at=min(known(row.arrived_at for row in rows), default=None),
        cleared_at=max(ends) if len(ends) == len(rows) else None,
        reopened_at=max(known(row.reopened_at for row in rows), default=None),
        finally_cleared_at=max(known(finals), default=None) if None not in finals else None,
    )
