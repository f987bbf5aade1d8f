"""What staff do about one call. Of a call that is over nothing can be done any more; done twice is done once."""

from enum import StrEnum
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, func, or_, select

from activities.languages import language_chosen
from activities.stop_and_go import scope_for_good, scope_of_call, switched_off
from calls.facts import Language
from database.encryption import Keyring, KeyringError
from database.numbers import BlockedNumberRow
from database.staff import CallerLanguageRow
from database.tables import CallRow, real_now
from web.staff.numbers.blocked import BlockedNumbers, Why
from web.staff.switches import NoSuchCall, Switches


class Outcome(StrEnum):
    """What came of it: a page says it in these words."""

    HELD = "held"
    HELD_ALREADY = "held_already"
    RELEASED = "released"
    NOT_HELD = "not_held"
    STOPPED = "stopped"
    STOPPED_ALREADY = "stopped_already"
    LANGUAGE = "language"
    LANGUAGE_ALREADY = "language_already"
    BLOCKED = "blocked"
    BLOCKED_ALREADY = "blocked_already"
    NO_NUMBER = "no_number"
    NO_REASON = "no_reason"
    NO_CHOICE = "no_choice"
    OVER = "over"


DID_SOMETHING: Final = frozenset({Outcome.HELD, Outcome.RELEASED, Outcome.STOPPED, Outcome.LANGUAGE, Outcome.BLOCKED})


class CallActions:
    """Each binds for every text that is checked after its commit.

    All raise `NoSuchCall` where nobody has told of such a call.
    """

    def __init__(self, *, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring
        self._switches = Switches(engine=engine, keyring=keyring)
        self._blocked = BlockedNumbers(engine=engine, keyring=keyring)

    def hold(self, call_id: str, *, by: str, why: str) -> Outcome:
        """What falls due waits."""
        if (refused := self._refused(call_id, why)) is not None:
            return refused
        if self._is_off(scope_for_good(call_id)):
            return Outcome.STOPPED_ALREADY
        is_new = self._switches.stop(scope_of_call(call_id), by=by, why=why)
        return Outcome.HELD if is_new else Outcome.HELD_ALREADY

    def release(self, call_id: str, *, by: str, why: str) -> Outcome:
        """What is still true goes out; the rest has expired."""
        if (refused := self._refused(call_id, why)) is not None:
            return refused
        was_held = self._switches.go(scope_of_call(call_id), by=by, why=why)
        return Outcome.RELEASED if was_held else Outcome.NOT_HELD

    def stop_for_good(self, call_id: str, *, by: str, why: str) -> Outcome:
        """Nothing more of this call is sent, ever."""
        if (refused := self._refused(call_id, why)) is not None:
            return refused
        is_new = self._switches.stop_for_good(call_id, by=by, why=why)
        return Outcome.STOPPED if is_new else Outcome.STOPPED_ALREADY

    def choose_language(self, call_id: str, language: str, *, by: str) -> Outcome:
        """The next text is in this one, whatever CAD says."""
        if language not in set(Language):
            return Outcome.NO_CHOICE
        if (refused := self._refused(call_id, "chosen")) is not None:
            return refused
        with Session(self._engine) as session, session.begin():
            # Two at once, one after the other: the second one sees that it is done.
            session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"language {call_id}", 0))))
            if language_chosen(session, call_id) == language:
                return Outcome.LANGUAGE_ALREADY
            session.add(CallerLanguageRow(call_id=call_id, language=language, chosen_by=by))
        return Outcome.LANGUAGE

    def block_number(self, call_id: str, why: str, *, by: str) -> Outcome:
        """The call's number is not texted any more, of this call or another. It is named by its call alone."""
        if why not in set(Why):
            return Outcome.NO_CHOICE
        if (refused := self._refused(call_id, why)) is not None:
            return refused
        with Session(self._engine) as session:
            row = session.get(CallRow, call_id)
            if row is None or row.phone_encrypted is None or row.phone_hash is None:
                return Outcome.NO_NUMBER
            if _is_blocked(session, row.phone_hash):
                return Outcome.BLOCKED_ALREADY
            try:
                number = self._keyring.decrypt(row.phone_encrypted)
            except KeyringError:
                return Outcome.NO_NUMBER
        return Outcome.BLOCKED if self._blocked.add(number, why=Why(why), by=by) else Outcome.BLOCKED_ALREADY

    def _refused(self, call_id: str, why: str) -> Outcome | None:
        if self._switches.how_it_ended(call_id) is not None:
            return Outcome.OVER
        return None if why.strip() else Outcome.NO_REASON

    def _is_off(self, scope: str) -> bool:
        with Session(self._engine) as session:
            return switched_off(session, [scope]) is not None


def _is_blocked(session: Session, phone_hash: str) -> bool:
    on_list = (
        col(BlockedNumberRow.phone_hash) == phone_hash,
        col(BlockedNumberRow.ended_real).is_(None),
        or_(col(BlockedNumberRow.until_real).is_(None), col(BlockedNumberRow.until_real) > real_now()),
    )
    return session.exec(select(BlockedNumberRow.id).where(*on_list)).first() is not None


__all__ = ["DID_SOMETHING", "CallActions", "NoSuchCall", "Outcome"]
