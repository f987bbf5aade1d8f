"""The judge on a run of the real service: sixty calls in four hours at sixty times the speed, a blow every six seconds
on workers, starters, CAD's port, the web and the carrier, who erred besides. It is clean; damaged, each damage is seen.
"""

import json
import tarfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.chaos.judge import LISTS, judge

NAME: Final = "killed_for_two_minutes"
FILE: Final = Path(__file__).parent / "runs" / f"{NAME}.tar.xz"
FILES: Final = ("told", "phones", "histories", "tables/text", "tables/call", "tables/cad_record", "tables/opt_out")

Line = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with tarfile.open(FILE) as tar:
        tar.extractall(tmp_path, filter="data")
    return tmp_path / NAME


class Real:
    """The run's lines, and texts to damage: each of another call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.of = {name: self._lines(name) for name in FILES}
        self._taken: set[str] = set()
        self.rows = {row["id"]: row for row in self.of["tables/text"]}

    def _lines(self, name: str) -> list[Line]:
        return [json.loads(line) for line in (self.folder / f"{name}.jsonl").read_text().splitlines()]

    def write(self) -> None:
        for name, lines in self.of.items():
            (self.folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def text(self, kind: str, *, state: tuple[str, ...] = ("accepted", "sent", "delivered")) -> tuple[Line, Line]:
        """The first on a phone of a call that nobody has touched: its line, and its row."""
        for line in sorted(self.of["phones"], key=lambda line: str(line["at"])):
            row = self.rows.get(line["mid"], {"kind": None})
            is_there = row["kind"] == kind and row["state"] in state and line["status"] not in {"undelivered", "failed"}
            if is_there and self._take(row["call_id"]):
                return line, row
        raise AssertionError(f"no {kind} is left")

    def row(self, **fields: str) -> Line:
        """The first row of the ledger that has them, of a call that nobody has touched."""
        for row in self.of["tables/text"]:
            if all(row[name] == value for name, value in fields.items()) and self._take(row["call_id"]):
                return row
        raise AssertionError(f"no row has {fields}")

    def call(self, *, rule: str) -> Line:
        for row in self.of["tables/call"]:
            if row["rule"] == rule and self._take(row["call_id"]):
                return row
        raise AssertionError(f"no call is: {rule}")

    def history(self, call_id: str) -> Line:
        return next(line for line in self.of["histories"] if line["workflow_id"] == f"call-{call_id}")

    def _take(self, call_id: str) -> bool:
        is_new = call_id not in self._taken
        self._taken.add(call_id)
        return is_new


def moved(written: str, minutes: float) -> str:
    return (datetime.fromisoformat(written) + timedelta(minutes=minutes)).isoformat()


def of_texts(real: Real) -> Iterator[tuple[str, str]]:
    """Each way with the list and the words that must speak of it."""
    line, row = real.text("survey")  # the first one: it was owed for minutes
    real.of["phones"].remove(line)
    real.of["tables/text"].remove(row)
    yield "missing", f"{row['call_id']} survey"
    line, row = real.text("confirmation")
    real.of["phones"].remove(line)
    yield "missing", f"{row['call_id']} confirmation"
    line, row = real.text("confirmation")
    real.of["phones"].append({**line, "at": moved(line["at"], 1)})
    yield "doubled", str(line["mid"])
    line, row = real.text("confirmation")
    real.of["phones"].append({**line, "mid": "another", "at": moved(line["at"], 1)})
    yield "doubled", f"{row['call_id']} confirmation"
    line, row = real.text("survey")
    line["at"] = moved(row["due_at"], -20)
    yield "forbidden", f"{row['call_id']} survey"
    line, row = real.text("confirmation")
    line["at"] = moved(row["due_at"], -10)
    yield "forbidden", f"{row['call_id']} confirmation"
    line, row = real.text("confirmation")
    line["to"] = "+16135550199"
    yield "forbidden", f"{row['call_id']} confirmation"
    line, row = real.text("confirmation")
    line["at"] = moved(line["at"], 600)
    yield "forbidden", f"{row['call_id']} confirmation"
    line, row = real.text("confirmation")
    line["body"] = "You have won. Call 613-555-0142."
    yield "forbidden", f"{line['to']} at"


def of_the_ledger(real: Real) -> Iterator[tuple[str, str]]:
    _, row = real.text("confirmation")
    real.of["tables/text"].remove(row)
    yield "missing", f"{row['call_id']} confirmation"
    _, row = real.text("confirmation")
    row |= {"state": "expired", "rule": "expired"}
    yield "missing", f"{row['call_id']} confirmation"
    line, row = real.text("survey")
    real.of["phones"].remove(line)
    row |= {"state": "suppressed", "rule": "opted out"}
    yield "missing", f"{row['call_id']} survey"
    line, row = real.text("survey")
    real.of["phones"].remove(line)
    row |= {"state": "claimed"}
    yield "missing", f"{row['call_id']} survey"
    _, row = real.text("confirmation")
    row["phone"] = "+16135550199"
    yield "missing", f"{row['call_id']} confirmation"


def of_people(real: Real) -> Iterator[tuple[str, str]]:
    row = real.row(rule="opted out")
    row |= {"state": "delivered", "rule": None}
    like = next(line for line in real.of["phones"] if real.rows.get(line["mid"], {}).get("kind") == row["kind"])
    case, own = (f"26-{call_id.rpartition('-')[2]}" for call_id in (real.rows[like["mid"]]["call_id"], row["call_id"]))
    body = like["body"].replace(case, own)
    real.of["phones"].append({**like, "to": row["phone"], "body": body, "mid": row["id"], "at": row["settled_at"]})
    yield "forbidden", f"{row['call_id']} {row['kind']} on {row['phone']} at"
    call = real.call(rule="sensitive call type")
    line, _ = real.text("confirmation")
    told = next(line["record"] for line in real.of["told"] if f"ottawa-{line['record']['cad_id']}" == call["call_id"])
    case = line["body"].partition("26-")[2][:4]
    body = line["body"].replace(f"26-{case}", told["case_number"])
    real.of["phones"].append({**line, "to": told["phone"], "body": body, "mid": None})
    yield "forbidden", f"{call['call_id']} confirmation"
    opt_out = real.of["tables/opt_out"].pop()
    yield "records", opt_out["phone"]


def of_the_records(real: Real) -> Iterator[tuple[str, str]]:
    call = real.call(rule="all rules met")
    kept = next(row for row in real.of["tables/cad_record"] if row["call_id"] == call["call_id"])
    real.of["tables/cad_record"].remove(kept)
    yield "records", f"not kept: {call['call_id']}"
    call = real.call(rule="all rules met")
    real.of["tables/call"].remove(call)
    yield "records", f"{call['call_id']}: CAD told of it"
    call = real.call(rule="all rules met")
    call["facts"]["cleared_at"] = moved(call["facts"]["cleared_at"], 1)
    yield "records", f"{call['call_id']}: cleared_at"
    call = real.call(rule="in progress")
    call["latch"] = None
    yield "records", f"{call['call_id']}: its latch"
    call = real.call(rule="all rules met")
    for line in real.of["told"]:
        if f"ottawa-{line['record']['cad_id']}" == call["call_id"]:
            line["status"] = 503
            n = line["n"]
    yield "records", f"record {n} of cad"


def of_the_histories(real: Real) -> Iterator[tuple[str, str]]:
    _, row = real.text("confirmation")
    real.of["histories"].append({**real.history(row["call_id"]), "run_id": "again"})
    yield "histories", f"{row['call_id']}: 2 workflows"
    _, row = real.text("confirmation")
    real.history(row["call_id"])["status"] = "FAILED"
    yield "histories", f"{row['call_id']}: "
    _, row = real.text("confirmation")
    real.history(row["call_id"])["replays"] = False
    yield "histories", f"{row['call_id']}: "
    _, row = real.text("confirmation")
    real.of["histories"].remove(real.history(row["call_id"]))
    yield "histories", f"{row['call_id']}: it may be texted"
    _, row = real.text("confirmation")
    real.history(row["call_id"])["texts"].append("survey link: accepted")
    yield "histories", f"{row['call_id']}: "


DAMAGES: Final[tuple[Callable[[Real], Iterator[tuple[str, str]]], ...]] = (
    *(of_texts, of_the_ledger, of_people, of_the_records, of_the_histories),
)


def test_a_run_of_the_real_service_under_blows_is_clean(folder: Path) -> None:
    verdict = judge(folder)
    assert {name: lines for name in LISTS if (lines := getattr(verdict, name))} == {}
    assert sum(verdict.figures["on_phones"].values()) > 80


def test_of_twenty_seven_damages_to_it_each_is_seen(folder: Path) -> None:
    real = Real(folder)
    wanted = [seen for damage in DAMAGES for seen in damage(real)]
    real.write()
    verdict = judge(folder)
    unseen = [(name, words) for name, words in wanted if not any(words in line for line in getattr(verdict, name))]
    assert len(wanted) == 27
    assert unseen == []
