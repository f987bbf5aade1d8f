"""What became of our answer to a text that came in. Until it has been passed on to the carrier it is `sending` in the
ledger, so that no death of a process leaves one that is said to be out (R2)."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select

from activities.ledger import IN_DOUBT
from calls.contracts import UNHEARD, LedgerState
from database.tables import TextRow, real_now
from web.residents.agency import Site
from web.serving.in_time import Deadline, transaction

_CARRIER_WAITS: Final = timedelta(seconds=15)
_TO_TAKE_BACK_SECONDS: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered, with its id in the ledger."""

    text_id: UUID
    body: str
    begun_real: datetime
    """When: a text that is delivered again is answered by the same row, and what became of the first answer is not what
    becomes of the second."""


def heard(site: Site, reply: Reply, deadline: Deadline) -> None:
    """It has been passed on to the carrier."""
    _settle(site, reply, LedgerState.ACCEPTED, deadline, rule=None)


def unheard(site: Site, reply: Reply, deadline: Deadline) -> None:
    """The carrier had hung up, or been told 503: the ledger says so, and whoever writes again is answered."""
    _settle(site, reply, LedgerState.EXPIRED, deadline, rule=UNHEARD)


def unheard_if_late(site: Site, reply: Reply | None, deadline: Deadline) -> Reply | None:
    """The reply, or `None` where its commit took so long that 503 has been said meanwhile."""
    if reply is None or not deadline.is_past:
        return reply
    unheard(site, reply, Deadline(time.monotonic() + _TO_TAKE_BACK_SECONDS))
    return None


def is_unheard() -> ColumnElement[bool]:
    """Of the row of a reply: nobody has it. Nobody waited for it; or it was never passed on, and the carrier waits for
    it no longer, because its process died (killed after the commit: chaos, seed 6)."""
    is_over = col(TextRow.sending_real) < real_now() - _CARRIER_WAITS
    in_doubt = and_(col(TextRow.state).in_(sorted(IN_DOUBT)), col(TextRow.provider_sid).is_(None), is_over)
    return or_(and_(col(TextRow.state) == LedgerState.EXPIRED, col(TextRow.rule) == UNHEARD), in_doubt)


def _settle(site: Site, reply: Reply, state: LedgerState, deadline: Deadline, *, rule: str | None) -> None:
    with transaction(site.engine, deadline) as session:
        row = session.exec(select(TextRow).where(col(TextRow.id) == reply.text_id).with_for_update()).one_or_none()
        is_its_own = row is not None and row.sending_real == reply.begun_real
        if row is not None and is_its_own and row.state in IN_DOUBT and row.provider_sid is None:
            row.state, row.rule, row.updated_real = state, rule, real_now()  # else the carrier has told of it since
            session.add(row)
