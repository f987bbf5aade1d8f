"""Five hundred calls of a real log, told to the running service by all four ways at once, or by one."""

import csv
import json
import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import requests
import yaml
from sqlalchemy import Engine, create_engine
from sqlmodel import Session, col, func, select

from calls.facts import CallFacts
from database.tables import CadRecordRow, CallRow, TextRow
from local.child import Child
from policy.agency import load_agency
from settings import python
from starter.csv_log import read_log
from starter.fictional_numbers import fictional_number
from tests.servers import create_database
from tests.starter.eidos import OURS, eido
from tests.starter.pushing import Signs
from tests.whole.town import ROOT, Town, running_town

NOW: Final = datetime(2024, 11, 22, 20, 0, 30, tzinfo=UTC)
"""A Friday afternoon in New York. All that happens to the calls happens at minutes 0, 5, 10 …, so that the next thing
falls due at minute 3: the same is due however long the machine takes."""
SPEED: Final = 0.5
"""Five real minutes until minute 3."""
_WINDOW: Final = timedelta(hours=3)
_LOG: Final = ROOT / "agencies" / "new-york" / "sample" / "calls-2024.csv.gz"
_STEPS: Final = ("received", "dispatched", "arrived", "cleared")
_HEADINGS: Final = ("id", "priority", "type", "source", "phone", *_STEPS, "updated", "steps")
_PART: Final = 25
_QUIET_LOOKS: Final = 60
"""Each some 60 ms: four seconds without any news."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What CAD knows of a call at one moment. `times`: of `_STEPS`, those that have happened."""

    cad_id: str
    priority: str
    call_type: str
    phone: str
    times: Mapping[str, datetime]

    @property
    def updated(self) -> datetime:
        return max(self.times.values())

    def as_record(self) -> dict[str, Any]:
        told = {f"{name}_at": moment.isoformat() for name, moment in self.times.items()}
        codes = {"priority": self.priority, "call_type": self.call_type, "source": "phone", "phone": self.phone}
        return (
            {"cad_id": self.cad_id, "case_number": self.cad_id, "updated_at": self.updated.isoformat()} | codes | told
        )

    def as_eido(self) -> dict[str, Any]:
        times = dict(self.times)
        return eido(
            cad_id=self.cad_id,
            case_number=self.cad_id,
            priority=self.priority,
            call_type=self.call_type,
            phone=self.phone,
            received=times["received"],
            dispatched=times.get("dispatched"),
            arrived=times.get("arrived"),
            cleared=times.get("cleared"),
        )

    def as_row(self) -> dict[str, Any]:
        codes = {"id": self.cad_id, "priority": self.priority, "type": self.call_type, "source": "phone"}
        times = {name: self.times.get(name) for name in _STEPS}
        return {**codes, "phone": self.phone, **times, "updated": self.updated, "steps": len(self.times)}


def five_hundred_calls(count: int = 500) -> list[list[Snapshot]]:
    """The log's first calls with every step of theirs, moved so that they come in during the last three hours."""
    log = read_log(_LOG, load_agency(ROOT / "agencies" / "new-york").cad)
    calls = []
    for index, call in enumerate(log.calls[:count]):
        received = _rounded(NOW - _WINDOW * (count - index) / count)
        told = {name: getattr(call, f"{name}_at") for name in _STEPS}
        moved = {
            name: received + (_rounded(moment) - _rounded(call.received_at))
            for name, moment in told.items()
            if moment is not None
        }
        happened = sorted(
            ((moment, name) for name, moment in moved.items() if received <= moment <= NOW),
            key=lambda step: (step[0], _STEPS.index(step[1])),
        )
        calls.append(
            [
                Snapshot(
                    cad_id=call.cad_id,
                    priority=call.priority_code or "",
                    call_type=call.call_type_code or call.final_call_type_code or "",
                    phone=fictional_number(index),
                    times={name: moment for moment, name in happened[: until + 1]},
                )
                for until in range(len(happened))
            ]
        )
    return calls


