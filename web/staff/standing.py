"""How the whole service stands, for every page of the console: asked of the database at most once a second."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, exists, select
from sqlmodel import Session, col

from activities.stop_and_go import EVERYTHING, Mode
from database.tables import ServiceModeRow, SwitchRow

_GOOD_FOR_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What everybody must know at once."""

    everything_is_stopped: bool
    mode: Mode


class StandingNow:
    """One for a console process. Another process's switch is seen within a second, its own at once (`forget`)."""

    def __init__(self, *, engine: Engine, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked = -_GOOD_FOR_SECONDS
        self._known: Standing | None = None

    def get(self) -> Standing:
        """How it stands."""
        with self._lock:  # those who come meanwhile wait for the one answer
            now = self._monotonic()
            if self._known is None or now - self._asked >= _GOOD_FOR_SECONDS:
                self._known, self._asked = self._ask(), now
            return self._known

    def forget(self) -> None:
        """Something was switched here: it is asked for anew."""
        with self._lock:
            self._known = None

    def _ask(self) -> Standing:
        stopped = exists().where(col(SwitchRow.scope) == EVERYTHING, col(SwitchRow.released_real).is_(None))
        newest = select(col(ServiceModeRow.mode)).order_by(col(ServiceModeRow.id).desc()).limit(1).scalar_subquery()
        with Session(self._engine) as session:
            is_stopped, mode = session.execute(select(stopped, newest)).one()
        return Standing(everything_is_stopped=is_stopped, mode=Mode.LIVE if mode is None else Mode(mode))
