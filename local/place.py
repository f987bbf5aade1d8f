"""Where a demonstration stands: which log it plays, and its clock, kept across runs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ValidationError

from calls.clock import Clock
from local.errors import LocalError
from local.state import State

_FILE = "place.json"


class Place(BaseModel):
    """Written every second: a run that was killed stands where it last was alive."""

    feed: str
    agency: str
    start: str
    clock: Clock
    alive_real: AwareDatetime

    def write(self, state: State) -> None:
        """All or nothing, so that a kill in the middle leaves the last place."""
        path = _path(state)
        fresh = path.with_suffix(".new")
        fresh.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        fresh.replace(path)

    def clock_going_on(self, *, at: datetime, speed: float) -> Clock:
        """The clock that goes on at `at` (real time) where this run stood, as fast as is asked for now."""
        return self.clock.paused_between(self.alive_real, at).model_copy(update={"speed": speed})


def last_place(state: State) -> Place | None:
    """Where the last run in this folder stood.

    Raises:
        LocalError: the file is damaged.
    """
    try:
        return Place.model_validate_json(_path(state).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValidationError:
        raise LocalError(f"{_path(state)} is damaged; start afresh with: make fresh") from None


def new_clock(*, begins: datetime, lead: timedelta, speed: float) -> Clock:
    """A clock that shows `begins` once the real time `lead` is over: until then the processes start."""
    return Clock(real_origin=datetime.now(UTC) + lead, virtual_origin=begins, speed=speed)


def _path(state: State) -> Path:
    return state.home / _FILE
