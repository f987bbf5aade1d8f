"""What stops a folder's feed: told to the feed's row when it begins and when it ends, for people and alerts."""

from enum import IntEnum
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlmodel import Session, col, select

from database.feeds import CadFeedRow
from starter.feeds import Tally

log = structlog.get_logger()

AWAY: Final = (OperationalError, InterfaceError, InternalError, NoConnectionFree)
"""Our own database does not answer, or has broken off what we were doing."""
_OF_A_FILE: Final = "the last file: "
_NOT_KNOWN: Final = ""


class What(IntEnum):
    """Kinds of trouble. Of several the first is told."""

    FOLDER = 0
    """It cannot be used."""
    WAITING = 1
    """A file cannot be read or moved, and not for what stands in it; it waits."""
    CONTENT = 2
    """The last file was not what `cad.yaml` says."""


class Trouble:
    """The troubles that one watcher has now."""

    def __init__(self, *, engine: Engine, tally: Tally) -> None:
        self._engine = engine
        self._tally = tally
        self._now: dict[What, str] = {}
        self._told: str | None = _NOT_KNOWN
        self._has_begun = False

    @property
    def worst(self) -> str | None:
        """What the row should say."""
        return self._now[min(self._now)] if self._now else None

    def tell(self, what: What, why: str | None) -> None:
        """It is so now; `None`: there is none of that kind."""
        before = self.worst
        if why is None:
            self._now.pop(what, None)
        else:
            self._now[what] = why
        if self.worst != before:
            log.warning("trouble with the folder", trouble=self.worst or "none any more")
        self.write()

    def tell_of_file(self, why: str | None) -> None:
        """What is wrong with the last file, until another is well; any watcher's, so that it is written each time."""
        self._told = _NOT_KNOWN
        self.tell(What.CONTENT, None if why is None else f"{_OF_A_FILE}{why}")

    def write(self) -> None:
        """Write it down, if that has not been done."""
        try:
            if not self._has_begun:
                self._begin()
            if self.worst != self._told:
                self._tally.trouble(self.worst)
                self._told = self.worst
        except AWAY:
            log.warning("the database does not answer; the trouble is written down later")

    def _begin(self) -> None:
        """A file that was not well before this start is not well now."""
        with Session(self._engine) as session:
            mine = select(CadFeedRow.trouble).where(col(CadFeedRow.feed) == self._tally.feed)
            said = session.exec(mine).first()
        if said is not None and said.startswith(_OF_A_FILE):
            self._now.setdefault(What.CONTENT, said)
        self._has_begun = True
