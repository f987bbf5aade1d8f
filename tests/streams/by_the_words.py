"""What must be sent for a stream of records, by the words of the rules: a second calculation, to compare with.

It shares no line with the service. `_Life` asks, from moment to moment, what is due by what is `Known` then;
`broken_rules` looks at texts that somebody sent, whoever it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import Final

from tests.streams.known_by_the_words import REPEAT, Known, Verdict
from tests.streams.streams import ZONE, Arrival, Stream

EXPIRY: Final = timedelta(minutes=60)
AT_MOST: Final = 3
SURVEY_AFTER: Final = timedelta(hours=4)
SURVEY_EXPIRY: Final = timedelta(hours=72)
GIVE_UP_AFTER: Final = timedelta(days=14)
OPENS: Final = time(9)
CLOSES: Final = time(20)


@dataclass(frozen=True)
class SentText:
    """A text that was sent, or must be."""

    kind: str  # confirmation, delay, survey
    sequence: int  # of a delay: its place among the call's, the expired ones counted; else 1
    number: str  # E.164
    due_at: datetime
    sent_at: datetime


def expected(stream: Stream) -> list[SentText]:
    """Every text of this call, in order of sending."""
    known = Known()
    life = _Life(known)
    for at, together in groupby(_in_order(stream), key=lambda arrival: arrival.at):
        life.go_on(until=at)
        for arrival in together:
            known.hear(arrival)
        life.has_begun = life.has_begun or known.verdict() is Verdict.TEXT
        life.ask(at.astimezone(UTC))
    life.go_on(until=None)
    return life.texts


def broken_rules(stream: Stream, texts: Sequence[SentText]) -> list[str]:
    """A line for each rule that a text breaks, by what had arrived when it was sent."""
    known, coming = Known(), list(reversed(_in_order(stream)))
    before: list[SentText] = []
    lines: list[str] = []
    for text in sorted(texts, key=lambda text: text.sent_at):
        while coming and coming[-1].at <= text.sent_at:
            known.hear(coming.pop())
        broken = (*_against_r1(known, text), *_against_r2(text, before), *_against_r5(known, text, before))
        lines += [f"{rule} ({text.kind} {text.sequence} at {text.sent_at.isoformat()})" for rule in broken]
        before.append(text)
    return lines


def _in_order(stream: Stream) -> list[Arrival]:
    return sorted(stream.arrivals, key=lambda arrival: arrival.at)


# The life of a call


class _Life:
    """Each step answers when to ask again if nothing arrives; None: the life has ended."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.has_begun = self.is_over = False
        self.texts: list[SentText] = []
        self._notices: list[datetime] = []  # when each was due, sent or expired
        self._wake: datetime | None = None

    def go_on(self, *, until: datetime | None) -> None:
        """What is due before that moment."""
        while self._wake is not None and (until is None or self._wake < until):
            self.ask(self._wake)

    def ask(self, now: datetime) -> None:
        if not self.has_begun or self.is_over:
            return
        self._wake = now
        while self._wake is not None and self._wake <= now:
            self._wake = self._step(now)
        self.is_over = self._wake is None

    def _step(self, now: datetime) -> datetime | None:
        known = self.known
        verdict, cleared_at, give_up = known.verdict(), known.cleared_at(), known.received_at() + GIVE_UP_AFTER
        is_waiting = verdict is Verdict.WAIT
        if verdict is Verdict.END or (now >= give_up and (is_waiting or cleared_at is None)):
            return None
        if is_waiting:
            return give_up
        is_confirmed = any(text.kind == "confirmation" and text.number == known.number() for text in self.texts)
        if cleared_at is not None:
            return self._survey(now, cleared_at) if is_confirmed else None
        again = self._delay(now) if is_confirmed else self._confirm(now)
        return None if again is None else min(again, give_up)

    def _confirm(self, now: datetime) -> datetime | None:
        due = self.known.confirmation_due(self.known.number())
        if now >= due + EXPIRY:
            return None
        return due if now < due else self._send("confirmation", 1, due, now)

    def _survey(self, now: datetime, cleared_at: datetime) -> datetime | None:
        due, expires = _opening(cleared_at + SURVEY_AFTER), cleared_at + SURVEY_EXPIRY
        if now < due:
            return due
        if now >= expires or not self.known.is_surveyed():
            return None
        if now < _opening(now):
            return min(_opening(now), expires)
        self._send("survey", 1, due, now)
        return None

    def _delay(self, now: datetime) -> datetime:
        since = self.known.waiting_since()
        due = self.known.delay_due(sum(notice > since for notice in self._notices))
        if self.known.has_officer() or sum(text.kind == "delay" for text in self.texts) >= AT_MOST:
            return datetime.max.replace(tzinfo=UTC)
        if now < due:
            return due
        self._notices.append(due)
        return now if now >= due + EXPIRY else self._send("delay", len(self._notices), due, now)

    def _send(self, kind: str, sequence: int, due: datetime, now: datetime) -> datetime:
        self.texts.append(SentText(kind, sequence, self.known.number(), due_at=due, sent_at=now))
        return now


