"""How rows go wrong between a CAD system and its export: rarely, and as was seen in real ones.

A row that is left out by whoever reads it, or that stands twice, changes how many calls there are; such slips fall on
other priorities than 3 and 4, whose count is exact.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from local.generated.days import LOW
from local.generated.lives import Life
from local.generated.mix import GeneratedCall

Row = dict[str, str]
"""A row of the log: the text of each column."""

# Shares of all rows, or of those that the slip falls on.
_BLANK_ID: Final = 11 / 18_989  # Alexandria
_TWICE: Final = 0.002  # fewer than New York's 65 of 8,217 (0.8 %)
_TWICE_WITH_ANOTHER_END: Final = 3 / 1_013  # SLO; the other 1,010 are identical
_LITERAL_NULL: Final = 0.005  # Alexandria, in some weeks' files: how many was not counted
_STARTS_EARLY: Final = 0.56  # Alexandria: start fields up to 5 s before receipt; here of what officers begin
_DISPATCHED_BEFORE_QUEUED: Final = 3 / 18_989  # Alexandria: the time is written anew when a call is queued again
_WITHOUT_DATE: Final = 0.0002  # SLO and pages to cell phones write the time of day alone; a rate was not measured
_UNKNOWN_PRIORITY: Final = 0.0002  # an assumption
_LOW_CELLS: Final = frozenset(str(priority) for priority in LOW)
_TIMES: Final = ("dispatched", "arrived", "first_closed")


def skewed(call: GeneratedCall, dice: Random) -> Life:
    """The call's times where clocks differ by seconds, or a queue was written down anew."""
    life = call.life
    if life.dispatched is None:
        return life
    if call.source == "officer" and life.dispatched <= life.queued and dice.random() < _STARTS_EARLY:
        return replace(life, dispatched=life.received - dice.randint(0, 5))
    if dice.random() < _DISPATCHED_BEFORE_QUEUED:
        return replace(life, queued=life.dispatched + dice.randint(60, 12 * 3_600))
    return life


def spoil(row: Row, dice: Random) -> list[Row]:
    """The row as it comes out of the export: itself or what became of it, and perhaps twice."""
    if dice.random() < _LITERAL_NULL:
        row = {column: cell or "NULL" for column, cell in row.items()}
    if row["priority_native"] in _LOW_CELLS:
        return [row]
    return _miscount(row, dice)


def _miscount(row: Row, dice: Random) -> list[Row]:
    chance = dice.random()
    for share, slip in (
        (_BLANK_ID, {"incident_id": ""}),
        (_UNKNOWN_PRIORITY, {"priority_native": "9", "priority_5": ""}),
    ):
        if chance < share:
            return [row | slip]
        chance -= share
    if chance < _WITHOUT_DATE:
        written = [column for column in _TIMES if len(row[column]) == len("2026-01-15 17:00:00")]
        return [row | {column: row[column][-len("17:00:00") :] for column in written[-1:]}]
    if dice.random() >= _TWICE:
        return [row]
    if dice.random() < _TWICE_WITH_ANOTHER_END and row["final_closed"] not in ("", "NULL"):
        return [row, row | {"final_closed": _moved(row["final_closed"], seconds=dice.randint(60, 900))}]
    return [row, row]


def _moved(cell: str, *, seconds: int) -> str:
    return (datetime.fromisoformat(cell) + timedelta(seconds=seconds)).isoformat(" ")
