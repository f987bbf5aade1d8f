"""Runs `communityconnect simulate` as somebody at a terminal does, and reads what it wrote."""

import csv
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from settings import child_environment, python
from tests.simulation.by_the_policy import Expected, expected

ROOT = Path(__file__).parents[2]
AGENCIES = ROOT / "agencies"
NEW_YORK = AGENCIES / "new-york"
NEW_YORKS_LOG = NEW_YORK / "sample" / "calls-2024.csv.gz"
SAN_DIEGO = AGENCIES / "san-diego"
SAN_DIEGOS_LOG = SAN_DIEGO / "sample" / "calls-2023-01.csv.gz"
OTTAWA = AGENCIES / "ottawa"
COMMAND = (python(), "-m", "cli.main")
FILES = ("decisions.csv", "texts.csv", "summary.json", "report.html")

Text = tuple[str, str, int]
"""Call, kind, sequence."""


@dataclass(frozen=True)
class Outcome:
    """What a simulation wrote."""

    decisions: dict[str, tuple[str, str]]
    texts: dict[Text, dict[str, str]]

    def due(self, outcome: str) -> dict[Text, datetime]:
        rows = {key: row for key, row in self.texts.items() if row["outcome"] == outcome}
        return {key: datetime.fromisoformat(row["due_at"]) for key, row in rows.items()}

    def lateness(self) -> list[timedelta]:
        sent = [row for row in self.texts.values() if row["sent_at"]]
        return [datetime.fromisoformat(row["sent_at"]) - datetime.fromisoformat(row["due_at"]) for row in sent]


def command(log: Path, agency: Path, out: Path, *options: str) -> list[str]:
    where = ("--cad", str(log), "--agency", str(agency), "--out", str(out))
    return [*COMMAND, "simulate", *where, *options]


def simulate(log: Path, agency: Path, out: Path, *options: str) -> str:
    """What the command said; fails where it does."""
    done = subprocess.run(command(log, agency, out, *options), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def simulate_otherwise(
    change: str, log: Path, agency: Path, out: Path, *options: str, environment: Mapping[str, str] | None = None
) -> int:
    """Run the command after a change of its own code, made by `change`; with what it ended."""
    first, _module, _name, *arguments = command(log, agency, out, *options)
    return subprocess.run(
        [first, "-c", f"{change}\nfrom cli.main import main\nmain()", *arguments],
        cwd=ROOT,
        env=child_environment(environment or {}),
        capture_output=True,
        check=False,
        timeout=150,
    ).returncode


def generated(log: Path, *, seed: int) -> Path:
    """A generated day of Ottawa's."""
    options = ("--agency", str(OTTAWA), "--seed", str(seed), "--out", str(log))
    subprocess.run([*COMMAND, "generate-day", *options], cwd=ROOT, check=True, capture_output=True)
    return log


def outcome(out: Path) -> Outcome:
    return Outcome(
        decisions={row["call_id"]: (row["eligible"], row["rule"]) for row in _rows(out / "decisions.csv")},
        texts={(row["call_id"], row["kind"], int(row["sequence"])): row for row in _rows(out / "texts.csv")},
    )


def assert_by_the_policy(
    out: Path, log: Path, agency: Path, *, start: datetime | None = None, hours: float | None = None
) -> Outcome:
    """Every decision and every text is what somebody finds who has only read the policy."""
    found = outcome(out)
    wanted: Expected = expected(log, agency, start=start, hours=hours)
    assert found.decisions == wanted.decisions
    assert found.due("sent") == {(text.call_id, text.kind, text.sequence): text.due_at for text in wanted.texts}
    silenced = {call for (call, _, _), row in found.texts.items() if row["outcome"] != "sent"}
    assert all(found.decisions[call][0] == "false" for call in silenced)
    assert {row["outcome"] for row in found.texts.values()} <= {"sent", "suppressed"}
    assert max(found.lateness(), default=timedelta(0)) <= timedelta(seconds=1)
    assert min(found.lateness(), default=timedelta(0)) >= timedelta(0)
    return found


def bytes_of(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in FILES}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
