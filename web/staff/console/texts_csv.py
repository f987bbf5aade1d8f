"""Texts as a table for a spreadsheet: UTF-8 with its mark, so that Excel reads it; nothing in it becomes a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from calls.clock import Clock
from calls.contracts import LedgerState
from web.staff.all_texts import OneText
from web.staff.console.spreadsheet import no_formula

COLUMNS: Final = (
    "due_at",
    "kind",
    "sequence",
    "language",
    "state",
    "rule",
    "error_code",
    "segments",
    "sent_at",
    "settled_at",
    "delivered_at",
    "policy_version",
    "wording_version",
    "case_number",
)
"""For good: people's spreadsheets and scripts go by these names. New ones come at the end. The values are those of the
ledger, in every language the same."""
_MARK: Final = "\ufeff"


def csv_of(batches: Iterable[Sequence[OneText]], *, clock: Clock, zone: ZoneInfo) -> Iterator[bytes]:
    """The file, piece by piece: the heading at once, then a piece for each batch. Times are the service's, as the
    agency's clocks show them, with their distance from UTC."""
    yield (_MARK + _lines([COLUMNS])).encode()
    for batch in batches:
        yield _lines(_cells(text, clock, zone) for text in batch).encode()


def delivered_at(text: OneText, clock: Clock) -> datetime | None:
    """When we heard that it is on the phone, in the service's time."""
    return clock.at(text.updated_real) if text.state == LedgerState.DELIVERED else None


def sent_at(text: OneText, clock: Clock) -> datetime | None:
    """When the carrier was first asked to send it, in the service's time."""
    return None if text.sent_real is None else clock.at(text.sent_real)


def _cells(text: OneText, clock: Clock, zone: ZoneInfo) -> list[object]:
    return [
        _time(text.due_at, zone),
        text.kind,
        text.sequence,
        text.language,
        text.state,
        no_formula(text.rule or ""),
        text.error_code,
        text.segments,
        _time(sent_at(text, clock), zone),
        _time(text.settled_at, zone),
        _time(delivered_at(text, clock), zone),
        no_formula(text.policy_version or ""),
        no_formula(text.wording_version or ""),
        no_formula(text.case_number or ""),
    ]


def _lines(rows: Iterable[Sequence[object]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")
