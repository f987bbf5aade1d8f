"""Stop and go: what staff have switched off, and the mode of the whole service. Asked in every check before a POST.

What is switched off waits, and goes once when it is released, if it is still true. A call that is stopped for good has
no release: its texts are held back when they fall due, and the ledger says so. In `shadow` everything is decided
and written down as if it were sent; in `pilot` likewise, but for the phones of the pilot.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlmodel import Session, col, select

from activities.findings import Findings
from activities.verdict import HeldBack, NotNow
from calls.contracts import Kind, LedgerState, SendText
from database.tables import PilotNumberRow, ServiceModeRow, SwitchRow

EVERYTHING: Final = "everything"
SHADOW: Final = "shadow"
"""The rule of a text that was only written down: to the rest of the call's life it counts as sent."""


class Mode(StrEnum):
    """What the whole service does."""

    LIVE = "live"
    PILOT = "pilot"
    """Texts the listed phones only."""
    SHADOW = "shadow"
    """Texts nobody."""


def scope_of_kind(kind: Kind) -> str:
    return f"kind:{kind}"


def scope_of_type(group: str) -> str:
    return f"type:{group}"


OF_A_CALL: Final = "call:"


def scope_of_call(call_id: str) -> str:
    return f"{OF_A_CALL}{call_id}"


FOR_GOOD: Final = "never:"
STOPPED_BY_STAFF: Final = "stopped by staff"
"""The rule of a text whose call was stopped for good."""


def scope_for_good(call_id: str) -> str:
    """A switch that nobody can release: nothing more of this call is sent."""
    return f"{FOR_GOOD}{call_id}"


def scopes_of(call_id: str, groups: Iterable[str | None], kind: Kind) -> list[str]:
    """Whatever can be switched off so that this text does not go. `groups`: of the call's type, as it was read when the
    record came, and as the agency's folder reads it now."""
    scopes = [EVERYTHING, scope_of_kind(kind), scope_of_call(call_id)]
    return scopes + [scope_of_type(group) for group in sorted({group for group in groups if group})]


def switched_off(session: Session, scopes: list[str]) -> str | None:
    """The first of these that is switched off now."""
    in_force = "SELECT scope FROM switch WHERE scope = ANY(%s) AND released_real IS NULL LIMIT 1"
    return session.connection().exec_driver_sql(in_force, (scopes,)).scalar()


IS_HELD: Final = "EXISTS (SELECT 1 FROM switch WHERE scope = %(scope_of_call)s AND released_real IS NULL)"
"""The same within a statement about the call."""


def is_held(session: Session, call_id: str) -> bool:
    """Staff hold this call now."""
    return switched_off(session, [scope_of_call(call_id)]) is not None


def stopped_for_good(found: Findings) -> HeldBack | None:
    """Staff want nothing more of this call to be sent. It does not wait: each text that falls due is written down."""
    if scope_for_good(found.call_id) not in found.switched_off:
        return None
    reason = "a member of staff has stopped the texts of this call for good"
    return HeldBack(state=LedgerState.SUPPRESSED, rule=STOPPED_BY_STAFF, reason=reason)


def all_switched_off(session: Session, *, or_released_since: datetime) -> set[str]:
    """Everything that is switched off now, or was until a moment ago (real time)."""
    released = col(SwitchRow.released_real)
    return set(session.exec(select(SwitchRow.scope).where(released.is_(None) | (released > or_released_since))))


def mode_of_service(session: Session) -> Mode:
    """The mode now: live, unless somebody has set another one."""
    return _mode(session.exec(select(ServiceModeRow.mode).order_by(col(ServiceModeRow.id).desc()).limit(1)).first())


def stops(order: SendText, found: Findings, *, groups: Iterable[str | None]) -> NotNow | None:
    """The text waits while something of it is switched off; until when nobody knows."""
    scopes = scopes_of(order.call_id, groups, order.key.kind)
    scope = next((scope for scope in scopes if scope in found.switched_off), None)
    return None if scope is None else NotNow(until=None, why=f"switched off: {scope}")


def written_down_only(found: Findings) -> HeldBack | None:
    """In shadow nobody is texted, in a pilot only its phones."""
    return _written_down(_mode(found.mode), is_in_pilot=found.is_in_pilot)


def only_written_down(session: Session, phone_hash: str | None) -> HeldBack | None:
    """The same of a text that is about no call."""
    mode = mode_of_service(session)
    return _written_down(mode, is_in_pilot=mode is Mode.PILOT and _in_pilot(session, phone_hash))


def _mode(newest: str | None) -> Mode:
    return Mode.LIVE if newest is None else Mode(newest)


def _written_down(mode: Mode, *, is_in_pilot: bool) -> HeldBack | None:
    if mode is Mode.LIVE or (mode is Mode.PILOT and is_in_pilot):
        return None
    reason = "nobody is texted in shadow" if mode is Mode.SHADOW else "the phone is not one of the pilot's"
    return HeldBack(state=LedgerState.SUPPRESSED, rule=SHADOW, reason=reason)


def _in_pilot(session: Session, phone_hash: str | None) -> bool:
    listed = select(PilotNumberRow.phone_hash).where(col(PilotNumberRow.phone_hash) == phone_hash)
    return session.exec(listed).first() is not None
