"""Automatic replies go out in a webhook's answer: the ledger learns their sid from a callback, or never."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from activities.carrier_messages import Message
from activities.delivery_states import move_forward
from activities.find_out import CLOCK_DIFFERENCE
from activities.ledger import IN_DOUBT
from activities.services import TextServices
from calls.contracts import UNHEARD, Kind, LedgerState
from database.tables import InboundMessageRow, TextRow, real_now
from texts.keywords import STOP_BY_CARRIER, Keyword

_MARGIN: Final = timedelta(hours=1)
_ANSWERED_BY_CARRIER: Final = (STOP_BY_CARRIER, Keyword.START.value, Keyword.HELP.value)


class Replies:
    """Replies without a sid, to be told by number and time; and the answers that the carrier gives by itself."""

    def __init__(self, services: TextServices, *, since: datetime, until: datetime) -> None:
        self._is, self._keyring = services, services.keyring
        self._found: dict[UUID, Message] = {}
        self._since, self._until = since, until
        self._ours: defaultdict[str, list[tuple[datetime, UUID, int]]] = defaultdict(list)
        with Session(services.engine) as session:
            ours = select(TextRow.phone_hash, TextRow.claimed_real, TextRow.id, TextRow.segments).where(
                col(TextRow.kind) == Kind.AUTO_REPLY,
                col(TextRow.state).in_([LedgerState.ACCEPTED, *sorted(IN_DOUBT)]),
                col(TextRow.provider_sid).is_(None),
                col(TextRow.claimed_real) > since - _MARGIN,
                col(TextRow.claimed_real) < until + _MARGIN,
            )
            for phone_hash, claimed, text_id, segments in session.execute(ours):
                self._ours[phone_hash].append((claimed, text_id, segments or 0))
            # whose site died before it wrote down that they were passed on
            in_doubt = ours.with_only_columns(col(TextRow.id)).where(col(TextRow.state) != LedgerState.ACCEPTED)
            self._in_doubt = set(session.execute(in_doubt).scalars())
            keywords = select(InboundMessageRow.phone_hash).where(
                col(InboundMessageRow.keyword).in_(_ANSWERED_BY_CARRIER),
                col(InboundMessageRow.received_at) > services.clock.at(since - _MARGIN),
                col(InboundMessageRow.received_at) < services.clock.at(until + _MARGIN),
            )
            self._carriers = Counter(session.exec(keywords))

    def take(self, message: Message) -> int | None:
        """The segments of the reply that this message is; `None`: it is none of them."""
        if not message.is_reply:
            return None
        waiting = next((self._ours[one] for one in self._keyring.phone_hashes(message.to) if self._ours.get(one)), [])
        for place, (claimed, text_id, segments) in enumerate(waiting):
            if abs(message.created - claimed) < CLOCK_DIFFERENCE:
                del waiting[place]
                if text_id in self._in_doubt:
                    self._found[text_id] = message
                return segments
        return None

    def is_carriers_own(self, message: Message) -> bool:
        """An answer to STOP, START or HELP that we know nothing of: the carrier gave it, and it is not in our sum."""
        if not message.is_reply:
            return False
        hashes = self._keyring.phone_hashes(message.to)
        phone_hash = next((one for one in hashes if self._carriers[one] > 0), hashes[0])
        self._carriers[phone_hash] -= 1
        return self._carriers[phone_hash] >= 0

    def left(self) -> list[tuple[UUID, int]]:
        """Id and segments of the replies of the day that the carrier has not, and should have."""
        return [
            (text_id, segments)
            for waiting in self._ours.values()
            for claimed, text_id, segments in waiting
            if self._since <= claimed < self._until and text_id not in self._in_doubt
        ]

    def end_doubts(self) -> None:
        """The list of the day says of each in doubt whether it went out: else nobody ever would."""
        waiting = {
            text_id for waiting in self._ours.values() for claimed, text_id, _ in waiting if claimed < self._until
        }
        with Session(self._is.engine) as session, session.begin():
            these = col(TextRow.id).in_(self._in_doubt & (self._found.keys() | waiting))
            for row in session.exec(select(TextRow).where(these).with_for_update()):
                found = self._found.get(row.id)
                if row.state not in IN_DOUBT or row.provider_sid is not None:
                    continue  # a callback has told of it meanwhile
                if found is None:
                    row.state, row.rule, row.updated_real = LedgerState.EXPIRED, UNHEARD, real_now()
                else:
                    move_forward(
                        row,
                        provider_sid=found.sid,
                        status=found.status,
                        error_code=found.error_code,
                        now=self._is.clock.now(),
                    )
                session.add(row)
