"""The audit log: what staff saw of personal data, did, and were refused. Only ever added to (R9)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from database.staff import AuditEntryRow
from watching.redaction import redact
from web.staff.access.roles import Member

ALLOWED: Final = "allowed"
REFUSED: Final = "refused"
NOTHING: Final = "nothing"
"""It was asked for and allowed, and there was nothing to do: done already, or the call is over."""
_ONE_LOOK_SECONDS: Final = 600.0
"""A page that keeps itself up to date is looked at once in ten minutes, not every three seconds."""
_MOST_LOOKS: Final = 10_000
_LONGEST_ABOUT: Final = 300
"""An id of CAD's has at most 100 signs. What somebody has made up is written down, too, and an index takes no more than
some two thousand."""


class AuditLog:
    """Writes entries; each is committed before what it tells of is done or shown."""

    def __init__(self, *, engine: Engine) -> None:
        self._engine = engine
        self._looks: OrderedDict[tuple[str, str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def write(
        self,
        who: Member,
        act: str,
        *,
        outcome: str = ALLOWED,
        about: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """One entry. `about` and `detail` hold no phone number and no words of a resident's. A number that a member has
        typed into a reason all the same is left out: others read the log than may see numbers (R3)."""
        entry = AuditEntryRow(
            subject=who.subject,
            name=who.name,
            roles=sorted(who.roles),
            act=act,
            outcome=outcome,
            about=None if about is None else about[:_LONGEST_ABOUT],
            detail={name: redact(said) if isinstance(said, str) else said for name, said in (detail or {}).items()},
        )
        with Session(self._engine) as session, session.begin():
            session.add(entry)

    def looked(self, who: Member, act: str, *, about: str) -> None:
        """Somebody sees something personal."""
        look, now = (who.subject, act, about[:_LONGEST_ABOUT]), time.monotonic()
        with self._lock:
            last = self._looks.get(look)
        if last is not None and now - last < _ONE_LOOK_SECONDS:
            return
        self.write(who, act, about=about)
        with self._lock:
            self._looks[look] = now
            self._looks.move_to_end(look)
            while len(self._looks) > _MOST_LOOKS:
                self._looks.popitem(last=False)
