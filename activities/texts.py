"""One text is one activity: ledger row, check, carrier and outcome together.

Three activities would cost twice the history and leave gaps between them. No database connection is held while the
carrier answers.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from temporalio import activity

from activities import ledger
from activities.carrier_client import (
    Accepted,
    Busy,
    CountryClosed,
    Misconfigured,
    NotProcessed,
    OutcomeUnknown,
    Refused,
    WordsRefused,
)
from activities.check import CLOCKS_MAY_DIFFER, check
from activities.find_out import FindOut
from activities.findings import Findings, lock_number_of, what_is_known
from activities.in_hand import Found, InLine, Ready, take_turn
from activities.known_call import newer_call
from activities.ledger import AnotherAttempt, Claim, InDoubt, Settled
from activities.line import IN_HAND_AT_MOST_SECONDS, Line, NotYet
from activities.services import TextServices
from activities.trying_again import try_again
from activities.verdict import HeldBack, MaySend, NotNow, Overtaken
from activities.words import why_stopped, words_for
from calls.contracts import SEND_TEXT, LedgerState, SendText, TextOutcome, TextRecord
from calls.versions import epoch_of
from database.tables import real_now

log = structlog.get_logger()

# What was checked must still be true when the POST begins: older than this, it is checked again.
_CHECK_IS_FRESH_FOR_SECONDS = 2.0
# What is switched off is asked for again: at the latest so long after its release it goes out.
_ASK_AGAIN_AFTER_SECONDS = 20.0
_BUSY_FOR_SECONDS = 1.0


class TextActivities:
    """The activity that sends one text, and nothing twice (R2)."""

    def __init__(self, services: TextServices) -> None:
        self._is = services
        self._find_out = FindOut(
            engine=services.engine,
            carrier=services.carrier,
            keyring=services.keyring,
            sender=services.agency.identity.sender,
            clock=services.clock,
            patience=services.unknown_wait,
        )
        self._line = Line(
            engine=services.engine,
            sender=services.agency.identity.sender,
            segments_per_second=services.segments_per_second,
        )

    @activity.defn(name=SEND_TEXT)
    def send_text(self, order: SendText) -> TextOutcome:
        """Claim, check, send, write down.

        Raises:
            ApplicationError: not now, and Temporal is to try again; its text holds nothing personal.
        """
        try:
            return self._send(order)
        except AnotherAttempt:
            raise try_again("another attempt has this text", type_="AnotherAttempt") from None
        except SQLAlchemyError as error:  # its text holds what was to be written (R3)
            self._say("database trouble", order, alarm=True, cause=type(error).__name__)
            raise try_again("the database did not answer as it should", type_="Database") from None
        except ValidationError:  # a newer release wrote it
            self._say("cannot read what the database says", order, alarm=True)
            raise try_again("the database says what this release cannot read", type_="Unreadable") from None
        except NotProcessed as refusal:
            alarm = isinstance(refusal, (Misconfigured, CountryClosed, WordsRefused))
            self._say("text not processed", order, cause=refusal.cause, alarm=alarm)
            raise try_again(refusal.cause, type_="NotProcessed", after=refusal.retry_after_seconds) from None

    def _send(self, order: SendText) -> TextOutcome:
        early = order.due_at - self._is.clock.now() - CLOCKS_MAY_DIFFER
        if early > timedelta(0):  # a workflow whose clock is not ours must not be early (R5)
            wait = self._is.clock.real_duration(early).total_seconds()
            raise NotProcessed("it is not due yet by this worker's clock", retry_after_seconds=wait)
        ready, until = self._take(order), time.monotonic() + IN_HAND_AT_MOST_SECONDS
        while isinstance(ready, InLine):  # it waits in line, and is checked anew when its turn has come
            if time.monotonic() > until:
                raise NotProcessed("the line is busy", retry_after_seconds=_BUSY_FOR_SECONDS)
            time.sleep(ready.seconds)
            ready = self._check(order, ready.claimed)
        return ready if isinstance(ready, TextOutcome) else self._post(order, ready)

    def _take(self, order: SendText) -> Ready | InLine | TextOutcome:
        """Claim the text and check it, in one transaction. Where it cannot go now it stays claimed all the same: staff
        see that it waits, and who had it last."""
        try:
            with self._its_number_locked(order) as (session, found):
                claimed = ledger.claim(session, order, found=found.findings)
                if isinstance(claimed, Claim):
                    return self._decide(session, order, claimed, found)
        except NotProcessed:
            with suppress(NotProcessed):
                self._claim(order)
            raise
        if isinstance(claimed, InDoubt):
            claimed = self._find_out(claimed)
        return self._outcome(order, claimed.record) if isinstance(claimed, Settled) else self._check(order, claimed)

    def _claim(self, order: SendText) -> Claim | InDoubt | Settled:
        with self._its_number_locked(order) as (session, found):
            claimed = ledger.claim(session, order, found=found.findings)
            if isinstance(claimed, Claim):
                ledger.write_claimed(session, order, claimed, found=found.findings)
            return claimed

    def _check(self, order: SendText, claimed: Claim) -> Ready | InLine | TextOutcome:
        """Check a text that is claimed already."""
        with self._its_number_locked(order) as (session, found):
            return self._decide(session, order, replace(claimed, row=ledger.own_row(session, claimed)), found)

    @contextmanager
    def _its_number_locked(self, order: SendText) -> Iterator[tuple[Session, Found]]:
        """One transaction, in which nobody else counts the number's texts, and what is known of them in it."""
        with Session(self._is.engine, expire_on_commit=False) as session, session.begin():
            locked = lock_number_of(session, order.call_id)
            checked, now = time.monotonic(), self._is.clock.now()
            found = what_is_known(session, order, agency=self._is.agency, now=now)
            self._refuse_while_restored(order, found)
            if found.phone_hash != locked:
                raise NotProcessed("the number was corrected at this moment")
            yield session, Found(findings=found, checked=checked, now=now)

    def _refuse_while_restored(self, order: SendText, found: Findings) -> None:
        if epoch_of(order.version) > found.epoch:  # R2: this worker's ledger is not the one that counts any more
            self._say("the order is of a newer database than this worker's", order, alarm=True)
            raise NotProcessed("this worker works for a database of before a restore: stop it")
        if found.is_recovering:  # neither sent nor held back: what speaks against it now may be explained soon
            raise NotProcessed("the database is not recovered yet", retry_after_seconds=_ASK_AGAIN_AFTER_SECONDS)

    def _decide(self, session: Session, order: SendText, claimed: Claim, found: Found) -> Ready | InLine | TextOutcome:
        """On facts of this moment; if the text may go, write down that it is being sent, before it is."""
        findings, now, policy, text = found.findings, found.now, self._is.agency.policy, claimed.row
        number = None if findings.phone_encrypted is None else self._is.keyring.decrypt(findings.phone_encrypted)
        # a callback was quicker: an earlier attempt's text is out
        if text is not None and text.state != LedgerState.CLAIMED:
            return TextOutcome(record=ledger.record_of(text), call=findings.newer_than(order, policy))
        verdict = check(session, order, found=findings, number=number, agency=self._is.agency, now=now)
        match verdict:
            case Overtaken() if verdict.comes_back and text is not None and text.first_sending_real is not None:
                # Its row cannot go, and what is dropped is gone: it waits here.
                raise NotProcessed(verdict.comes_back, retry_after_seconds=_ASK_AGAIN_AFTER_SECONDS)
            case Overtaken():
                record = None if text is None else ledger.drop(session, text, at=now)
                return TextOutcome(record=record, call=verdict.call)
            case HeldBack():
                text = ledger.write_claimed(session, order, claimed, found=findings)
                record = ledger.hold_back(
                    session, text, verdict.state, at=now, rule=verdict.rule, reason=verdict.reason
                )
                self._say("text held back", order, rule=verdict.rule)
                return TextOutcome(record=record, rule=verdict.rule, call=findings.newer_than(order, policy))
            case NotNow():
                wait = _ASK_AGAIN_AFTER_SECONDS
                if verdict.until is not None:
                    wait = self._is.clock.real_duration(verdict.until - now).total_seconds()
                raise NotProcessed(verdict.why, retry_after_seconds=wait)
            case MaySend() if number is None or findings.recipient_version != order.key.recipient_version:
                # Not another one of its numbers either: that one may have had this text already (R2).
                raise NotProcessed("the call has not the number that the text is for")
            case MaySend():
                return self._in_its_turn(session, order, claimed, found, number)

    def _in_its_turn(
        self, session: Session, order: SendText, claimed: Claim, found: Found, number: str
    ) -> Ready | InLine:
        """Written down as being sent, where nothing is wrong with its words and it is its turn."""
        rendered = words_for(session, order, text_id=claimed.text_id, found=found.findings, services=self._is)
        if found.findings.words_had_trouble:
            version = self._is.agency.wording.version
            stopped = why_stopped(session, kind=order.key.kind, language=rendered.language, version=version)
            if stopped is not None:
                raise NotProcessed(stopped, retry_after_seconds=_ASK_AGAIN_AFTER_SECONDS)
        turn = take_turn(session, self._line, order, claimed, found.findings, rendered, services=self._is)
        if isinstance(turn, NotYet):
            ledger.write_claimed(session, order, claimed, found=found.findings)
            return InLine(claimed=claimed, seconds=turn.seconds)
        if time.monotonic() - found.checked > _CHECK_IS_FRESH_FOR_SECONDS:  # many wait for the line: it is not taken
            raise NotProcessed("the check was too old when its turn came", retry_after_seconds=_BUSY_FOR_SECONDS)
        return Ready(
            claimed=claimed,
            to=number,
            body=rendered.body,
            checked=found.checked,
            tries_closed_line=turn.tries_closed_line,
        )

    def _post(self, order: SendText, ready: Ready) -> TextOutcome:
        """The POST, and what came of it. It begins while check and lease hold, or not at all: the carrier's client
        looks at the clock as the last thing before."""
        claimed = ready.claimed
        try:
            accepted = self._hand_over(order, claimed, ready)
        except NotProcessed as refusal:
            self._back_to_claimed(claimed, error_code=refusal.code if isinstance(refusal, WordsRefused) else None)
            self._tell_the_line(refusal)
            raise
        except Refused as refusal:
            if ready.tries_closed_line:  # a refusal of this number alone shows that the account is well
                self._line.open()
            return self._refused(order, claimed, refusal)
        except OutcomeUnknown:
            # The row stays as it is, `sending`: the next attempt finds out what became of the text.
            self._say("text outcome unknown", order)
            raise try_again("the carrier's answer was lost", type_="OutcomeUnknown", after=2.0) from None
        self._say("text accepted", order)
        outcome = self._accepted(order, claimed, sid=accepted.sid)
        if ready.tries_closed_line:
            self._line.open()
        return outcome

    def _hand_over(self, order: SendText, claimed: Claim, ready: Ready) -> Accepted:
        left = self._is.clock.real_duration(order.expires_at - self._is.clock.now())
        leased = time.monotonic() + (claimed.lease_until - real_now()).total_seconds()
        return self._is.carrier.send(
            to=ready.to,
            sender=self._line.sender,
            body=ready.body,
            callback=f"{self._is.origin}/twilio/status?mid={claimed.text_id}",
            valid_for_seconds=int(left.total_seconds()),
            begun_by=min(ready.checked + _CHECK_IS_FRESH_FOR_SECONDS, leased),
        )

    def _tell_the_line(self, refusal: NotProcessed) -> None:
        """What stops one text may stop all."""
        if isinstance(refusal, Misconfigured):
            self._line.close(because=refusal.cause)
        elif isinstance(refusal, Busy):
            self._line.pause(seconds=refusal.retry_after_seconds or _BUSY_FOR_SECONDS)

    def _refused(self, order: SendText, claimed: Claim, refusal: Refused) -> TextOutcome:
        self._say("text refused", order, code=refusal.code)
        state = LedgerState.SUPPRESSED if refusal.is_opt_out else LedgerState.FAILED
        rule = "opted out" if refusal.is_opt_out else "refused by the carrier"
        return self._settle(order, claimed, state, rule=rule, error_code=refusal.code)

    def _accepted(self, order: SendText, claimed: Claim, *, sid: str) -> TextOutcome:
        written = ledger.write_accepted(self._is.engine, order, claimed, at=self._is.clock.now(), sid=sid)
        if written is None:
            return self._settle(order, claimed, LedgerState.ACCEPTED, sid=sid)
        if written.version > order.version:
            return self._outcome(order, written.record)
        return TextOutcome(record=written.record)

    def _settle(
        self,
        order: SendText,
        claimed: Claim,
        state: LedgerState,
        *,
        sid: str | None = None,
        rule: str | None = None,
        error_code: int | None = None,
    ) -> TextOutcome:
        now = self._is.clock.now()
        with Session(self._is.engine) as session, session.begin():
            text, version = ledger.still_own_row(session, claimed)
            record = ledger.settle(session, text, state, at=now, sid=sid, rule=rule, error_code=error_code)
            newer = version > order.version
            return TextOutcome(
                record=record, call=newer_call(session, order, self._is.agency.policy) if newer else None
            )

    def _back_to_claimed(self, claimed: Claim, *, error_code: int | None = None) -> None:
        with Session(self._is.engine) as session, session.begin():
            ledger.back_to_claimed(session, ledger.own_row(session, claimed), error_code=error_code)

    def _outcome(self, order: SendText, record: TextRecord) -> TextOutcome:
        with Session(self._is.engine) as session:
            return TextOutcome(record=record, call=newer_call(session, order, self._is.agency.policy))

    def _say(self, event: str, order: SendText, *, alarm: bool = False, **details: object) -> None:
        say = log.error if alarm else log.info
        say(event, call_id=order.call_id, kind=order.key.kind, sequence=order.key.sequence, **details)
