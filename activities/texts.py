"""One text is one activity: ledger row, check, carrier and outcome together.

Three activities would cost twice the history and leave gaps between them. No database connection is held while the
carrier answers.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
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
from activities.known_call import call_row, known_call, told_version
from activities.ledger import AnotherAttempt, Claim, InDoubt, Settled
from activities.line import IN_HAND_AT_MOST_SECONDS, Line, NotYet, Place
from activities.people import lock_number
from activities.services import TextServices
from activities.trying_again import try_again
from activities.verdict import HeldBack, MaySend, NotNow, Overtaken
from activities.words import code_hash_of, why_stopped, words_for
from calls.contracts import PRIORITY, SEND_TEXT, KnownCall, LedgerState, SendText, TextOutcome, TextRecord
from calls.versions import epoch_of
from database.recovery import is_recovering
from database.tables import CallRow, TextRow, real_now
from texts.render import Rendered

log = structlog.get_logger()

# What was checked must still be true when the POST begins: older than this, it is checked again.
_CHECK_IS_FRESH_FOR_SECONDS = 2.0
# What is switched off is asked for again: at the latest so long after its release it goes out.
_ASK_AGAIN_AFTER_SECONDS = 20.0
_BUSY_FOR_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Ready:
    """Checked, written down as `sending`, and ready for the carrier."""

    to: str
    body: str
    checked: float
    """`time.monotonic()` of the check."""
    tries_closed_line: bool


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
        except NotProcessed as refusal:
            alarm = isinstance(refusal, (Misconfigured, CountryClosed, WordsRefused))
            self._say("text not processed", order, cause=refusal.cause, alarm=alarm)
            raise try_again(refusal.cause, type_="NotProcessed", after=refusal.retry_after_seconds) from None

    def _send(self, order: SendText) -> TextOutcome:
        early = order.due_at - self._is.clock.now() - CLOCKS_MAY_DIFFER
        if early > timedelta(0):  # a workflow whose clock is not ours must not be early (R5)
            wait = self._is.clock.real_duration(early).total_seconds()
            raise NotProcessed("it is not due yet by this worker's clock", retry_after_seconds=wait)
        claimed = self._claim(order)
        if isinstance(claimed, InDoubt):
            claimed = self._find_out(claimed)
        if isinstance(claimed, Settled):
            return self._outcome(order, claimed.record)
        ready, until = self._check(order, claimed), time.monotonic() + IN_HAND_AT_MOST_SECONDS
        while isinstance(ready, NotYet):  # it waits in line, and is checked anew when its turn has come
            if time.monotonic() > until:
                raise NotProcessed("the line is busy", retry_after_seconds=_BUSY_FOR_SECONDS)
            time.sleep(ready.seconds)
            ready = self._check(order, claimed)
        if isinstance(ready, TextOutcome):
            return ready
        return self._outcome(order, self._post(order, claimed, ready))

    def _claim(self, order: SendText) -> Claim | InDoubt | Settled:
        with Session(self._is.engine) as session, session.begin():
            call = call_row(session, order.call_id)
            if epoch_of(order.version) > call.epoch:  # R2: this worker's ledger is not the one that counts any more
                self._say("the order is of a newer database than this worker's", order, alarm=True)
                raise NotProcessed("this worker works for a database of before a restore: stop it")
            if is_recovering(session):  # neither sent nor held back: what speaks against it now may be explained soon
                raise NotProcessed("the database is not recovered yet", retry_after_seconds=_ASK_AGAIN_AFTER_SECONDS)
            return ledger.claim(session, order, call=call)

    def _check(self, order: SendText, claimed: Claim) -> Ready | NotYet | TextOutcome:
        """Check on facts of this moment; if the text may go, write down that it is being sent, before it is."""
        now = self._is.clock.now()
        with Session(self._is.engine) as session, session.begin():
            call = self._with_its_number_locked(session, order)
            checked = time.monotonic()
            text = ledger.own_row(session, claimed)
            number = None if call.phone_encrypted is None else self._is.keyring.decrypt(call.phone_encrypted)
            if text.state != LedgerState.CLAIMED:  # a callback was quicker: an earlier attempt's text is out
                return TextOutcome(record=ledger.record_of(text), call=self._newer(order, call))
            verdict = check(session, order, row=call, number=number, agency=self._is.agency, now=now)
            match verdict:
                case Overtaken() if verdict.comes_back and text.first_sending_real is not None:
                    # Its row cannot go, and what is dropped is gone: it waits here.
                    raise NotProcessed(verdict.comes_back, retry_after_seconds=_ASK_AGAIN_AFTER_SECONDS)
                case Overtaken():
                    return TextOutcome(record=ledger.drop(session, text, at=now), call=verdict.call)
                case HeldBack():
                    record = ledger.hold_back(
                        session, text, verdict.state, at=now, rule=verdict.rule, reason=verdict.reason
                    )
                    self._say("text held back", order, rule=verdict.rule)
                    return TextOutcome(record=record, rule=verdict.rule, call=self._newer(order, call))
                case NotNow():
                    wait = _ASK_AGAIN_AFTER_SECONDS
                    if verdict.until is not None:
                        wait = self._is.clock.real_duration(verdict.until - now).total_seconds()
                    raise NotProcessed(verdict.why, retry_after_seconds=wait)
                case MaySend() if number is None or call.recipient_version != order.key.recipient_version:
                    # Not another one of its numbers either: that one may have had this text already (R2).
                    raise NotProcessed("the call has not the number that the text is for")
                case MaySend():
                    return self._in_its_turn(session, order, text, call, number, checked)

    def _in_its_turn(
        self, session: Session, order: SendText, text: TextRow, call: CallRow, number: str, checked: float
    ) -> Ready | NotYet:
        """Written down as being sent, where nothing is wrong with its words and it is its turn."""
        rendered = words_for(session, order, text=text, call=call, services=self._is)
        version = self._is.agency.wording.version
        stopped = why_stopped(session, kind=order.key.kind, language=rendered.language, version=version)
        if stopped is not None:
            raise NotProcessed(stopped, retry_after_seconds=_ASK_AGAIN_AFTER_SECONDS)
        place = Place(
            text_id=text.id,
            priority=PRIORITY[order.key.kind],
            due_at=order.due_at,
            segments=rendered.segments,
        )
        turn = self._line.take(session, place)
        if isinstance(turn, NotYet):
            return turn
        if time.monotonic() - checked > _CHECK_IS_FRESH_FOR_SECONDS:  # many wait for the line: the turn is not taken
            raise NotProcessed("the check was too old when its turn came", retry_after_seconds=_BUSY_FOR_SECONDS)
        self._write_sending(session, text, call, rendered)
        return Ready(to=number, body=rendered.body, checked=checked, tries_closed_line=turn.tries_closed_line)

    def _post(self, order: SendText, claimed: Claim, ready: Ready) -> TextRecord:
        """The POST, and what came of it. Lease and age of the check are looked at as the last thing before."""
        if time.monotonic() - ready.checked > _CHECK_IS_FRESH_FOR_SECONDS or real_now() >= claimed.lease_until:
            self._back_to_claimed(claimed)
            raise NotProcessed("the check was too old when the text was to be sent")
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
        record = self._settle(claimed, LedgerState.ACCEPTED, sid=accepted.sid)
        if ready.tries_closed_line:
            self._line.open()
        return record

    def _hand_over(self, order: SendText, claimed: Claim, ready: Ready) -> Accepted:
        left = self._is.clock.real_duration(order.expires_at - self._is.clock.now())
        return self._is.carrier.send(
            to=ready.to,
            sender=self._line.sender,
            body=ready.body,
            callback=f"{self._is.origin}/twilio/status?mid={claimed.text_id}",
            valid_for_seconds=int(left.total_seconds()),
        )

    def _tell_the_line(self, refusal: NotProcessed) -> None:
        """What stops one text may stop all."""
        if isinstance(refusal, Misconfigured):
            self._line.close(because=refusal.cause)
        elif isinstance(refusal, Busy):
            self._line.pause(seconds=refusal.retry_after_seconds or _BUSY_FOR_SECONDS)

    def _refused(self, order: SendText, claimed: Claim, refusal: Refused) -> TextRecord:
        self._say("text refused", order, code=refusal.code)
        state = LedgerState.SUPPRESSED if refusal.is_opt_out else LedgerState.FAILED
        rule = "opted out" if refusal.is_opt_out else "refused by the carrier"
        return self._settle(claimed, state, rule=rule, error_code=refusal.code)

    def _settle(
        self,
        claimed: Claim,
        state: LedgerState,
        *,
        sid: str | None = None,
        rule: str | None = None,
        error_code: int | None = None,
    ) -> TextRecord:
        now = self._is.clock.now()
        with Session(self._is.engine) as session, session.begin():
            text = ledger.own_row(session, claimed)
            return ledger.settle(session, text, state, at=now, sid=sid, rule=rule, error_code=error_code)

    def _back_to_claimed(self, claimed: Claim, *, error_code: int | None = None) -> None:
        """Nothing was sent: the next attempt need not find out."""
        with Session(self._is.engine) as session, session.begin():
            text = ledger.own_row(session, claimed)
            if text.state == LedgerState.SENDING:
                text.state = LedgerState.CLAIMED
                if text.first_sending_real == text.sending_real:
                    text.first_sending_real = None
                text.sending_real = text.first_sending_real
                text.error_code = error_code
                text.updated_real = real_now()
                session.add(text)

    def _write_sending(self, session: Session, text: TextRow, call: CallRow, rendered: Rendered) -> None:
        text.state = LedgerState.SENDING
        text.sending_real = text.updated_real = real_now()
        text.first_sending_real = text.first_sending_real or text.sending_real
        text.policy_version = self._is.agency.version
        text.wording_version = self._is.agency.wording.version
        text.language = rendered.language
        text.segments = rendered.segments
        text.phone_encrypted, text.phone_hash = call.phone_encrypted, call.phone_hash
        text.sender, text.error_code = self._line.sender, None
        text.body_encrypted, text.code_hash = self._is.keyring.encrypt(rendered.body), code_hash_of(text, self._is)
        session.add(text)

    def _with_its_number_locked(self, session: Session, order: SendText) -> CallRow:
        """The call as it is while nobody else counts its number's texts."""
        phone_hash = session.exec(select(CallRow.phone_hash).where(col(CallRow.call_id) == order.call_id)).first()
        lock_number(session, phone_hash or order.call_id)
        call = call_row(session, order.call_id)
        if call.phone_hash != phone_hash:
            raise NotProcessed("the number was corrected at this moment")
        return call

    def _outcome(self, order: SendText, record: TextRecord) -> TextOutcome:
        with Session(self._is.engine) as session:
            return TextOutcome(record=record, call=self._newer(order, call_row(session, order.call_id)))

    def _newer(self, order: SendText, row: CallRow) -> KnownCall | None:
        """The call's facts, where they are newer than those that the workflow decided on."""
        return known_call(row, self._is.agency.policy) if told_version(row) > order.version else None

    def _say(self, event: str, order: SendText, *, alarm: bool = False, **details: object) -> None:
        say = log.error if alarm else log.info
        say(event, call_id=order.call_id, kind=order.key.kind, sequence=order.key.sequence, **details)