def _opening(moment: datetime) -> datetime:
    """The moment, or the next 09:00 where it lies outside the hours of surveys."""
    local = moment.astimezone(ZONE)
    if OPENS <= local.time() < CLOSES:
        return moment
    day = local.date() + timedelta(days=int(local.time() >= CLOSES))
    return datetime.combine(day, OPENS, tzinfo=ZONE).astimezone(UTC)


# The rules


def _against_r1(known: Known, text: SentText) -> Iterator[str]:
    if known.verdict() is not Verdict.TEXT:
        yield "R1: it may not be texted"
    if text.number not in known.numbers:
        yield "R1: nobody told this number"


def _against_r2(text: SentText, before: Sequence[SentText]) -> Iterator[str]:
    same = [other for other in before if other.kind == text.kind]
    if any((other.sequence, other.number) == (text.sequence, text.number) for other in same):
        yield "R2: the same text twice"
    if text.kind == "confirmation" and any(other.number == text.number for other in same):
        yield "R2: a second confirmation for this number"
    if text.kind == "survey" and same:
        yield "R2: a second survey"
    if text.kind == "delay" and len(same) >= AT_MOST:
        yield "R2: too many delay notices"
    confirmed = {other.number for other in before if other.kind == "confirmation"}
    if text.kind != "confirmation" and text.number not in confirmed:
        yield "R2: to a number that has no confirmation"


def _against_r5(known: Known, text: SentText, before: Sequence[SentText]) -> Iterator[str]:
    if text.sent_at < text.due_at:
        yield "R5: before its own due time"
    if text.kind == "survey":
        yield from _survey_against_r5(known, text)
        return
    if known.cleared_at() is not None:
        yield f"R5: a {text.kind} when the call is cleared"
    if known.verdict() is not Verdict.TEXT or text.number not in known.numbers:
        return  # R1 speaks; what it takes for a due time may not be known
    if text.kind == "delay":
        yield from _delay_against_r5(known, text, before)
        return
    due = known.confirmation_due(text.number)
    if not due <= text.sent_at < due + EXPIRY:
        yield "R5: a confirmation before it is due or after its expiry"


def _delay_against_r5(known: Known, text: SentText, before: Sequence[SentText]) -> Iterator[str]:
    """The expired ones are not seen here: its place is at least the number of those that were sent."""
    since = known.waiting_since()
    first = known.delay_due(sum(other.kind == "delay" and other.due_at > since for other in before))
    if known.has_officer():
        yield "R5: a delay while an officer has the call"
    if text.due_at < first or (text.due_at - first) % REPEAT:
        yield "R5: no delay is due then"
    if text.sent_at < first or text.sent_at >= text.due_at + EXPIRY:
        yield "R5: a delay before it is due or after its expiry"


def _survey_against_r5(known: Known, text: SentText) -> Iterator[str]:
    cleared_at = known.cleared_at()
    if cleared_at is None:
        yield "R5: a survey when the call is open"
    elif not cleared_at + SURVEY_AFTER <= text.sent_at < cleared_at + SURVEY_EXPIRY:
        yield "R5: a survey before it is due or after its expiry"
    if _opening(text.sent_at) != text.sent_at:
        yield "R5: a survey at night"
    if not known.is_surveyed():
        yield "R5: a survey after this outcome"
