"""The cells of one row of a CAD's export: codes, times and flags as `cad.yaml` says."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from policy.cad_columns import columns_of
from policy.cad_mapping import CadMapping
from starter.local_time import exact_time
from watching.redaction import redact

_NO: Final = frozenset({"0", "N", "NO", "F", "FALSE", "NON"})
# Clocks in one house differ by seconds: 56 in 100 rows of a real export begin up to 5 s before they are received.
SKEW: Final = timedelta(seconds=60)
# A step that has the date of the receipt and lies so long before it came after midnight: 70 of a county's dispatches.
_HALF_A_DAY: Final = timedelta(hours=12)
HALF: Final = re.compile("[\ud800-\udfff]")
"""Of a pair of signs that are one together in UTF-16: alone it can be written nowhere."""
TIMES: Final = ("received", "queued", "call_ended", "dispatched", "arrived", "cleared", "reopened", "finally_cleared")


def misfit(row: Mapping[str, str | None]) -> str | None:
    """A row that does not fit its heading was cut off or has shifted: its cells may stand under wrong names."""
    surplus: object = row.get(None)  # type: ignore[call-overload]  # where DictReader puts what has no heading
    if isinstance(surplus, list) and any(cell.strip() for cell in surplus):
        return "it has more cells than the heading"
    if None in row.values():
        return "it has fewer cells than the heading"
    cells = [cell for cell in row.values() if isinstance(cell, str)]
    if any("\0" in cell for cell in cells):
        return "it has a NUL character"
    return "it has half a character" if any(HALF.search(cell) for cell in cells) else None


class BadTime(Exception):  # noqa: N818 - of CAD's making
    """A cell is not a time; the message says which, and nothing personal (R3)."""


def times_of(row: Mapping[str, str | None], mapping: CadMapping) -> dict[str, datetime | None]:
    """The call's moments, each of `TIMES`, exact.

    Raises:
        BadTime: one of them cannot be read.
    """
    times: dict[str, datetime | None] = {}
    received: datetime | None = None
    for name in TIMES:
        columns = columns_of(getattr(mapping.columns, name))
        cell = _written_time(row, columns, mapping)
        try:
            times[name] = None if cell is None else _time(cell, columns, mapping, received=received)
        except (ValueError, OverflowError):
            raise BadTime(f"{' and '.join(columns)} is {_shown(cell)} not a time") from None
        received = times["received"]
    return times


def updated_of(row: Mapping[str, str | None], mapping: CadMapping, *, now: datetime) -> datetime | None:
    """When the row was last written, exact; it was before `now`.

    In the hour that comes twice when the clocks go back the later of the two is meant, as soon as it is over: a row is
    read soon after it was written.

    Raises:
        BadTime: it cannot be read.
    """
    columns = columns_of(mapping.columns.updated)
    cell = _written_time(row, columns, mapping)
    if cell is None:
        return None
    zone = ZoneInfo(mapping.zone)
    try:
        written = mapping.times.read(cell)
        first, second = exact_time(written, zone), exact_time(written, zone, second_time=True)
    except (ValueError, OverflowError):
        raise BadTime(f"{' and '.join(columns)} is {_shown(cell)} not a time") from None
    return second if first < second <= now + SKEW else first


def _written_time(row: Mapping[str, str | None], columns: Sequence[str], mapping: CadMapping) -> str | None:
    """What stands there, date and time put together; `None` where the step has not come.

    A step on the day of the receipt has a date in any case. Of any other a date without a time, or the other way, says
    that it came, but not when.
    """
    cells = [cell_of(row, column, mapping) for column in columns]
    told = [cell for cell in cells if cell is not None]
    if not told or (_is_of_the_same_day(columns, mapping) and cells[-1] is None):
        return None
    if len(told) == len(cells):
        return " ".join(told)
    raise BadTime(f"of {' and '.join(columns)} one is blank and the other is not")


def _is_of_the_same_day(columns: Sequence[str], mapping: CadMapping) -> bool:
    """The step has no date of its own, only that of the receipt."""
    received = mapping.columns.received
    return len(columns) > 1 and len(received) > 1 and columns[0] == received[0] and tuple(columns) != received


def _time(cell: str, columns: Sequence[str], mapping: CadMapping, *, received: datetime | None) -> datetime:
    zone = ZoneInfo(mapping.zone)
    not_before = None if received is None else received - SKEW
    written = mapping.times.read(cell)
    time = exact_time(written, zone, not_before=not_before)
    if received is not None and _is_of_the_same_day(columns, mapping) and time < received - _HALF_A_DAY:
        return exact_time(written + timedelta(days=1), zone, not_before=not_before)
    return time


def _shown(cell: str | None) -> str:
    """How it is written, where it looks like a time, with a 9 for each digit (R3): a date of birth looks like one, and
    so do a social insurance number and a local telephone number. Anything else could be a name."""
    looks_like_one = cell is not None and re.fullmatch(r"[0-9:./ TZAPMapm+-]{1,32}", cell) and redact(cell) == cell
    return f"like {re.sub('[0-9]', '9', cell)!r}, which is" if looks_like_one and cell else "something that is"


def cell_of(row: Mapping[str, str | None], column: str | None, mapping: CadMapping) -> str | None:
    """What stands there; `None` where nothing does, or what the folder calls blank."""
    value = (row.get(column) or "").strip() if column is not None else ""
    return None if not value or value in mapping.blank else value


def is_up(cell: str | None) -> bool:
    """A flag: up unless it is blank or clearly says no. What we do not understand silences (R1)."""
    return cell is not None and cell.upper() not in _NO