def _rounded(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute - moment.minute % 5, second=0, microsecond=0)


def folder_for_all_ways(folder: Path) -> Path:
    """New York's folder, for a CAD that tells phone and update time, and in all four ways."""
    shutil.copytree(ROOT / "agencies" / "new-york", folder, ignore=shutil.ignore_patterns("sample"))
    cad = yaml.safe_load((folder / "cad.yaml").read_text(encoding="utf-8"))
    times = {name: name for name in (*_STEPS, "updated")}
    cad["columns"] = {"cad_id": "id", "case_number": "id", "priority": "priority", "call_type": "type"} | times
    cad["columns"] |= {"source": "source", "phone": "phone"}
    cad["sources"] = {"phone": "resident"}
    cad["eido"] = {"agencies": [OURS], "case_number": "document", "sources": {"call": "phone"}}
    query = "SELECT * FROM incident WHERE updated >= :since"
    cad["poll"] = {"query": query, "since": "offset", "every": "1 s", "overlap": "4 h"}
    (folder / "cad.yaml").write_text(yaml.safe_dump(cad), encoding="utf-8")
    identity = yaml.safe_load((folder / "agency.yaml").read_text(encoding="utf-8")) | {"segments_per_second": 100}
    (folder / "agency.yaml").write_text(yaml.safe_dump(identity), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Ways:
    """The ways in of a running town. Starter and worker are not there yet: nothing is sent while records come in."""

    town: Town
    folder: Path
    view: Engine

    def push(self, snapshots: Sequence[Snapshot]) -> None:
        for part in _parts(snapshots):
            self._post("/cad/v1/calls", {"records": [snapshot.as_record() for snapshot in part]})

    def push_eido(self, snapshots: Sequence[Snapshot]) -> None:
        for part in _parts(snapshots):
            self._post("/cad/v1/eido", [snapshot.as_eido() for snapshot in part])

    def drop(self, snapshots: Sequence[Snapshot]) -> None:
        for number, part in enumerate(_parts(snapshots)):
            path = self.folder / f"part-{number}.csv.part"
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, _HEADINGS)
                writer.writeheader()
                writer.writerows(snapshot.as_row() for snapshot in part)
            path.rename(path.with_suffix(""))

    def write(self, snapshots: Sequence[Snapshot]) -> None:
        """Into CAD's own table, of which the view shows what a call is like now."""
        names = ", ".join(_HEADINGS)
        marks = ", ".join(f"%({name})s" for name in _HEADINGS)
        changes = ", ".join(f"{name} = excluded.{name}" for name in _HEADINGS[1:])
        for snapshot in snapshots:
            with self.view.begin() as connection:
                connection.exec_driver_sql(
                    f"INSERT INTO incident ({names}) VALUES ({marks}) "  # noqa: S608 - ours
                    f"ON CONFLICT (id) DO UPDATE SET {changes} WHERE excluded.steps > incident.steps",
                    snapshot.as_row(),
                )

    def _post(self, path: str, body: object) -> None:
        auth = Signs(secret=self.town.box.cad_secret)
        answer = requests.post(self.town.box.cad_url + path, data=json.dumps(body), auth=auth, timeout=60)
        assert answer.status_code == 202, answer.text


def _parts(snapshots: Sequence[Snapshot]) -> Iterator[Sequence[Snapshot]]:
    return (snapshots[start : start + _PART] for start in range(0, len(snapshots), _PART))


