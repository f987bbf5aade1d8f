"""What is measured every 30 seconds: memory, the sizes of the databases, how late texts are. One line of a CSV each."""

import csv
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy import Engine, text

from local.box import Box
from local.processes import Supervisor

SAMPLES: Final = "samples.csv"
PROCESSES: Final = ("worker", "starter", "web", "cad", "phones", "Temporal", "PostgreSQL")
TABLES: Final = ("call", "cad_record", "text", "survey_invitation")
"""The four that grow with the calls; the others are counted together."""
EVERY_SECONDS: Final = 30.0
_SIZES: Final = text(
    "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
    "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
_OPEN: Final = text("SELECT count(*) FROM call WHERE ended_reason IS NULL")
COLUMNS: Final = (
    *("at", "run", "fed", "open", "late_p99", "rate"),
    *(f"{name} kB" for name in PROCESSES),
    *(f"{name} cpu" for name in (*PROCESSES, "feeder")),
    *(f"{name} bytes" for name in (*TABLES, "other tables", "Temporal", "phones")),
)


class Samples:
    """Appends to the file; `run` counts the runs."""

    def __init__(self, path: Path, *, box: Box, supervisor: Supervisor, engine: Engine, run: int) -> None:
        self._path = path
        self._box = box
        self._supervisor = supervisor
        self._engine = engine
        self._run = run

    def take(self, *, fed: int, late_p99: float, rate: float) -> int:
        """Measure now; how many calls are open."""
        with self._engine.connect() as connection:
            sizes = {name: int(size) for name, size in connection.execute(_SIZES)}
            open_ = int(connection.execute(_OPEN).scalar_one())
        line: dict[str, object] = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "run": self._run,
            "fed": fed,
            "open": open_,
            "late_p99": round(late_p99, 3),
            "rate": round(rate, 2),
            "other tables bytes": sum(size for name, size in sizes.items() if name not in TABLES),
            "Temporal bytes": _file_bytes(self._box.state.temporal_db),
            "phones bytes": _file_bytes(self._box.state.carrier_db),
        }
        line |= {f"{name} bytes": sizes.get(name, 0) for name in TABLES}
        line |= {f"{name} kB": kilobytes(self._supervisor.pid(name)) for name in PROCESSES}
        line |= {f"{name} cpu": round(processor_seconds(self._supervisor.pid(name)), 1) for name in PROCESSES}
        line |= {"feeder cpu": round(sum(psutil.Process().cpu_times()[:2]), 1)}
        is_new = not self._path.exists()
        with self._path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if is_new:
                writer.writeheader()
            writer.writerow(line)
        return open_


def read_samples(path: Path) -> list[Mapping[str, float]]:
    """The lines of the file, all but the times as numbers."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {name: float(cell) for name, cell in line.items() if name != "at" and cell} for line in csv.DictReader(file)
        ]


def kilobytes(pid: int | None) -> int:
    """PSS of a process and its children in kB of 1,024 bytes: what they share is counted once. 0: it does not run."""
    if pid is None:
        return 0
    try:
        process = psutil.Process(pid)
        return sum(_pss(one) for one in (process, *process.children(recursive=True))) // 1024
    except psutil.NoSuchProcess:
        return 0


def processor_seconds(pid: int | None) -> float:
    """What a process and its children have used of the processor, since this run started them."""
    if pid is None:
        return 0.0
    try:
        process = psutil.Process(pid)
        return sum(sum(one.cpu_times()) for one in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0.0


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def _file_bytes(path: Path) -> int:
    """The pages in use; those of SQLite's journal are not counted, which is emptied again and again."""
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return 0
    try:
        pages, free, size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
    return (pages - free) * size
