"""The monthly report for a spreadsheet: a figure a line, and a line for every time in which texts were stopped."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from insights.counted import Counted
from insights.small import Hidden
from insights.values import Line, Value
from web.staff.console.spreadsheet import no_formula

COLUMNS: Final = (
    *("month", "section", "figure", "about", "unit", "value", "of", "share", "low", "high"),
    *("value_before", "of_before", "share_before", "began", "ended", "by", "why"),
)
"""For good: people's spreadsheets and scripts go by these names. New ones come at the end. `about` and `why` are as
they stand on record, in every language the same."""
_MARK: Final = "\ufeff"


def report_csv(month: Counted, sections: Mapping[str, Sequence[Line]], *, at_least: int, zone: ZoneInfo) -> str:
    """All tables of the report, below each other."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for name, lines in sections.items():
        writer.writerows(
            [no_formula(cell) for cell in _cells(str(month.month), name, line, at_least)] for line in lines
        )
    writer.writerows([no_formula(cell) for cell in row] for row in _stops(month, zone))
    return _MARK + written.getvalue()


def _cells(month: str, section: str, line: Line, at_least: int) -> list[str]:
    sure = line.now.sure
    return [
        *(month, section, line.figure, line.about, line.now.unit.value),
        *(_number(line.now, at_least), _of(line.now), _share(line.now)),
        *(("", "") if sure is None else (f"{sure.low:.4f}", f"{sure.high:.4f}")),
        *(_number(line.before, at_least), _of(line.before), _share(line.before)),
        *("", "", "", ""),
    ]


def _stops(month: Counted, zone: ZoneInfo) -> Iterator[list[str]]:
    for stop in month.stops:
        yield [
            *(str(month.month), "stops", stop.what, stop.of, "seconds", str(round(stop.in_month.total_seconds()))),
            *([""] * 7),
            *(_time(stop.began, zone), _time(stop.ended, zone), stop.by, stop.why),
        ]


def _number(value: Value, at_least: int) -> str:
    if value.hidden is not None:
        return f"fewer than {at_least}" if value.hidden is Hidden.FEW else "not shown"
    if isinstance(value.number, Decimal):
        return f"{value.number:f}"
    return "" if value.number is None else str(value.number)


def _of(value: Value) -> str:
    return "" if value.of is None else str(value.of)


def _share(value: Value) -> str:
    return "" if value.share is None else f"{value.share:.4f}"


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")
