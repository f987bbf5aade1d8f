"""After a run: phones, ledger, records and histories, written into the run's folder for the judge."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, select
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.worker import Replayer

from calls.clock import Clock
from database.encryption import Keyring
from database.feeds import RejectedRecordRow
from database.tables import CadRecordRow, CallRow, OptOutRow, TextRow
from payloads import data_converter, for_replays
from workflow_sandbox import workflow_runner
from workflows.call_updates import CallUpdates

_TABLES: Final[Mapping[str, type[SQLModel]]] = {
    "call": CallRow,
    "text": TextRow,
    "cad_record": CadRecordRow,
    "opt_out": OptOutRow,
    "rejected_record": RejectedRecordRow,
}
_NOT_SHOWN: Final = frozenset({"merged", "signalled"})
_ERROR: Final = re.compile(r'"level": ?"(?:error|critical)"')
_EVENT: Final = re.compile(r'"event": ?"([^"]*)"')


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, default=str, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_tables(folder: Path, engine: Engine, keyring: Keyring) -> None:
    """Without what is encrypted; a row that has a number shows it: they are fictional."""
    with Session(engine) as session:
        for name, table in _TABLES.items():
            write_lines(
                folder / "tables" / f"{name}.jsonl", [_shown(row, keyring) for row in session.exec(select(table))]
            )


def _shown(row: SQLModel, keyring: Keyring) -> dict[str, Any]:
    values = row.model_dump(exclude=set(_NOT_SHOWN))
    encrypted = values.get("phone_encrypted")
    kept = {name: value for name, value in values.items() if not name.endswith(("_encrypted", "_hash"))}
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=_plain))
    return {**plain, "phone": None if encrypted is None else keyring.decrypt(encrypted)}


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def phones(messages: Iterable[Mapping[str, Any]], clock: Clock) -> list[dict[str, Any]]:
    """Every text of ours that the carrier took on; the network's own answers are nobody's."""
    shown = []
    for message in messages:
        if message["kind"] == "text" and message["direction"].startswith("outbound"):
            arrived = datetime.fromisoformat(message["created"])
            of_callback = parse_qs(urlsplit(message["status_callback"] or "").query)
            shown.append(
                {
                    **{name: message[name] for name in ("to", "body", "sid", "status")},
                    "at": clock.at(arrived).astimezone(UTC).isoformat(),
                    "real": message["created"],
                    "mid": of_callback.get("mid", [None])[0],
                }
            )
    return shown


def histories(address: str) -> list[dict[str, Any]]:
    """Every call's workflow, replayed with the present code."""
    return asyncio.run(_histories(address))


async def _histories(address: str) -> list[dict[str, Any]]:
    client = await Client.connect(address, data_converter=data_converter)
    replayer = Replayer(workflows=[CallUpdates], data_converter=for_replays, workflow_runner=workflow_runner())
    rows = []
    async for run in client.list_workflows("WorkflowType='CallUpdates'"):
        handle = client.get_workflow_handle(run.id, run_id=run.run_id)
        history = await handle.fetch_history()
        replayed = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        status = "UNKNOWN" if run.status is None else run.status.name
        result = await handle.result() if status == "COMPLETED" else None
        events = Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history.events)
        rows.append(
            {
                "workflow_id": run.id,
                "run_id": run.run_id,
                "status": status,
                "reason": result and result["reason"],
                "texts": result and result["texts"],
                "events": dict(events),
                "replays": replayed.replay_failure is None,
                "replay_failure": replayed.replay_failure and str(replayed.replay_failure)[:500],
            }
        )
    return rows


def errors_in(logs: Path) -> dict[str, int]:
    """Lines of level error, by process and what they say, and tracebacks."""
    found: Counter[str] = Counter()
    for log in sorted(logs.glob("*.log")):
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if _ERROR.search(line):
                event = _EVENT.search(line)
                found[f"{log.stem}: {event[1] if event else line[:80]}"] += 1
            elif line.startswith("Traceback"):
                found[f"{log.stem}: a traceback"] += 1
    return dict(found)