@contextmanager
def a_town_with_four_ways(agency: Path, drops: Path) -> Iterator[Ways]:
    """The service with all its ways in, still without those who send."""
    drops.mkdir()
    with running_town(agency, speed=SPEED, begins=NOW, durable=False, services=("cad", "phones", "web")) as town:
        url = create_database(town.box.owner_url, "cad_of_the_police")
        view = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        times = ", ".join(f"{name} timestamptz" for name in (*_STEPS, "updated"))
        with view.begin() as connection:
            texts = "id text PRIMARY KEY, priority text, type text, source text, phone text, steps integer"
            connection.exec_driver_sql(f"CREATE TABLE incident ({texts}, {times})")
        more = {"COMMUNITYCONNECT_CAD_DATABASE_URL": url, "COMMUNITYCONNECT_CAD_FOLDER": str(drops)}
        for name in ("poll", "watch"):
            argv = [python(), "-m", "cli.main", "cad", name]
            log = town.box.state.log(f"cad-{name}")
            town.supervisor.start(Child(name=name, argv=argv, log=log, env={**town.box.environment(), **more}))
        try:
            yield Ways(town, drops, view)
        finally:
            view.dispose()


def tell_by_all_ways_at_once(ways: Ways, calls: Sequence[Sequence[Snapshot]], dice: random.Random) -> None:
    """Every snapshot by one way at least, many by several; in any order, and some again and again."""
    by_way: dict[Callable[[Sequence[Snapshot]], None], list[Snapshot]] = {
        way: [] for way in (ways.push, ways.push_eido, ways.drop, ways.write)
    }
    for snapshots in calls:
        for snapshot in snapshots:
            is_last = snapshot is snapshots[-1]
            # The view shows the last one only: another may be overwritten before it was ever read.
            certain = dice.choice([ways.push, ways.push_eido, ways.drop, *([ways.write] if is_last else [])])
            for way, told in by_way.items():
                told += [snapshot] * (dice.choice([0, 0, 1, 2]) + (way == certain))
    for told in by_way.values():
        dice.shuffle(told)
    with ThreadPoolExecutor(len(by_way)) as pool:
        for done in [pool.submit(way, told) for way, told in by_way.items()]:
            done.result()


def facts_of(town: Town) -> dict[str, tuple[CallFacts, str]]:
    """Of each call what is known, and the rule that decides. The mark of its number is made with the town's own key."""
    with Session(town.engine) as session:
        rows = session.exec(select(CallRow)).all()
    return {row.call_id: (_without_mark(CallFacts.model_validate(row.facts)), row.rule) for row in rows}


def _without_mark(facts: CallFacts) -> CallFacts:
    return facts.model_copy(update={"recipient_version": min(facts.recipient_version, 1)})


def records_in(town: Town) -> dict[str, int]:
    """How many records each feed has told."""
    with Session(town.engine) as session:
        counts = select(CadRecordRow.feed, func.count()).group_by(col(CadRecordRow.feed))
        return dict(session.exec(counts).all())


def ledger_of(town: Town) -> dict[tuple[str | None, str, int], str]:
    """Of each text what became of it: sent is sent, however far its report has come."""
    with Session(town.engine) as session:
        rows = session.exec(select(TextRow)).all()
    return {(row.call_id, row.kind, row.sequence): "sent" if row.provider_sid else row.state for row in rows}


def send_what_is_due(town: Town) -> dict[tuple[str | None, str, int], str]:
    """Start those who send; the ledger, when nothing more happens."""
    town.supervisor.start(town.box.worker(), town.box.starter())
    seen: list[dict[tuple[str | None, str, int], str]] = []

    def is_quiet() -> bool:
        seen.append(ledger_of(town))
        settled = not {"claimed", "sending"} & set(seen[-1].values()) and _behind(town) == 0
        return settled and len(seen) > _QUIET_LOOKS and seen[-1] == seen[-_QUIET_LOOKS]

    town.wait_for("all that is due to be sent", is_quiet, seconds=240)
    return seen[-1]


def _behind(town: Town) -> int:
    with Session(town.engine) as session:
        is_behind = (col(CallRow.signalled_version) < col(CallRow.version)) & col(CallRow.ended_reason).is_(None)
        return session.exec(select(func.count()).where(is_behind, col(CallRow.rule) == "all rules met")).one()
