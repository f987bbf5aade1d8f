"""The folder that a run leaves behind, as values. Times are the service's, aware, UTC, unless a name says `real`."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.folder_by_its_words import Folder

Row = Mapping[str, Any]
_NOT_ARRIVED = {"undelivered", "failed"}


@dataclass(frozen=True, kw_only=True)
class Push:
    """A record of CAD's. `sent`: the first time; `taken`: when the 202 came, if one did; `refused`: a 4xx came."""

    n: int
    feed: str
    record: Mapping[str, Any]
    sent: datetime
    taken: datetime | None
    refused: bool


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a resident wrote (`phone`, `body`), or staff did (`what`, `call_id`). `done`: the service had taken it."""

    at: datetime
    done: datetime | None
    phone: str | None = None
    body: str = ""
    what: str | None = None
    call_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Blow:
    whom: str
    how: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, kw_only=True)
class OnPhone:
    """A text that reached a phone. `mid`: ours of it, from the address of its callbacks."""

    to: str
    body: str
    at: datetime
    mid: str | None


@dataclass(frozen=True, kw_only=True)
class Run:
    """Everything in the folder. `mischief`: how often the carrier did what. `undelivered`: our ids of the texts that it
    took and could not bring to their phones."""

    folder: Folder
    agency: str
    speed: float
    begins: datetime
    real_begins: datetime
    ends: datetime
    pushes: Sequence[Push]
    said: Sequence[Said]
    blows: Sequence[Blow]
    mischief: Mapping[str, int]
    phones: Sequence[OnPhone]
    undelivered: frozenset[str]
    tables: Path
    histories: Sequence[Row]

    def real(self, seconds: float) -> timedelta:
        """So many real seconds, by the service's clock."""
        return timedelta(seconds=seconds * self.speed)

    def at(self, real: datetime) -> datetime:
        """A real moment, by the service's clock."""
        return self.begins + self.speed * (real - self.real_begins)

    def seconds(self, of_service: timedelta) -> float:
        """The other way."""
        return of_service.total_seconds() / self.speed

    @cached_property
    def texts(self) -> Sequence[Row]:
        return list(lines(self.tables / "text.jsonl"))

    @cached_property
    def calls(self) -> Mapping[str, Row]:
        return {row["call_id"]: row for row in lines(self.tables / "call.jsonl")}

    @cached_property
    def rows_by_id(self) -> Mapping[str, Row]:
        return {str(row["id"]): row for row in self.texts}


def read_run(folder: Path) -> Run:
    """Raises:
    FileNotFoundError: a file of the interface is missing; KeyError: a field is.
    """
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    agency, speed = Folder(folder / plan["agency"]), float(plan["speed"])
    blows = list(lines(folder / "blows.jsonl"))
    phones = list(lines(folder / "phones.jsonl"))
    mischief: Counter[str] = Counter()
    for blow in blows:
        mischief[blow["how"]] += blow.get("count") or 0
    return Run(
        folder=agency,
        agency=agency.key,
        speed=speed,
        begins=moment(plan["begins"]),
        real_begins=moment(plan["real_begins"] or plan["begins"]),
        ends=moment(plan["ends"]),
        pushes=_pushes(folder / "told.jsonl"),
        said=[_said(line) for line in lines(folder / "said.jsonl")],
        blows=[_blow(line, speed) for line in blows if line.get("at") is not None],
        mischief=mischief,
        phones=sorted(
            (_on_phone(line) for line in phones if line.get("status") not in _NOT_ARRIVED), key=lambda text: text.at
        ),
        undelivered=frozenset(str(line["mid"]) for line in phones if line.get("status") in _NOT_ARRIVED),
        tables=folder / "tables",
        histories=list(lines(folder / "histories.jsonl")),
    )


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """Each line's object."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def moment(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def maybe(written: str | None) -> datetime | None:
    return None if written is None else moment(written)


def _pushes(file: Path) -> list[Push]:
    attempts: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for line in lines(file):
        attempts.setdefault((line["feed"], line["n"]), []).append(line)
    pushes = []
    for (feed, n), its in attempts.items():
        taken = [moment(line["answered"]) for line in its if line["status"] == 202 and line["answered"]]
        pushes.append(
            Push(
                n=n,
                feed=feed,
                record=its[0]["record"],
                sent=min(moment(line["sent"]) for line in its),
                taken=min(taken, default=None),
                refused=any(line["status"] in {400, 422} for line in its),
            )
        )
    return sorted(pushes, key=lambda push: push.sent)


def _said(line: Mapping[str, Any]) -> Said:
    return Said(
        at=moment(line["at"]),
        done=maybe(line["done"]),
        phone=line.get("phone"),
        body=line.get("body") or "",
        what=line.get("what"),
        call_id=line.get("call_id"),
    )


def _blow(line: Mapping[str, Any], speed: float) -> Blow:
    begins = moment(line["at"])
    lasts = timedelta(seconds=float(line.get("seconds") or 0) * speed)
    return Blow(whom=line["whom"], how=line["how"], begins=begins, ends=begins + lasts)


def _on_phone(line: Mapping[str, Any]) -> OnPhone:
    return OnPhone(to=line["to"], body=line["body"], at=moment(line["at"]), mid=line.get("mid"))
