"""What a simulation leaves in its folder: two lists to join on, the figures, and a page for those who decide.

The bytes depend on the simulation alone. Lines end in a line feed, the encoding is UTF-8 without a mark at the start,
which would become a part of the first column's name wherever the lists are joined.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from local.simulation.outcome import DecidedCall, SimulatedText, Simulation
from local.simulation.report import DECISION_COLUMNS, FORMULA_SIGNS, TEXT_COLUMNS, report
from local.simulation.summary import Summary, summarize

DECISIONS: Final = "decisions.csv"
TEXTS: Final = "texts.csv"
SUMMARY: Final = "summary.json"
REPORT: Final = "report.html"

_QUOTED: Final = re.compile('[,"\r\n]')
_GUARD: Final = "'"


def write_all(simulation: Simulation, folder: Path) -> None:
    """Write `decisions.csv`, `texts.csv`, `summary.json` and `report.html`, each of them all or nothing.

    What an earlier simulation left under these names is replaced, once all four are written.
    """
    summary = summarize(simulation)
    contents = {
        DECISIONS: decisions_csv(simulation.calls),
        TEXTS: texts_csv(simulation.texts),
        SUMMARY: summary_json(summary),
        REPORT: report(simulation, summary),
    }
    folder.mkdir(parents=True, exist_ok=True)
    fresh = {folder / f"{name}.new": folder / name for name in contents}
    try:
        for path, content in zip(fresh, contents.values(), strict=True):
            path.write_text(content, encoding="utf-8", newline="")
        for path, name in fresh.items():
            path.replace(name)
    finally:
        for path in fresh:
            path.unlink(missing_ok=True)


def decisions_csv(calls: Iterable[DecidedCall]) -> str:
    """One line for each call, in the order given."""
    rows = ((call.call_id, call.eligible, call.rule, guarded(call.reason)) for call in calls)
    return csv_of(DECISION_COLUMNS, rows)


def texts_csv(texts: Iterable[SimulatedText]) -> str:
    """One line for each text, in the order given. Times are cut to whole seconds, in the zone that they carry."""
    rows = (
        (
            *(text.call_id, text.kind, text.sequence, text.language, text.segments),
            *(_moment(text.due_at), _moment(text.sent_at)),
            *(text.outcome, text.rule, guarded(text.reason)),
        )
        for text in texts
    )
    return csv_of(TEXT_COLUMNS, rows)


def summary_json(summary: Summary) -> str:
    """The figures as JSON: amounts of money as strings, times and days in ISO 8601."""
    figures = asdict(summary)
    figures["texts"]["by_day"] = {day.isoformat(): kinds for day, kinds in summary.texts.by_day.items()}
    return json.dumps(figures, default=_plain, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _plain(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat(timespec="seconds")
        case Decimal():
            return f"{value:f}"
    raise TypeError(f"{type(value).__name__} has no place in the figures")


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def guarded(reason: str | None) -> str | None:
    """The reason, made harmless where a spreadsheet would run it: reasons quote codes of CAD.

    The call's id is CAD's, too, and is not guarded: it must stay what it is in the log, byte for byte, since others
    join on it. The report says how to open the file where an id of the log begins like a formula.
    """
    return _GUARD + reason if reason is not None and reason.startswith(FORMULA_SIGNS) else reason


def csv_of(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """RFC 4180 with line feeds. Python 3.11's `csv` leaves a carriage return bare, and readers end the line there."""
    return "".join(",".join(map(_cell, row)) + "\n" for row in (columns, *rows))


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
