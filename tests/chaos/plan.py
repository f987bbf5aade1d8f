"""What a run of `make chaos` plays, as data: made from the seed first, played after that, and kept where it failed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

PROCESSES: Final = ("worker 1", "worker 2", "starter 1", "starter 2", "web", "cad", "console", "Temporal", "PostgreSQL")
CARRIER: Final = "carrier"
LINES: Final = ("database line", "Temporal line", "carrier line")
"""Between the service and what it needs."""

How = Literal["kill", "kill a backend", "terminate", "stop", "cut", "hang", "slow"]
Act = Literal["hold", "release", "stop everything", "go on"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Push(_Data):
    """Records that CAD sends in one request, `after` so many real seconds."""

    after: float
    records: Sequence[dict[str, Any]] = Field(min_length=1)


class Word(_Data):
    """What a resident writes."""

    after: float
    phone: str
    body: str


class StaffAct(_Data):
    after: float
    what: Act
    call_id: str | None = None


class Blow(_Data):
    """`seconds`: until a process that was killed is started again, or goes on; so long a line is cut, silent, slow."""

    after: float
    whom: str
    how: How
    seconds: float

    @property
    def kind(self) -> str:
        return f"{self.how} {self.whom}"


class Plan(_Data):
    """Everything that happens. `begins`: the service's time when the clock starts; `minutes`: real, of blows.

    `timetable`, `identity`: changes of the agency's folder; `rules`: how the carrier misbehaves all the while.
    """

    seed: int
    log: Literal["ottawa-day", "new-york"]
    speed: float
    begins: AwareDatetime
    minutes: float
    timetable: dict[str, dict[str, Any]]
    give_up_after: str
    segments_per_second: float
    unknown_wait_seconds: float
    """Longer than the carrier and its line together can keep a text back, less the lease and the service's patience."""
    pushes: Sequence[Push]
    words: Sequence[Word]
    staff: Sequence[StaffAct]
    blows: Sequence[Blow]
    rules: Sequence[dict[str, Any]]

    @property
    def seconds(self) -> float:
        """Real: of blows."""
        return self.minutes * 60

    def at(self, after: float) -> datetime:
        """The service's time so many real seconds after the clock's start."""
        return self.begins + timedelta(seconds=after * self.speed)

    def cad_ids(self) -> list[str]:
        """The calls, in the order in which CAD tells of them first."""
        return list(dict.fromkeys(record["cad_id"] for push in self.pushes for record in push.records))

    def kinds(self) -> list[str]:
        """The kinds of blows that are in it."""
        return sorted({blow.kind for blow in self.blows})

    def with_blows(self, kinds: frozenset[str]) -> Self:
        return self.model_copy(update={"blows": [blow for blow in self.blows if blow.kind in kinds]})

    def with_calls(self, cad_ids: frozenset[str], *, agency: str) -> Self:
        """These calls alone, with what people say and do about them."""
        told = (
            push.model_copy(update={"records": [one for one in push.records if one["cad_id"] in cad_ids]})
            for push in self.pushes
        )
        pushes = [push for push in told if push.records]
        phones = {record.get("phone") for push in pushes for record in push.records}
        calls = {None, *(f"{agency}-{cad_id}" for cad_id in cad_ids)}
        return self.model_copy(
            update={
                "pushes": pushes,
                "words": [word for word in self.words if word.phone in phones],
                "staff": [act for act in self.staff if act.call_id in calls],
            }
        )

    def write(self, path: Path) -> None:
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_plan(path: Path) -> Plan:
    return Plan.model_validate_json(path.read_text(encoding="utf-8"))
