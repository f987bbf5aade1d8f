"""Who wants no texts: what phones said themselves (STOP), and what staff entered for somebody who asked.

A STOP is lifted by the phone's own START and by nobody else (R6). What staff entered may be ended by staff, when the
person whose number it is asks for it: they had only somebody's word for it, and that word can be taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from calls.clock import Clock
from database.encryption import Keyring
from database.tables import OptOutRow
from web.residents.opt_outs import end_entered_opt_out, enter_opt_out
from web.staff.numbers.blocked import A_PAGE, e164


@dataclass(frozen=True, kw_only=True)
class OptOut:
    """One of them. `number` is in clear: for the eyes of staff only. Times are the service's."""

    id: int
    number: str
    since: datetime
    by: str | None
    """Who entered it; `None`: the phone said STOP."""
    why: str | None
    stop_at: datetime | None
    """When the phone said STOP as well."""
    ended: datetime | None
    ended_by: str | None
    ended_why: str | None

    @property
    def staff_may_end_it(self) -> bool:
        return self.by is not None and self.stop_at is None and self.ended is None


@dataclass(frozen=True, kw_only=True)
class OptOutPage:
    """A page of the list. `older`: the id before which the next one begins; `None` at the end."""

    entries: Sequence[OptOut]
    older: int | None


class OptOuts:
    """Of `sender`, the number that the agency texts from."""

    def __init__(self, *, engine: Engine, keyring: Keyring, sender: str, clock: Clock) -> None:
        self._engine = engine
        self._keyring = keyring
        self._sender = sender
        self._clock = clock

    def enter(self, number: str, *, by: str, why: str) -> bool:
        """From the commit on nothing more goes to the number. False: an opt-out is in force already, and stays so.

        Raises:
            NotANumber: it cannot be one.
        """
        number, now = e164(number), self._clock.now()
        with Session(self._engine) as session, session.begin():
            return enter_opt_out(session, self._keyring, number, sender=self._sender, now=now, by=by, why=why)

    def end(self, opt_out: int, *, by: str, why: str) -> bool:
        """The number may be texted again; calls of before stay silent. False: it is a STOP, which only START lifts, or
        over already."""
        with Session(self._engine) as session, session.begin():
            return end_entered_opt_out(session, opt_out, sender=self._sender, now=self._clock.now(), by=by, why=why)

    def entry(self, opt_out: int) -> OptOut | None:
        """One that is in force."""
        with Session(self._engine) as session:
            row = session.exec(self._in_force().where(col(OptOutRow.id) == opt_out)).first()
        return None if row is None else self._shown(row)

    def of_number(self, number: str, *, at_most: int = 10) -> Sequence[OptOut]:
        """What the number has said, and staff for it, the newest first; those that are over, too.

        Raises:
            NotANumber: it cannot be one.
        """
        mine = (
            col(OptOutRow.phone_hash).in_(self._keyring.phone_hashes(e164(number))),
            col(OptOutRow.sender) == self._sender,
        )
        with Session(self._engine) as session:
            rows = session.exec(select(OptOutRow).where(*mine).order_by(col(OptOutRow.id).desc()).limit(at_most)).all()
        return [self._shown(row) for row in rows]

    def page(self, *, before: int | None = None, at_most: int = A_PAGE) -> OptOutPage:
        """What is in force, the newest first."""
        query = self._in_force()
        if before is not None:
            query = query.where(col(OptOutRow.id) < before)
        with Session(self._engine) as session:
            rows = session.exec(query.order_by(col(OptOutRow.id).desc()).limit(at_most + 1)).all()
        entries = [self._shown(row) for row in rows[:at_most]]
        return OptOutPage(entries=entries, older=entries[-1].id if len(rows) > at_most else None)

    def count(self) -> int:
        """How many are in force."""
        query = self._in_force().with_only_columns(func.count(col(OptOutRow.id)))
        with Session(self._engine) as session:
            return int(session.execute(query).scalar_one())

    def _in_force(self) -> SelectOfScalar[OptOutRow]:
        return select(OptOutRow).where(col(OptOutRow.sender) == self._sender, col(OptOutRow.ended_at).is_(None))

    def _shown(self, row: OptOutRow) -> OptOut:
        return OptOut(
            id=row.id or 0,
            number=self._keyring.decrypt(row.phone_encrypted),
            since=row.since,
            by=row.entered_by,
            why=row.entered_why,
            stop_at=row.stop_at,
            ended=row.ended_at,
            ended_by=row.ended_by,
            ended_why=row.ended_why,
        )
