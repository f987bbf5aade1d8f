"""Logs as tests need them: Ottawa's columns, one line per call."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

COLUMNS = [
    "incident_id",
    "priority_native",
    "type_initial",
    "type_final",
    "source",
    "received",
    "call_ended",
    "dispatched",
    "arrived",
    "first_closed",
    "reopened_at",
    "final_closed",
    "disposition",
    "area",
]
ORDINARY: Mapping[str, str] = {
    "incident_id": "1001",
    "priority_native": "4",
    "type_initial": "NOISE",
    "source": "phone",
    "received": "2026-01-15 12:00:00",
}


def row(**cells: str) -> dict[str, str]:
    return {**dict.fromkeys(COLUMNS, ""), **ORDINARY, **cells}


def log_text(*rows: Mapping[str, str], columns: Sequence[str] = COLUMNS) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def log_file(folder: Path, *rows: Mapping[str, str]) -> Path:
    path = folder / "log.csv"
    path.write_text(log_text(*rows), encoding="utf-8", newline="")
    return path
