"""R6 after a restore: what residents wrote since the backup, taken back from the carrier's list in its order.

Nobody is answered: they were, when they wrote. The webhooks may take texts in meanwhile; each counts once.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import func
from sqlmodel import Session, col, select

from activities.carrier_messages import WholeMessage, oldest_first
from activities.find_out import CLOCK_DIFFERENCE
from activities.taken_back import our_numbers
from database.lookup_keys import number_hash
from database.tables import InboundMessageRow
from texts.keywords import Keyword
from web.residents.agency import Site
from web.residents.inbound import Inbound, read, stored
from web.residents.opt_outs import note_past_stop, say_start, say_stop


class ReceivedList(Protocol):
    """The carrier's list, words and all."""

    def made_since(self, since: datetime, *, sender: str = "", to: str = "") -> Iterator[WholeMessage]: ...


@dataclass
class Received:
    """What came of the list. `taken_back`: how many of each keyword; `without_words`: deleted at the carrier."""

    listed: int = 0
    known: int = 0
    taken_back: Counter[str] = field(default_factory=Counter)
    without_words: int = 0


def take_back_received(site: Site, carrier: ReceivedList, as_of: datetime, *, beat: Callable[[int], None]) -> Received:
    """Everything since the backup, the oldest first. `beat` hears how many were looked at.

    Raises:
        NotProcessed: the list cannot be had; what was written stays, and the next run goes on.
    """
    with Session(site.engine) as session:
        numbers = our_numbers(session, as_of, now=site.agency.sender)
    listed = [one for number in numbers for one in carrier.made_since(as_of - CLOCK_DIFFERENCE, to=number)]
    received = Received(listed=len(listed))
    for number, one in enumerate(oldest_first(listed), start=1):
        keyword = _take(site, one)
        received.known += keyword is None
        if keyword is not None:
            received.taken_back[keyword] += 1
            received.without_words += not one.body
        beat(number)
    return received


def _take(site: Site, one: WholeMessage) -> Keyword | None:
    """What it asks for; `None`: it is here already."""
    message = Inbound(provider_sid=one.message.sid, phone=one.sender, sender=one.message.to, body=one.body)
    at, reading = site.clock.at(one.message.created), read(message)
    with Session(site.engine) as session, session.begin():
        phone_hash = number_hash(session, site.keyring, message.phone)
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"inbound {phone_hash}", 0))))
        if not stored(session, site, message, reading, phone_hash=phone_hash, now=at):
            return None
        if reading.keyword is Keyword.STOP or reading.stops_too:
            ended = _started_since(session, phone_hash=phone_hash, sender=message.sender, at=at)
            if ended is None:
                say_stop(session, site.keyring, message.phone, sender=message.sender, now=at)
            else:
                note_past_stop(session, site.keyring, message.phone, sender=message.sender, since=at, ended=ended)
        elif reading.keyword is Keyword.START:
            say_start(session, phone_hash=phone_hash, sender=message.sender, now=at)
    return reading.keyword


def _started_since(session: Session, *, phone_hash: str, sender: str, at: datetime) -> datetime | None:
    """The first START after it, which a webhook was quicker to take in."""
    started = select(func.min(InboundMessageRow.received_at)).where(
        col(InboundMessageRow.phone_hash) == phone_hash,
        col(InboundMessageRow.sender) == sender,
        col(InboundMessageRow.keyword) == Keyword.START.value,
        col(InboundMessageRow.received_at) > at,
    )
    found: datetime | None = session.execute(started).scalar_one()
    return found
