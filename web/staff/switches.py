"""Stop and go: staff switch texts off and on, and set the mode of the service; who, when and why is kept (R9).

Binding for every text that is checked after the commit; the check is at most two seconds old when a POST begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, Executable, literal
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, func, select, update

from activities.stop_and_go import EVERYTHING, FOR_GOOD, OF_A_CALL, Mode, mode_of_service, scope_for_good, scope_of_call
from database.encryption import Keyring
from database.lookup_keys import number_hash
from database.notify import wake_forwarders
from database.recovery import is_recovering
from database.tables import CallRow, PilotNumberRow, ServiceModeRow, SwitchRow, real_now


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Something that is switched off now."""

    scope: str
    since: datetime
    by: str
    why: str
    call_ended: str | None
    """How the call ended that it is about."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What the service does now, and does not."""

    mode: Mode
    mode_since: datetime | None
    mode_by: str | None
    mode_why: str | None
    stopped: Sequence[Stopped]
    pilot_phones: int


class NoSuchCall(Exception):  # noqa: N818 - an outcome
    """There is no call of this id."""


class NotRecovered(Exception):  # noqa: N818 - an outcome
    """The database was restored, and what happened since its backup was not taken back yet (docs/recovery.md)."""


class Switches:
    """Everything that staff can stop and let go."""

    def __init__(self, *, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def stop(self, scope: str, *, by: str, why: str) -> bool:
        """Switch it off. False: it is off already, and stays so for the reason that was given first.

        That binds from the commit on; the starters, who hear of it then, make it a fact of the call that it is about.
        """
        return self._switch(_stop(scope, by=by, why=why))

    def go(self, scope: str, *, by: str, why: str) -> bool:
        """Switch it on again. False: it was not off, or is off for good.

        Raises:
            NotRecovered: everything, in a database that was restored and does not know what was sent since its backup.
        """
        if scope.startswith(FOR_GOOD):
            return False
        with Session(self._engine) as session:
            if scope == EVERYTHING and is_recovering(session):
                raise NotRecovered
        return self._switch(_release(scope, by=by, why=why))

    def stop_for_good(self, call_id: str, *, by: str, why: str) -> bool:
        """Nothing more of this call is sent, ever. False: it is stopped so already.

        A hold ends with it: what falls due is not to wait for anybody, but to be written down as held back.
        """
        stop = _stop(scope_for_good(call_id), by=by, why=why)
        return self._switch(stop, _release(scope_of_call(call_id), by=by, why=why))

    def _switch(self, statement: Executable, *others: Executable) -> bool:
        """`others`: only where the first one changes something."""
        with Session(self._engine) as session, session.begin():
            changed = session.execute(statement).first() is not None
            for other in others if changed else ():
                session.execute(other)
            if changed:
                wake_forwarders(session)
            return changed

    def how_it_ended(self, call_id: str) -> str | None:
        """Why nothing more of this call goes out; `None` while something may.

        Raises:
            NoSuchCall: nobody has told of such a call.
        """
        with Session(self._engine) as session:
            row = session.get(CallRow, call_id)
            if row is None:
                raise NoSuchCall(call_id)
            return row.ended_reason

    def set_mode(self, mode: Mode, *, by: str, why: str, pilot: Sequence[str] = ()) -> None:
        """From now on, for the whole service. `pilot`: its phones (E.164), these and no others."""
        with Session(self._engine) as session, session.begin():
            rows = [
                {
                    "phone_hash": number_hash(session, self._keyring, number),
                    "phone_encrypted": self._keyring.encrypt(number),
                }
                for number in pilot
            ]
            # Two at once, one after the other: else the pilot would have the phones of both.
            session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("mode of the service", 0))))
            session.add(ServiceModeRow(mode=mode, set_by=by, why=why))
            if mode is Mode.PILOT:
                session.execute(delete(PilotNumberRow))
                for row in rows:
                    session.execute(
                        insert(PilotNumberRow).values(**row, since_real=real_now()).on_conflict_do_nothing()
                    )

    def state(self) -> State:
        """What is so now. Calls that were stopped for good are not among it: nobody is to release them."""
        with Session(self._engine) as session:
            newest = session.exec(select(ServiceModeRow).order_by(col(ServiceModeRow.id).desc()).limit(1)).first()
            rows = session.exec(
                select(SwitchRow, CallRow.ended_reason)
                .join(CallRow, col(SwitchRow.scope) == literal(OF_A_CALL).concat(col(CallRow.call_id)), isouter=True)
                .where(col(SwitchRow.released_real).is_(None), ~col(SwitchRow.scope).startswith(FOR_GOOD))
                .order_by(col(SwitchRow.stopped_real))
            ).all()
            return State(
                mode=mode_of_service(session),
                mode_since=None if newest is None else newest.since_real,
                mode_by=None if newest is None else newest.set_by,
                mode_why=None if newest is None else newest.why,
                stopped=[
                    Stopped(scope=row.scope, since=row.stopped_real, by=row.stopped_by, why=row.why, call_ended=ended)
                    for row, ended in rows
                ],
                pilot_phones=session.exec(select(func.count(col(PilotNumberRow.phone_hash)))).one(),
            )


def _stop(scope: str, *, by: str, why: str) -> Executable:
    return (
        insert(SwitchRow)
        .values(scope=scope, stopped_by=by, why=why, stopped_real=real_now())
        .on_conflict_do_nothing()
        .returning(col(SwitchRow.id))
    )


def _release(scope: str, *, by: str, why: str) -> Executable:
    return (
        update(SwitchRow)
        .where(col(SwitchRow.scope) == scope, col(SwitchRow.released_real).is_(None))
        .values(released_real=real_now(), released_by=by, released_why=why)
        .returning(col(SwitchRow.id))
    )
