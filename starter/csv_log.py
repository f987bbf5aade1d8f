"""A log of calls, as a CAD system exports it: CSV, gzip or not, read as the agency's folder says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from calls.facts import known
from policy.cad_mapping import CadMapping
from starter.log_file import LogError, rows_of
from starter.readers.cells import SKEW, BadTime, cell_of, is_up, misfit, times_of
from starter.readers.told import LONGEST_ID

__all__ = ["Log", "LogError", "LoggedCall", "Problem", "read_log"]


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
                left_out |= {} if (cad_id := cell_of(row, mapping.columns.cad_id, mapping)) is None else {cad_id: None}
                continue
            problems += _remarks(call, calls.get(call.cad_id, []))
            calls.setdefault(call.cad_id, []).append(call)
    ordered = sorted(map(_together, calls.values()), key=lambda call: (call.received_at, call.cad_id))
    unread = [cad_id for cad_id in left_out if cad_id not in calls]
    return Log(path=path, columns=columns, rows=rows, calls=ordered, problems=problems, left_out=unread)


def _call(row: Mapping[str, str | None], line: int, mapping: CadMapping) -> LoggedCall | Problem:
    columns = mapping.columns

    def cell(column: str | None) -> str | None:
        return cell_of(row, column, mapping)

    if (unreadable := misfit(row)) is not None:
        return Problem(line=line, what=unreadable, left_out=True)
    cad_id = cell(columns.cad_id)
    if cad_id is None:
        return Problem(line=line, what="the id is blank", left_out=True)
    if len(cad_id) > LONGEST_ID or len(cell(columns.case_number) or "") > LONGEST_ID:
        return Problem(line=line, what=f"an id or case number of more than {LONGEST_ID} signs", left_out=True)
    if not cad_id.isprintable():
        return Problem(line=line, what=f"the id {cad_id!r} has a character that cannot be printed", left_out=True)
    try:
        times = times_of(row, mapping)
    except BadTime as bad:
        return Problem(line=line, what=f"call {cad_id}: {bad}", left_out=True)
    received = times["received"]
    if received is None:
        return Problem(line=line, what=f"call {cad_id}: no time of receipt", left_out=True)
    cleared = times["cleared"] or (None if times["reopened"] else times["finally_cleared"])
    if cleared is not None and cleared < received - SKEW:
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
        in_progress=is_up(cell(columns.in_progress)),
        safety_flag=is_up(cell(columns.safety_flag)),
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
