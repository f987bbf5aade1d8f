"""The carrier's own copies of texts: deleted there where the agency's policy says so, message by message.

Twilio keeps number and words of a message until it is asked to delete it, and some of it for a while after that; its
own logs it keeps as long as it likes (docs/data-flow.md).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from activities.carrier_client import NotProcessed
from activities.services import TextServices
from database.tables import InboundMessageRow, TextRow, real_now

log = structlog.get_logger()

_BATCH: Final = 100
_TRIED_FOR: Final = timedelta(days=60)
"""Of what is older still nobody asks any more: an account of before, a carrier that was changed."""
_Of = type[TextRow] | type[InboundMessageRow]


def forget_at_carrier(services: TextServices, *, beat: Callable[[], None]) -> int:
    """Some of what is old enough; how many. None: there is nothing, or the policy asks for nothing.

    Raises:
        NotProcessed: the carrier does not do it now. What was done is written down.
    """
    length = services.agency.policy.retention.at_carrier
    if length is None:
        return 0
    real, now = real_now() - length, services.clock.now() - length
    done = 0
    for of, since, old in ((TextRow, col(TextRow.claimed_real), real), (InboundMessageRow, _received(), now)):
        sids = _due(services, of, since=since, old=old)
        done += delete_messages(services, of, sids, beat=beat)
    return done


def delete_messages(services: TextServices, of: _Of, sids: Sequence[str], *, beat: Callable[[], None]) -> int:
    """Have these messages deleted, and write that down after each.

    Raises:
        NotProcessed: the carrier does not do it now.
    """
    for sid in sids:
        services.carrier.forget(sid)
        with Session(services.engine) as session, session.begin():
            session.execute(update(of).where(col(of.provider_sid) == sid).values(at_carrier=False))
        beat()
    return len(sids)


def _received() -> Any:
    return col(InboundMessageRow.received_at)


def _due(services: TextServices, of: _Of, *, since: Any, old: datetime) -> Sequence[str]:
    found = (
        select(of.provider_sid)
        .where(
            col(of.at_carrier),
            col(of.provider_sid).is_not(None),
            since < old,
            since > old - _TRIED_FOR,
        )
        .order_by(since)
        .limit(_BATCH)
    )
    with Session(services.engine) as session:
        return [sid for sid in session.exec(found) if sid is not None]


def forget_at_carrier_or_say(services: TextServices, *, beat: Callable[[], None]) -> int:
    """As `forget_at_carrier`; a carrier that is away is asked the next night."""
    try:
        return forget_at_carrier(services, beat=beat)
    except NotProcessed as refusal:
        log.warning("the carrier did not delete old messages; they are tried again", cause=refusal.cause)
        return 0
