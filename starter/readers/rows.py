"""One row of a live feed, a file's or a view's: what the call is like now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from policy.cad_mapping import CadMapping
from starter.readers.cells import HALF, SKEW, BadTime, cell_of, is_up, misfit, times_of, updated_of
from starter.readers.told import LONGEST_CODE, LONGEST_ID, Told, Unreadable, id_in_words

Row = Mapping[str, str | None]


def read_row(row: Row, mapping: CadMapping, *, now: datetime) -> Told | Unreadable:
    """Read a row under its headings as `cad.yaml` says. `now`: the time of receipt.

    Unlike in a log that is played, what is not told may follow in a later row.
    """
    if (unfit := misfit(row)) is not None:
        cells = [cell for cell in row.values() if isinstance(cell, str)]
        return of_a_misfit(unfit, list(row), cells, mapping)
    cad_id = cell_of(row, mapping.columns.cad_id, mapping)
    if cad_id is None:
        return Unreadable(what="the id is blank")
    if not is_fit_as_id(cad_id):
        return Unreadable(what=f"the id has more than {LONGEST_ID} signs, or one that cannot be printed")
    codes = _codes(row, cad_id, mapping)
    if len(codes.case_number or "") > LONGEST_ID:
        return Unreadable(
            what=f"call {id_in_words(cad_id)}: a case number of more than {LONGEST_ID} signs", salvage=codes
        )
    if (too_long := _too_long(codes)) is not None:
        return Unreadable(
            what=f"call {id_in_words(cad_id)}: a {too_long} of more than {LONGEST_CODE} signs", salvage=codes
        )
    try:
        return _with_times(codes, row, mapping, now=now)
    except BadTime as bad:
        return Unreadable(what=f"call {id_in_words(cad_id)}: {bad}", salvage=codes)


def of_a_misfit(what: str, heading: Sequence[str], cells: Sequence[str], mapping: CadMapping) -> Unreadable:
    """A row that does not fit its heading, with what it may say of danger (R1).

    A cell is missing or too many, and nobody knows where: before that place the cells stand where they should counted
    from the left, after it counted from the right.
    """
    legible = [HALF.sub("", cell.replace("\0", "")) for cell in cells]
    from_left = dict(zip(heading, legible, strict=False))
    from_right = dict(zip(reversed(heading), reversed(legible), strict=False))
    ids = (cell_of(row, mapping.columns.cad_id, mapping) for row in (from_left, from_right))
    cad_id = next((one for one in ids if one is not None and is_fit_as_id(one)), None)
    if cad_id is None:
        return Unreadable(what=what)
    salvage, shifted = (_codes(row, cad_id, mapping) for row in (from_left, from_right))
    return Unreadable(what=what, salvage=salvage, shifted=None if shifted == salvage else shifted)


def is_fit_as_id(text: str) -> bool:
    """It can be kept, and shown."""
    return len(text) <= LONGEST_ID and text.isprintable()


def _codes(row: Row, cad_id: str, mapping: CadMapping) -> Told:
    columns = mapping.columns

    def cell(column: str | None) -> str | None:
        return cell_of(row, column, mapping)

    first, final = cell(columns.call_type), cell(columns.final_call_type)
    return Told(
        cad_id=cad_id,
        case_number=cell(columns.case_number),
        priority_code=cell(columns.priority),
        call_type_code=final or first,
        first_call_type_code=first,
        source_code=cell(columns.source) or ("" if "" in mapping.sources else None),
        language_code=cell(columns.language),
        area=cell(columns.area),
        disposition=cell(columns.disposition),
        in_progress=is_up(cell(columns.in_progress)),
        safety_flag=is_up(cell(columns.safety_flag)),
        phone=cell(columns.phone),
        call_taker_key=cell(columns.call_taker_key),
        officer_key=cell(columns.officer_key),
    )


def _too_long(codes: Told) -> str | None:
    """What is no code, but prose that somebody wrote there."""
    told = {
        "type": max(codes.call_type_code or "", codes.first_call_type_code or "", key=len),
        "priority": codes.priority_code,
        "source": codes.source_code,
        "language": codes.language_code,
        "disposition": codes.disposition,
        "district": codes.area,
    }
    return next((name for name, code in told.items() if len(code or "") > LONGEST_CODE), None)


def _with_times(codes: Told, row: Row, mapping: CadMapping, *, now: datetime) -> Told:
    """The row's moments as well.

    Raises:
        BadTime: one cannot be read, or contradicts another.
    """
    times = times_of(row, mapping)
    received, reopened = times["received"], times["reopened"]
    cleared = _last_clearing(times["cleared"], reopened, times["finally_cleared"])
    if received is not None and cleared is not None and cleared < received - SKEW:
        raise BadTime("cleared before it was received")
    return replace(
        codes,
        stamp=updated_of(row, mapping, now=now),
        received_at=received,
        queued_at=times["queued"],
        call_ended_at=times["call_ended"],
        dispatched_at=times["dispatched"],
        arrived_at=times["arrived"],
        cleared_at=cleared,
        reopened_at=reopened,
    )


def _last_clearing(cleared: datetime | None, reopened: datetime | None, finally_: datetime | None) -> datetime | None:
    """39 of 18,989 rows of a real export have a last clearing that is older than the reopening: it is a stale one."""
    is_stale = finally_ is not None and reopened is not None and finally_ <= reopened
    return finally_ if finally_ is not None and not is_stale else cleared
