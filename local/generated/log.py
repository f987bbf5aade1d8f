"""Writes a generated log: CSV in the layout that Ottawa's `cad.yaml` reads, day by day."""

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final, TextIO
from zoneinfo import ZoneInfo

from local.errors import LocalError
from local.generated.blemishes import Row, skewed, spoil
from local.generated.days import Recipe, counts_by_day
from local.generated.lives import Life
from local.generated.mix import GeneratedCall, calls_of_day
from policy.agency import Agency
from policy.cad_times import CadTimes

__all__ = ["COLUMNS", "Counts", "Recipe", "write_log"]

COLUMNS: Final = (
    *("incident_id", "agency", "priority_native", "priority_5", "type_initial", "type_final", "source", "language"),
    *("received", "queued", "call_ended", "dispatched", "acked", "enroute", "arrived", "first_unit_cleared"),
    *("first_closed", "reopened", "reopened_at", "final_closed", "disposition", "area", "note"),
)
# Alexandria: 6.9 % of ids are lower than the one before them; a new number was drawn before the other call was saved.
_IDS_OUT_OF_ORDER: Final = 0.069
_NAIVE: Final = len("2026-01-15 17:00:00")
_IDS_A_DAY: Final = 10_000  # the day of the year, then the call of the day; the fullest storm day has some 3,500


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What was written. `rows` are a few more than `calls`: some stand twice."""

    days: int
    rows: int
    calls: int
    priority_3: int
    priority_4: int


def write_log(path: Path, agency: Agency, recipe: Recipe, *, on_day: Callable[[int], None] | None = None) -> Counts:
    """Write the recipe's log to `path`, gzip where that ends in `.gz`; equal recipes write equal bytes.

    `on_day` hears after each day how many are written. A day is in memory at a time, a year never. The file appears
    under its name when it is whole.

    Raises:
        LocalError: the agency reads other columns, or the file cannot be written.
    """
    _require_our_columns(agency)
    if path.is_dir():
        raise LocalError(f"{path}: is a folder; name the file to write, such as calls.csv.gz")
    zone = ZoneInfo(agency.cad.zone)
    part = path.with_name(f".{path.name}.part")
    rows = 0
    try:
        with _writing(part, zipped=path.suffix == ".gz") as text:
            writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
            writer.writeheader()
            counts = counts_by_day(recipe)
            for index, count in enumerate(counts):
                of_day = list(rows_of_day(recipe, zone, index, count))
                writer.writerows(of_day)
                rows += len(of_day)
                if on_day is not None:
                    on_day(index + 1)
        part.replace(path)
    except OSError as error:
        raise LocalError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return Counts(
        days=recipe.days,
        rows=rows,
        calls=sum(sum(count.values()) for count in counts),
        priority_3=sum(count[3] for count in counts),
        priority_4=sum(count[4] for count in counts),
    )


def rows_of_day(recipe: Recipe, zone: ZoneInfo, index: int, counts: dict[int, int]) -> Iterator[Row]:
    """The rows of the recipe's day `index`, in the order of receipt."""
    day = recipe.day(index)
    dice = recipe.dice(day, "rows")
    calls = calls_of_day(recipe, zone, index, counts)
    note = f"generated, seed {recipe.seed}: not a real call"
    for call, incident_id in zip(calls, _ids(day, len(calls), dice), strict=True):
        row = _row(call, skewed(call, dice), incident_id, zone) | {"note": note}
        yield from spoil(row, dice)


def _require_our_columns(agency: Agency) -> None:
    if "phone" not in agency.cad.sources:
        raise LocalError(
            f"a generated log has Ottawa's codes, and the cad.yaml of {agency.key} knows no source 'phone': "
            "make the log for agencies/ottawa, or for a folder whose CAD writes the same codes"
        )
    if (agency.cad.times, agency.cad.delimiter, agency.cad.encoding) != (CadTimes(), ",", "utf-8"):
        raise LocalError(
            f"a generated log is CSV in UTF-8 with ISO times, and the cad.yaml of {agency.key} reads another file: "
            "make the log for agencies/ottawa, or for a folder whose CAD writes the same"
        )
    missing = [column for column in agency.cad.columns.required if column not in COLUMNS]
    if missing:
        raise LocalError(
            f"a generated log has no column {missing[0]!r}, which the cad.yaml of {agency.key} names: "
            "make the log for agencies/ottawa, or for a folder whose cad.yaml names the same columns"
        )


@contextmanager
def _writing(path: Path, *, zipped: bool) -> Iterator[TextIO]:
    """A text file to write to. Neither name nor time goes into a gzip file, so that equal logs are equal bytes."""
    with path.open("wb") as file:
        if not zipped:
            with io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
                yield text
            return
        with (
            gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
        ):
            yield text


def _ids(day: date, count: int, dice: Random) -> list[str]:
    """Ids like "26-0151234", unique over the years; some neighbours have changed places."""
    numbers = [day.timetuple().tm_yday * _IDS_A_DAY + place for place in range(1, count + 1)]
    for first, second in pairwise(range(count)):
        if dice.random() < _IDS_OUT_OF_ORDER:
            numbers[first], numbers[second] = numbers[second], numbers[first]
    return [f"{day:%y}-{number:07d}" for number in numbers]


def _row(call: GeneratedCall, life: Life, incident_id: str, zone: ZoneInfo) -> Row:
    def local(moment: int | None) -> str:
        return "" if moment is None else datetime.fromtimestamp(moment, zone).isoformat(" ")[:_NAIVE]

    return {
        "incident_id": incident_id,
        "agency": "GENERATED",
        "priority_native": str(call.priority),
        "priority_5": str(call.priority),
        "type_initial": call.type_initial,
        "type_final": call.type_final,
        "source": call.source,
        "language": call.language,
        "received": local(life.received),
        "queued": local(life.queued),
        "call_ended": local(life.call_ended),
        "dispatched": local(life.dispatched),
        "acked": local(life.acked),
        "enroute": local(life.enroute),
        "arrived": local(life.arrived),
        "first_unit_cleared": local(life.first_unit_cleared),
        "first_closed": local(life.first_closed),
        "reopened": "N" if life.reopened_at is None else "Y",
        "reopened_at": local(life.reopened_at),
        "final_closed": local(life.final_closed),
        "disposition": call.disposition,
        "area": call.area,
    }
