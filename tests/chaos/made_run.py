"""A run's folder made by hand: what CAD tells of some calls, and a service that does everything right. Tests damage it.

Times are minutes from the beginning, 09:00 in Ottawa; a minute of the service is a second.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from tests.chaos.words_on_phones import templates

ROOT: Final = Path(__file__).parents[2]
OTTAWA: Final = ROOT / "agencies" / "ottawa"
BEGINS: Final = datetime(2026, 1, 15, 14, tzinfo=UTC)
SPEED: Final = 60
_STEPS: Final = ("received_at", "dispatched_at", "cleared_at", "reopened_at", "requeued_at", "call_ended_at")

Line = dict[str, Any]


def at(minutes: float) -> str:
    return (BEGINS + timedelta(minutes=minutes)).isoformat()


def phone(number: int) -> str:
    return f"+1613555{100 + number:04}"


@dataclass(kw_only=True)
class MadeRun:
    """Every file of the folder, to be changed before it is written."""

    plan: Line = field(
        default_factory=lambda: {
            "seed": 1,
            "log": "ottawa-day",
            "speed": SPEED,
            "agency": str(OTTAWA),
            "begins": at(0),
            "real_begins": "2026-11-27T00:00:00+00:00",
            "ends": at(600),
        }
    )
    told: list[Line] = field(default_factory=list)
    said: list[Line] = field(default_factory=list)
    blows: list[Line] = field(default_factory=list)
    phones: list[Line] = field(default_factory=list)
    calls: dict[str, Line] = field(default_factory=dict)
    texts: list[Line] = field(default_factory=list)
    cad_records: list[Line] = field(default_factory=list)
    opt_outs: list[Line] = field(default_factory=list)
    histories: list[Line] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        (folder / "tables").mkdir(parents=True)
        (folder / "plan.json").write_text(json.dumps(self.plan))
        files = {"told": self.told, "said": self.said, "blows": self.blows, "phones": self.phones}
        tables = {"call": list(self.calls.values()), "text": self.texts, "cad_record": self.cad_records}
        tables |= {"opt_out": self.opt_outs}
        files |= {"histories": self.histories} | {f"tables/{name}": rows for name, rows in tables.items()}
        for name, lines in files.items():
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder

    # What CAD tells

    def call(self, cad_id: str, to: int, *, call_type: str = "NOISE", received: float = 0, **then: float) -> None:
        """A call that may be texted, with its steps."""
        self.tell(
            cad_id,
            received,
            record={
                "case_number": f"26-{cad_id}",
                "priority": "3",
                "call_type": call_type,
                "source": "phone",
                "phone": phone(to),
                "received_at": at(received),
            },
        )
        for step, minute in sorted(then.items(), key=lambda step: step[1]):
            self.tell(cad_id, minute, record={f"{step}_at": at(minute)})
        self.histories.append(
            {"workflow_id": f"call-ottawa-{cad_id}", "run_id": f"run-{cad_id}", "status": "COMPLETED", "reason": "over"}
            | {"events": {}, "replays": True, "texts": []}
        )

    def tell(self, cad_id: str, minute: float, *, answered: float = 0.01, record: Line) -> None:
        """One record, and what the service keeps of it."""
        body = {"cad_id": cad_id, "updated_at": at(minute), **record}
        times = {"sent": at(minute), "answered": at(minute + answered)}
        self.told.append({"n": len(self.told), "feed": "cad", "record": body, **times, "status": 202})
        names = {"priority": "priority_code", "call_type": "call_type_code", "source": "source_code"}
        told = {names.get(name, name): value for name, value in record.items()}
        call_id = f"ottawa-{cad_id}"
        kept = {name: value for name, value in told.items() if name != "phone"}
        self.cad_records.append({"call_id": call_id, "stamp": at(minute), "body": kept})
        new: Line = {"call_id": call_id, "eligibility": "eligible", "rule": "all rules met", "latch": None, "facts": {}}
        row = self.calls.setdefault(call_id, {**new, "ended_reason": "over", "phone": None})
        row["facts"] |= kept
        row["phone"] = told.get("phone", row["phone"])

    def silent(self, cad_id: str, rule: str, *, latch: str | None = None) -> None:
        """It may not be texted any more."""
        change = {"eligibility": "ineligible", "rule": rule, "latch": latch, "phone": None}
        self.calls[f"ottawa-{cad_id}"] |= change

    # What goes out

    def text(self, cad_id: str, kind: str, to: int, *, due: float, sequence: int = 1, late: float = 0.05) -> Line:
        """On the phone, and in the ledger."""
        row = self.row(cad_id, kind, to, due=due, sequence=sequence, state="delivered", settled=due + late)
        line = {"to": phone(to), "body": words(kind, cad_id), "sid": f"SM{len(self.phones)}", "at": at(due + late)}
        self.phones.append(line | {"real": None, "mid": row["id"]})
        return self.phones[-1]

    def row(
        self,
        cad_id: str,
        kind: str,
        to: int,
        *,
        due: float,
        state: str,
        settled: float,
        sequence: int = 1,
        rule: str | None = None,
    ) -> Line:
        """In the ledger."""
        row = {
            "id": str(UUID(int=len(self.texts) + 1)),
            "call_id": f"ottawa-{cad_id}",
            "kind": kind,
            "state": state,
            "sequence": sequence,
            "rule": rule,
            "due_at": at(due),
            "settled_at": at(settled),
            "phone": phone(to),
            "expires_at": at(due + (68 * 60 if kind == "survey" else 60)),
        }
        self.texts.append(row)
        history = next(one for one in self.histories if one["workflow_id"] == f"call-ottawa-{cad_id}")
        history["texts"].append(f"{kind}: {'accepted' if state == 'delivered' else state}")
        return row

    # What people and fate do

    def says(self, number: int, minute: float, body: str) -> None:
        self.said.append(
            {"at": at(minute), "done": at(minute + 0.01), "who": "resident", "phone": phone(number), "body": body}
        )

    def staff(self, minute: float, what: str, cad_id: str | None = None) -> None:
        call_id = None if cad_id is None else f"ottawa-{cad_id}"
        self.said.append(
            {"at": at(minute), "done": at(minute + 0.01), "who": "staff", "what": what, "call_id": call_id}
        )

    def struck(self, minute: float, whom: str, how: str, *, seconds: float = 0) -> None:
        self.blows.append({"real": None, "at": at(minute), "whom": whom, "how": how, "seconds": seconds})


def words(kind: str, cad_id: str) -> str:
    """As they stand on the phone."""
    template = dict(templates(OTTAWA / "texts" / "en.po"))[kind]
    fields = {"case_number": f"26-{cad_id}", "link": f"https://survey.example/s/{cad_id}"}
    return template.format(**fields, emergency_line="9-1-1", non_emergency_line="613-236-1222")


def clean_run() -> MadeRun:
    """One call of each kind."""
    run = MadeRun()
    _ordinary(run)
    _silenced(run)
    _people(run)
    _outage(run)
    return run


def _ordinary(run: MadeRun) -> None:
    run.call("1", 1, dispatched=50, cleared=60)
    run.text("1", "confirmation", 1, due=3)
    run.text("1", "delay", 1, due=30)
    run.text("1", "survey", 1, due=300)
    run.call("2", 2, dispatched=25, cleared=45)  # its number is corrected
    run.tell("2", 20, record={"phone": phone(22)})
    run.text("2", "confirmation", 2, due=3)
    run.text("2", "confirmation", 22, due=20)
    run.text("2", "survey", 22, due=285)
    run.call("3", 3, cleared=2)  # before the confirmation


def _silenced(run: MadeRun) -> None:
    run.call("4", 4, call_type="DVA")
    run.silent("4", "sensitive call type", latch="sensitive call type")
    run.histories.pop()  # it never had a workflow
    run.call("5", 5)
    run.text("5", "confirmation", 5, due=3)
    run.tell("5", 10, record={"in_progress": True})
    run.silent("5", "in progress", latch="in progress")
    run.call("6", 6)
    run.text("6", "confirmation", 6, due=3)
    run.tell("6", 10, record={"cancelled": "duplicate"})
    run.silent("6", "cancelled")


def _people(run: MadeRun) -> None:
    run.call("7", 7, dispatched=40, cleared=60)
    run.text("7", "confirmation", 7, due=3)
    run.says(7, 10, "ARRET")
    run.opt_outs.append({"phone": phone(7), "since": at(10.005), "ended_at": None, "entered_by": None})
    run.row("7", "delay", 7, due=30, state="suppressed", settled=30, rule="opted out")
    run.row("7", "survey", 7, due=300, state="suppressed", settled=300, rule="opted out")
    run.call("8", 8, dispatched=55, cleared=60)
    run.text("8", "confirmation", 8, due=3)
    run.staff(5, "hold", "8")
    run.staff(45, "release", "8")
    run.text("8", "delay", 8, due=30, late=15.1)
    run.text("8", "survey", 8, due=300)


def _outage(run: MadeRun) -> None:
    run.call("9", 9, received=400)
    run.struck(401, "worker 1", "stop", seconds=70)
    run.row("9", "confirmation", 9, due=403, state="expired", settled=472, rule="expired")


def only(lines: Sequence[Line], **fields: Any) -> Line:
    """The one line that has them."""
    (found,) = (line for line in lines if all(line.get(name) == value for name, value in fields.items()))
    return found
