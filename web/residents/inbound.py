"""A text that came in: stored once, STOP and START obeyed at once (R6), everything else answered once an hour."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import and_, func, not_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from activities.error_codes import OPTED_OUT
from activities.languages import language_used
from activities.stop_and_go import EVERYTHING, SHADOW, only_written_down, scope_of_kind, switched_off
from calls.contracts import WENT_OUT, Kind, LedgerState
from calls.facts import Language
from database.lookup_keys import number_hash
from database.tables import InboundMessageRow, TextRow, real_now
from texts.keywords import STOP_BY_CARRIER, Keyword, Reading, read_keyword
from texts.render import render
from texts.wording import Piece
from web.residents.agency import Site
from web.residents.opt_outs import is_opted_out, say_start, say_stop
from web.residents.replies import Reply, is_unheard, unheard_if_late
from web.serving.in_time import Deadline, transaction

_ANSWER_EVERY: Final = timedelta(hours=1)  # two machines that answer each other stop here
_TEXTABLE: Final = re.compile(r"\+[1-9][0-9]{9,14}")  # no short codes and names: those are machines
_TOLD_BY_CARRIER: Final = {"STOP": Keyword.STOP, "START": Keyword.START}
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SILENCED_BY_STOP: Final = "opted out"
_AGAIN_WITHIN: Final = timedelta(minutes=15)
_AUTOMATIC: Final = (Piece.AUTO_REPLY, Piece.WRONG_NUMBER_REPLY)
_NO_ANSWER: Final = (LedgerState.SUPPRESSED, LedgerState.EXPIRED)


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """A text from a resident: `phone` wrote to `sender`, one of our numbers.

    `opt_out_type`: STOP, START or HELP where Twilio's Advanced Opt-Out, with words that the agency has given it (ARRET
    for one), has answered already.
    """

    provider_sid: str
    phone: str
    sender: str
    body: str
    opt_out_type: str = ""


def take_in(site: Site, message: Inbound, deadline: Deadline) -> Reply | None:
    """Store the text, do what it asks, and give our answer, all committed. None: the carrier answers, or nobody.

    The same text delivered again is stored and answered no second time (R2), but where nobody has the answer.
    """
    return unheard_if_late(site, _taken_in(site, message, deadline), deadline)


def _taken_in(site: Site, message: Inbound, deadline: Deadline) -> Reply | None:
    now, reading = site.clock.now(), read(message)
    with transaction(site.engine, deadline) as session:
        phone_hash = number_hash(session, site.keyring, message.phone)
        # One number's texts are taken in one after the other, so that two at once are not answered twice.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"inbound {phone_hash}", 0))))
        if not stored(session, site, message, reading, phone_hash=phone_hash, now=now):
            return _again(session, site, message, phone_hash=phone_hash, now=now)
        piece = _obey(session, site, message, reading, phone_hash=phone_hash, now=now)
        if piece is None or not _TEXTABLE.fullmatch(message.phone):
            return None
        return _answer(session, site, message, piece, reading.language, phone_hash=phone_hash, now=now)


def _again(session: Session, site: Site, message: Inbound, *, phone_hash: str, now: datetime) -> Reply | None:
    """The answer that nobody has of the first time, where it is not late and still true. A delivery that overlaps the
    first one comes before that is known, and is not answered."""
    came = select(InboundMessageRow.received_at).where(col(InboundMessageRow.provider_sid) == message.provider_sid)
    of_it = select(TextRow).where(
        TextRow.phone_hash == phone_hash,
        TextRow.kind == Kind.AUTO_REPLY,
        is_unheard(),
        col(TextRow.provider_sid).is_(None),
        col(TextRow.due_at) == came.scalar_subquery(),
        TextRow.due_at > now - _AGAIN_WITHIN,
    )
    row = session.exec(of_it.with_for_update()).first()
    if row is None or row.reason is None or row.body_encrypted is None:
        return None
    is_stopped = is_opted_out(session, phone_hash=phone_hash, sender=message.sender)
    if is_stopped != (row.reason == Piece.STOP_REPLY):  # R6: STOP or START has come since
        return None
    is_automatic = row.reason in _AUTOMATIC
    if _silenced(session, message.sender, phone_hash=phone_hash, is_automatic=is_automatic) is not None:
        return None
    if is_automatic and _answered_lately(session, row.reason, phone_hash=phone_hash, is_silent=False, now=now):
        return None
    begun = real_now()
    row.state, row.rule, row.settled_at = LedgerState.SENDING, None, now
    row.sending_real = row.updated_real = begun
    session.add(row)
    return Reply(text_id=row.id, body=site.keyring.decrypt(row.body_encrypted), begun_real=begun)


def read(message: Inbound) -> Reading:
    """What it asks for. The carrier's word on STOP and START counts more than ours: it has blocked the number, or ended
    that. To its HELP we say more than it does: where to turn."""
    reading, told = read_keyword(message.body), _TOLD_BY_CARRIER.get(message.opt_out_type)
    if told is None:
        return reading
    return Reading(keyword=told, language=reading.language, answered_by_carrier=True)


def stored(session: Session, site: Site, message: Inbound, reading: Reading, *, phone_hash: str, now: datetime) -> bool:
    """False: this text is here already."""
    by_carrier = reading.keyword is Keyword.STOP and reading.answered_by_carrier
    statement = (
        insert(InboundMessageRow)
        .values(
            provider_sid=message.provider_sid,
            phone_hash=phone_hash,
            sender=message.sender,
            keyword=STOP_BY_CARRIER if by_carrier else reading.keyword.value,
            language=reading.language,
            body_encrypted=site.keyring.encrypt(message.body),
            received_at=now,
        )
        .on_conflict_do_nothing(index_elements=["provider_sid"])
        .returning(col(InboundMessageRow.id))
    )
    return session.execute(statement).first() is not None


def _obey(
    session: Session, site: Site, message: Inbound, reading: Reading, *, phone_hash: str, now: datetime
) -> Piece | None:
    """Do what the keyword asks; which of our answers it gets. Of "wrong number, stop" both hold."""
    if reading.keyword is Keyword.STOP or reading.stops_too:
        is_new = say_stop(session, site.keyring, message.phone, sender=message.sender, now=now)
        return Piece.STOP_REPLY if is_new and not reading.answered_by_carrier else None
    if reading.keyword is Keyword.START:
        had_stopped = say_start(session, phone_hash=phone_hash, sender=message.sender, now=now)
        if reading.answered_by_carrier and _carrier_blocked(session, site, message, phone_hash=phone_hash):
            return None
        if had_stopped:
            return Piece.START_REPLY
    if reading.keyword is Keyword.WRONG_NUMBER:
        return Piece.WRONG_NUMBER_REPLY  # stored, it ends this call's texts to the number: activities/people.py
    return Piece.AUTO_REPLY


def _carrier_blocked(session: Session, site: Site, message: Inbound, *, phone_hash: str) -> bool:
    """The carrier confirms a START only to somebody whom it had blocked itself; after ARRET that is for us to do.

    It has blocked whoever sent it STOP, and whoever it refused a text of ours to, perhaps for a STOP of a time before
    ours: since the last START. What it refused in the moment of that START was our answer to a word (DEBUT) that is
    none for the carrier.
    """
    this_pair = (col(InboundMessageRow.phone_hash) == phone_hash, col(InboundMessageRow.sender) == message.sender)
    last_start = session.execute(
        select(func.max(InboundMessageRow.received_at)).where(
            *this_pair,
            col(InboundMessageRow.keyword) == Keyword.START.value,
            col(InboundMessageRow.provider_sid) != message.provider_sid,
        )
    ).scalar_one()
    since = last_start or _EVER
    stops = select(InboundMessageRow.id).where(
        *this_pair,
        col(InboundMessageRow.keyword) == STOP_BY_CARRIER,
        col(InboundMessageRow.received_at) >= since,
    )
    if session.exec(stops.limit(1)).first() is not None:
        return True
    refusals = select(TextRow.id).where(
        col(TextRow.phone_hash) == phone_hash, col(TextRow.error_code) == OPTED_OUT, col(TextRow.settled_at) >= since
    )
    # All texts of ours go out from the agency's own number.
    return message.sender == site.agency.sender and session.exec(refusals.limit(1)).first() is not None


def _answer(
    session: Session,
    site: Site,
    message: Inbound,
    piece: Piece,
    said_in: Language | None,
    *,
    phone_hash: str,
    now: datetime,
) -> Reply | None:
    """Write our answer to the ledger: in the language of our last text to the number, of the keyword, or of an earlier
    one, else in both.

    To somebody who opted out the ledger says why there is none (R6, R9).
    """
    is_automatic = piece in _AUTOMATIC
    silenced = _silenced(session, message.sender, phone_hash=phone_hash, is_automatic=is_automatic)
    if is_automatic and _answered_lately(
        session, piece, phone_hash=phone_hash, is_silent=silenced is not None, now=now
    ):
        return None
    wrote_in = _last_language(session, phone_hash=phone_hash)
    language = (wrote_in or said_in) if is_automatic else (said_in or wrote_in)
    language = language or language_used(session, phone_hash=phone_hash)
    fields = {each: site.agency.fields(each) for each in Language}
    rendered = render(site.agency.wording, piece, language, {}, by_language=fields)
    text_id, begun = uuid4(), real_now()
    session.add(
        TextRow(
            id=text_id,
            kind=Kind.AUTO_REPLY,
            state=LedgerState.SUPPRESSED if silenced else LedgerState.SENDING,
            rule=silenced,
            reason=piece.value,
            policy_version=site.agency.policy_version,
            wording_version=site.agency.wording.version,
            language=rendered.language,
            segments=rendered.segments,
            body_encrypted=site.keyring.encrypt(rendered.body),
            phone_hash=phone_hash,
            due_at=now,
            expires_at=now,
            settled_at=now,  # what was said in the moment of a START is no refusal after it
            sending_real=None if silenced else begun,
        )
    )
    return None if silenced else Reply(text_id=text_id, body=rendered.body, begun_real=begun)


def _silenced(session: Session, sender: str, *, phone_hash: str, is_automatic: bool) -> str | None:
    """Why there is no answer: the person opted out (what answers START or ARRET itself still goes), staff say so, or
    in its mode the service does not text this phone."""
    if is_automatic and is_opted_out(session, phone_hash=phone_hash, sender=sender):
        return _SILENCED_BY_STOP
    scope = switched_off(session, [EVERYTHING, scope_of_kind(Kind.AUTO_REPLY)])
    if scope is not None:
        return f"switched off: {scope}"
    return None if only_written_down(session, phone_hash) is None else SHADOW


def _answered_lately(session: Session, piece: str, *, phone_hash: str, is_silent: bool, now: datetime) -> bool:
    """The same was said to the number within the hour, or the same silence written down. A silence is no answer, nor
    what nobody has: who writes again after START, or when staff have let us speak again, hears where to turn."""
    state = col(TextRow.state)
    statement = select(TextRow.id).where(
        state == LedgerState.SUPPRESSED if is_silent else and_(state.not_in(_NO_ANSWER), not_(is_unheard())),
        TextRow.phone_hash == phone_hash,
        TextRow.kind == Kind.AUTO_REPLY,
        TextRow.reason == piece,
        TextRow.due_at > now - _ANSWER_EVERY,
    )
    return session.exec(statement.limit(1)).first() is not None


def _last_language(session: Session, *, phone_hash: str) -> Language | None:
    """The language of our last text about a call; None where it went out in both, or there was none."""
    statement = (
        select(TextRow.language)
        .where(TextRow.phone_hash == phone_hash, TextRow.kind != Kind.AUTO_REPLY, col(TextRow.state).in_(WENT_OUT))
        .order_by(col(TextRow.due_at).desc())
        .limit(1)
    )
    language = session.exec(statement).first()
    return Language(language) if language in set(Language) else None
