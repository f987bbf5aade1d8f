"""The service without its servers: the record, the state machine and the rules of who is texted, lived through.

What the workflow, the ledger and the activities add (waiting, writing down, sending) is left out: the same streams go
through those in `test_streams.py`, and must come out the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from calls.call_record import CallRecord, as_told, stamp_of, stamped
from calls.contracts import KnownCall, LedgerState, TextRecord
from calls.eligibility import decide
from calls.facts import CallFacts
from calls.merge import PHONE_HASH
from calls.numbers import untextable
from calls.policy import Policy
from calls.timetable import End, Send, Wait, next_step
from starter.records import CadRecord
from tests.streams.by_the_words import SentText
from tests.streams.streams import Stream

ASKED_AT_MOST = 500


@dataclass
class Heard:
    """What the service has heard of a call. Unless it is told how numbers are hashed, each stands for its own hash."""

    policy: Policy
    hash_of: Callable[[str], str] = str
    number_of: dict[str, str] = field(default_factory=dict)
    record: CallRecord = field(default_factory=lambda: CallRecord(agency="ottawa", cad_id="1"))
    contents: set[str] = field(default_factory=set)

    def take(self, record: CadRecord, *, at: datetime) -> None:
        content = record.content_hash(phone_hash=record.phone)
        if content in self.contents:
            return
        self.contents.add(content)
        stamp = stamp_of(record.facts, record.stamp, now=at)
        told = stamped(as_told(record.facts, stamp=stamp, now=at), stamp=stamp)
        if record.phone is not None:
            refusal = untextable(record.phone, self.policy.numbers)
            phone_hash = self.hash_of(record.phone)
            self.number_of[phone_hash] = record.phone
            told |= stamped({PHONE_HASH: phone_hash, "untextable": refusal}, stamp=stamp)
        self.record = self.record.taking(told, policy=self.policy)

    @property
    def number(self) -> str | None:
        return None if self.record.number is None else self.number_of.get(self.record.number)

    @property
    def facts(self) -> CallFacts:
        number = self.number
        return self.record.facts(recipient_version=0 if number is None else int(number[-10:]), held=False)

    @property
    def call(self) -> KnownCall:
        facts = self.facts
        return KnownCall(version=1, facts=facts, decision=decide(facts, self.policy))


def sent(stream: Stream, policy: Policy, *, hash_of: Callable[[str], str] = str) -> list[SentText]:
    """The texts of a call's whole life, each sent the moment that it is owed."""
    heard, moments = Heard(policy, hash_of), list(_moments(stream))
    while moments:
        now, records = moments.pop(0)
        for record in records:
            heard.take(record, at=now)
        if heard.call.decision.is_eligible:
            return list(_live(heard, moments, now))
    return []


def _live(heard: Heard, moments: list[tuple[datetime, list[CadRecord]]], now: datetime) -> Iterator[SentText]:
    """From the moment at which its workflow starts."""
    texts: list[TextRecord] = []
    for _ in range(ASKED_AT_MOST):
        call = heard.call
        step = next_step(call=call, texts=texts, timetable=heard.policy.timetable, now=now)
        match step:
            case End():
                return
            case Send():
                state = LedgerState.EXPIRED if now >= step.expires_at else LedgerState.ACCEPTED
                texts.append(TextRecord(key=step.key, state=state, due_at=step.due_at))
                if state is LedgerState.ACCEPTED:
                    yield SentText(step.key.kind.value, step.key.sequence, heard.number or "", step.due_at, now)
            case Wait():
                if moments and moments[0][0] <= step.until:
                    now, records = moments.pop(0)
                    for record in records:
                        heard.take(record, at=now)
                else:
                    now = step.until
    raise AssertionError("the life of a call has no end")


def _moments(stream: Stream) -> Iterator[tuple[datetime, list[CadRecord]]]:
    """What arrives together counts together."""
    at: datetime | None = None
    together: list[CadRecord] = []
    for arrival in stream.arrivals:
        if at is not None and arrival.at != at:
            yield at, together
            together = []
        at = arrival.at
        together.append(arrival.record)
    if at is not None:
        yield at, together


def differences(one: Sequence[SentText], other: Sequence[SentText]) -> str:
    """For a person who must find out why they differ; empty where they do not."""
    if list(one) == list(other):
        return ""
    lines = [
        f"  only {name}: {text}"
        for name, mine, theirs in (("one", one, other), ("other", other, one))
        for text in mine
        if text not in theirs
    ]
    return "\n".join(lines) or "  the order differs"
