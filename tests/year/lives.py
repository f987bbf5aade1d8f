"""The calls of a generated Ottawa year, and one call's life moved to another time.

Only priority 3 and 4, the city's own 274,075 (`local/generated/days.py`): the priorities that Ottawa texts, and whose
rows the generator neither doubles nor spoils. Those among them whom nobody texts (officers' jobs, sensitive types,
unknown sources) come along.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from local.generated.days import LOW, Recipe, counts_by_day
from local.generated.log import rows_of_day
from starter.fictional_numbers import fictional_number

CALLS_A_YEAR: Final = 274_075
_NOT_TOLD: Final = frozenset({"", "NULL"})
_TIMES: Final = {
    "received": "received_at",
    "queued": "queued_at",
    "call_ended": "call_ended_at",
    "dispatched": "dispatched_at",
    "arrived": "arrived_at",
    "first_closed": "cleared_at",
    "reopened_at": "reopened_at",
    "final_closed": "cleared_at",
}
"""Columns of a generated log, and what a pushed record calls them."""
_OTHER_TIMES: Final = ("acked", "enroute", "first_unit_cleared")
_CODES: Final = {
    "incident_id": "case_number",
    "priority_native": "priority",
    "type_initial": "call_type",
    "source": "source",
    "language": "language",
    "area": "area",
}

Row = Mapping[str, str]
"""A call as a line of a log: the text of each column."""
Told = dict[str, str]
"""What one pushed record says (docs/cad-push.md)."""


def the_year(zone: ZoneInfo, *, seed: int = 1, first_day: date = date(2026, 1, 1)) -> Iterator[dict[str, str]]:
    """Every call of the year in the order of receipt, a day in memory at a time. Times are the zone's own."""
    recipe = Recipe(seed=seed, first_day=first_day, days=365, storm=False)
    for index, counts in enumerate(counts_by_day(recipe)):
        yield from rows_of_day(recipe, zone, index, {priority: counts[priority] for priority in LOW})


def moved(row: Row, *, received: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The same life, received at that moment: everything else as long after it as it was. Its times are UTC."""
    begins = _in_utc(row["received"], zone)
    received = received.astimezone(UTC).replace(microsecond=0)
    result = dict(row)
    for column in (*_TIMES, *_OTHER_TIMES):
        if row[column] not in _NOT_TOLD:
            moment = received + (_in_utc(row[column], zone) - begins)
            result[column] = moment.replace(tzinfo=None).isoformat(" ")
    return result


def _in_utc(cell: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(cell).replace(tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, kw_only=True, order=True)
class Record:
    """What CAD tells of a call at a moment."""

    at: datetime
    call: str
    told: Told


def records(row: Row, *, number: int) -> list[Record]:
    """What CAD tells of the `number`-th call (from 0; its row has UTC times): first all that is known at its receipt,
    then each step when it happens. With the clearing comes what the call turned out to be, and what came of it."""
    received = moment(row["received"])
    first: Told = {"phone": fictional_number(number), "received_at": _rfc(received)}
    first |= {field: row[column] for column, field in _CODES.items() if row[column] not in _NOT_TOLD}
    told: dict[datetime, Told] = {received: first}
    clearings = 0
    for column, field in _TIMES.items():
        if row[column] in _NOT_TOLD or column == "received" or not _counts(row, column):
            continue
        at = max(moment(row[column]), received)
        step = {field: _rfc(moment(row[column]))}
        if field == "cleared_at" and not clearings:
            clearings, step = 1, step | _end_of(row)
        told[at] = told.get(at, {}) | step
    call = row["incident_id"]
    return [
        Record(at=at, call=call, told={"cad_id": call, "updated_at": _rfc(at), **what})
        for at, what in sorted(told.items())
    ]


def moments(row: Row) -> list[datetime]:
    """When something was told of the call."""
    return [moment(row[column]) for column in _TIMES if row[column] not in _NOT_TOLD and _counts(row, column)]


def moment(cell: str) -> datetime:
    """A time of a moved row."""
    return datetime.fromisoformat(cell).replace(tzinfo=UTC)


def _counts(row: Row, column: str) -> bool:
    """A last clearing is told of a call that was reopened before it; of any other it is the first one again."""
    if column != "final_closed" or row["first_closed"] in _NOT_TOLD:
        return True
    return row["reopened_at"] not in _NOT_TOLD and moment(row["final_closed"]) > moment(row["reopened_at"])


def _end_of(row: Row) -> Told:
    found = {"disposition": row["disposition"]}
    if row["type_final"] != row["type_initial"]:
        found["call_type"] = row["type_final"]
    return {field: value for field, value in found.items() if value not in _NOT_TOLD}


def _rfc(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat() + "Z"


def span(row: Row) -> timedelta:
    """From the receipt to the last that is told."""
    return max(moments(row)) - moment(row["received"])
