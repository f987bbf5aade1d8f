"""The story of a call, as it happened: what CAD said, every text and reply, and what staff did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue
from sqlmodel import Session, col, select

from activities.stop_and_go import scope_for_good, scope_of_call
from calls.clock import Clock
from calls.contracts import WENT_OUT, Kind, LedgerState
from calls.facts import CallFacts
from database.encryption import Keyring, KeyringError
from database.staff import CallerLanguageRow
from database.tables import CadRecordRow, CallRow, InboundMessageRow, SwitchRow, TextRow

_MOST: Final = 200
"""Records, replies: of a machine that repeats itself the newest are enough."""

_NO_NEWS: Final = frozenset({"outcome"})
_ENDED: Final = (LedgerState.DELIVERED, LedgerState.UNDELIVERED, LedgerState.FAILED)


@dataclass(frozen=True, kw_only=True)
class Said:
    """A record of CAD's. `news`: what no earlier one had said; times are times. `heard`: when it came."""

    feed: str
    heard: datetime
    news: Mapping[str, JsonValue | datetime]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A text. `words`: as the resident saw them; `None`: deleted by retention, or never written.

    `number`: where it went to another one than the call has now. `sent`: when the POST began or the carrier took it.
    """

    text: TextRow
    words: str | None
    words_are_gone: bool
    number: str | None
    sent: datetime | None
    ended: datetime | None

    @property
    def was_delivered(self) -> bool:
        return self.text.state == LedgerState.DELIVERED


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A text that came in from a number of the call. `words`: `None` where they were deleted by retention."""

    keyword: str
    language: str | None
    words: str | None


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a member of staff did: `held`, `released`, `stopped`, `language`."""

    what: str
    by: str
    why: str | None = None
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One entry; `at` is the service's time. One of the four is there."""

    at: datetime
    said: Said | None = None
    sent: Sent | None = None
    answered: Answered | None = None
    done: Done | None = None
    order: int = field(default=0)


def story_of(
    session: Session,
    row: CallRow,
    texts: Sequence[TextRow],
    *,
    keyring: Keyring,
    clock: Clock,
    until: datetime | None,
) -> list[Moment]:
    """From the first record on. Replies from the call's numbers count from its receipt `until` then."""
    hashes = {text.phone_hash for text in texts if text.phone_hash} | ({row.phone_hash} if row.phone_hash else set())
    around: list[Moment] = []
    if row.received_at is not None and until is not None and hashes:
        around = [
            *_replies(session, hashes, since=row.received_at, until=until, keyring=keyring),
            *_automatic(session, hashes, row, since=row.received_at, until=until, keyring=keyring, clock=clock),
        ]
    moments = [
        *_records(session, row.call_id, clock=clock),
        *(_text(text, row, keyring=keyring, clock=clock) for text in texts),
        *around,
        *_switched(session, row.call_id, clock=clock),
        *_languages(session, row.call_id, clock=clock),
    ]
    return sorted(moments, key=lambda moment: (moment.at, moment.order))


def _records(session: Session, call_id: str, *, clock: Clock) -> list[Moment]:
    """By their stamps; what an earlier one had said is no news, and a record without news is left out."""
    rows = session.exec(
        select(CadRecordRow)
        .where(col(CadRecordRow.call_id) == call_id)
        .order_by(col(CadRecordRow.id).desc())
        .limit(_MOST)
    ).all()
    known: dict[str, JsonValue] = {}
    moments = []
    for row in sorted(rows, key=lambda row: (row.stamp, row.id or 0)):
        news = _news(row.body, known)
        known |= row.body
        if news:
            said = Said(
                feed=row.feed, heard=clock.at(row.accepted_real), news={n: _read(n, v) for n, v in news.items()}
            )
            moments.append(Moment(at=row.stamp, said=said))
    return moments


def _news(body: Mapping[str, JsonValue], known: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """In the order of the facts. That something is not so is news where it was so; a code that says what its reading
    says is none."""
    told = {name: body[name] for name in CallFacts.model_fields if name in body and name not in _NO_NEWS}
    return {
        name: value
        for name, value in told.items()
        if value != known.get(name)
        and value is not None
        and (value is not False or known.get(name))
        and not (name.endswith("_code") and str(body.get(name.removesuffix("_code"))) == value)
    }


def _read(name: str, value: JsonValue) -> JsonValue | datetime:
    if name.endswith("_at") and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return value


def _text(text: TextRow, row: CallRow, *, keyring: Keyring, clock: Clock) -> Moment:
    went_out = text.state in WENT_OUT or text.state in (LedgerState.FAILED, LedgerState.SENDING)
    sent = clock.at(text.sending_real) if went_out and text.sending_real is not None else None
    is_other = text.phone_hash not in (None, row.phone_hash)
    return Moment(
        at=sent or text.settled_at or text.due_at,
        order=1,
        sent=Sent(
            text=text,
            words=_open(text.body_encrypted, keyring) if went_out else None,
            words_are_gone=went_out and text.body_encrypted is None,
            number=_open(text.phone_encrypted, keyring) if is_other else None,
            sent=sent,
            ended=clock.at(text.updated_real) if text.state in _ENDED else None,
        ),
    )


def _replies(session: Session, hashes: set[str], *, since: datetime, until: datetime, keyring: Keyring) -> list[Moment]:
    rows = session.exec(
        select(InboundMessageRow)
        .where(
            col(InboundMessageRow.phone_hash).in_(hashes),
            col(InboundMessageRow.received_at).between(since, until),
        )
        .order_by(col(InboundMessageRow.id).desc())
        .limit(_MOST)
    )
    return [
        Moment(
            at=row.received_at,
            order=2,
            answered=Answered(keyword=row.keyword, language=row.language, words=_open(row.body_encrypted, keyring)),
        )
        for row in rows
    ]


def _automatic(
    session: Session,
    hashes: set[str],
    row: CallRow,
    *,
    since: datetime,
    until: datetime,
    keyring: Keyring,
    clock: Clock,
) -> list[Moment]:
    """Our answers to those replies: they are the number's, not the call's."""
    rows = session.exec(
        select(TextRow)
        .where(
            col(TextRow.phone_hash).in_(hashes),
            col(TextRow.kind) == Kind.AUTO_REPLY,
            col(TextRow.due_at).between(since, until),
        )
        .order_by(col(TextRow.due_at).desc())
        .limit(_MOST)
    )
    return [_text(text, row, keyring=keyring, clock=clock) for text in rows]


def _switched(session: Session, call_id: str, *, clock: Clock) -> list[Moment]:
    scopes = {scope_of_call(call_id): "held", scope_for_good(call_id): "stopped"}
    moments = []
    for row in session.exec(select(SwitchRow).where(col(SwitchRow.scope).in_(scopes))):
        done = Done(what=scopes[row.scope], by=row.stopped_by, why=row.why)
        moments.append(Moment(at=clock.at(row.stopped_real), order=3, done=done))
        if row.released_real is not None:
            done = Done(what="released", by=row.released_by or "", why=row.released_why)
            moments.append(Moment(at=clock.at(row.released_real), order=3, done=done))
    return moments


def _languages(session: Session, call_id: str, *, clock: Clock) -> list[Moment]:
    rows = session.exec(select(CallerLanguageRow).where(col(CallerLanguageRow.call_id) == call_id))
    return [
        Moment(
            at=clock.at(row.chosen_real),
            order=3,
            done=Done(what="language", by=row.chosen_by, language=row.language),
        )
        for row in rows
    ]


def _open(stored: str | None, keyring: Keyring) -> str | None:
    """What was encrypted; `None` where it is gone, or its key is."""
    try:
        return None if stored is None else keyring.decrypt(stored)
    except KeyringError:
        return None
