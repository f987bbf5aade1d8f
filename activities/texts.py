"""One text is one activity: ledger row, check, carrier and outcome together.

Three activities would cost twice the history and leave gaps between them. No database connection is held while the
carrier answers.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import ledger
from activities.carrier_client import Carrier, Misconfigured, NotProcessed, OutcomeUnknown, Refused
from activities.check import CLOCKS_MAY_DIFFER, check
from activities.find_out import FindOut
from activities.invitation import survey_link
from activities.known_call import call_row, known_call
from activities.ledger import AnotherAttempt, Claim, InDoubt, Settled
from activities.people import lock_number
from activities.verdict import HeldBack, MaySend, NotNow, Overtaken
from calls.clock import Clock
from calls.contracts import SEND_TEXT, Kind, KnownCall, LedgerState, SendText, TextOutcome, TextRecord
from database.encryption import Keyring
from database.tables import CallRow, TextRow, real_now
from policy.agency import Agency
from texts.render import Rendered, render

log = structlog.get_logger()

# What was checked must still be true when the POST begins: older than this, it is checked again.
_CHECK_IS_FRESH_FOR_SECONDS = 2.0
# What is switched off is asked for again: at the latest so long after its release it goes out.
_ASK_AGAIN_AFTER_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Ready:
    """Checked, written down as `sending`, and ready for the carrier."""

    to: str
    body: str
    checked: float
    """`time.monotonic()` of the check."""


@dataclass(frozen=True, kw_only=True)
class TextServices:
    """What sending a text needs of the world."""

    engine: Engine
    carrier: Carrier
    keyring: Keyring
    agency: Agency
    clock: Clock
    origin: str
    unknown_wait: timedelta


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

    @activity.defn(name=SEND_TEXT)
    def send_text(self, order: SendText) -> TextOutcome:
        """Claim, check, send, write down.

        Raises:
            ApplicationError: not now, and Temporal is to try again; its text holds nothing personal.
        """
        try:
            return self._send(order)
        except AnotherAttempt:
            raise _again("another attempt has this text", type_="AnotherAttempt") from None
        except SQLAlchemyError as error:  # its text holds what was to be written (R3)
            self._say("database trouble", order, alarm=True, cause=type(error).__name__)
            raise _again("the database did not answer as it should", type_="Database") from None
        except NotProcessed as refusal:
            self._say("text not processed", order, cause=refusal.cause, alarm=isinstance(refusal, Misconfigured))
            raise _again(refusal.cause, type_="NotProcessed", after=refusal.retry_after_seconds) from None

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
        ready = self._check(order, claimed)
        if isinstance(ready, TextOutcome):
            return ready
        return self._outcome(order, self._post(order, claimed, ready))

    def _claim(self, order: SendText) -> Claim | InDoubt | Settled:
        with Session(self._is.engine) as session, session.begin():
            return ledger.claim(session, order, call=call_row(session, order.call_id))

    def _check(self, order: SendText, claimed: Claim) -> Ready | TextOutcome:
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
                    rendered = self._render(session, order, call)
                    self._write_sending(session, text, call, rendered)
                    return Ready(to=number, body=rendered.body, checked=checked)

    def _post(self, order: SendText, claimed: Claim, ready: Ready) -> TextRecord:
        """The POST, and what came of it. Lease and age of the check are looked at as the last thing before."""
        if time.monotonic() - ready.checked > _CHECK_IS_FRESH_FOR_SECONDS or real_now() >= claimed.lease_until:
            self._back_to_claimed(claimed)
            raise NotProcessed("the check was too old when the text was to be sent")
        try:
            accepted = self._is.carrier.send(
                to=ready.to,
                sender=self._is.agency.identity.sender,
                body=ready.body,
                callback=f"{self._is.origin}/twilio/status?mid={claimed.text_id}",
                valid_for_seconds=int(
                    self._is.clock.real_duration(order.expires_at - self._is.clock.now()).total_seconds()
                ),
            )
        except NotProcessed:
            self._back_to_claimed(claimed)
            raise
        except Refused as refusal:
            return self._refused(order, claimed, refusal)
        except OutcomeUnknown:
            # The row stays as it is, `sending`: the next attempt finds out what became of the text.
            self._say("text outcome unknown", order)
            raise _again("the carrier's answer was lost", type_="OutcomeUnknown", after=2.0) from None
        self._say("text accepted", order)
        return self._settle(claimed, LedgerState.ACCEPTED, sid=accepted.sid)

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

    def _back_to_claimed(self, claimed: Claim) -> None:
        """Nothing was sent: the next attempt need not find out."""
        with Session(self._is.engine) as session, session.begin():
            text = ledger.own_row(session, claimed)
            if text.state == LedgerState.SENDING:
                text.state = LedgerState.CLAIMED
                if text.first_sending_real == text.sending_real:
                    text.first_sending_real = None
                text.sending_real = text.first_sending_real
                session.add(text)

    def _write_sending(self, session: Session, text: TextRow, call: CallRow, rendered: Rendered) -> None:
        text.state = LedgerState.SENDING
        text.sending_real = text.updated_real = real_now()
        text.first_sending_real = text.first_sending_real or text.sending_real
        text.policy_version = self._is.agency.version
        text.wording_version = self._is.agency.wording.version
        text.language = rendered.language
        text.segments = rendered.segments
        text.body_encrypted = self._is.keyring.encrypt(rendered.body)
        text.phone_encrypted, text.phone_hash = call.phone_encrypted, call.phone_hash
        session.add(text)

    def _render(self, session: Session, order: SendText, call: CallRow) -> Rendered:
        facts = known_call(call, self._is.agency.policy).facts
        link = ""
        if order.key.kind is Kind.SURVEY:
            link = survey_link(
                session,
                call=call,
                language=facts.language,
                agency=self._is.agency,
                keyring=self._is.keyring,
                origin=self._is.origin,
                now=self._is.clock.now(),
            )
        identity = self._is.agency.identity
        return render(
            self._is.agency.wording,
            order.key.kind,
            facts.language,
            {
                "case_number": facts.case_number or "",
                "link": link,
                "emergency_line": identity.emergency_line,
                "non_emergency_line": identity.non_emergency_line,
            },
            announce_survey=self._is.agency.policy.timetable.survey.enabled,
        )

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
        return known_call(row, self._is.agency.policy) if row.version > order.version else None

    def _say(self, event: str, order: SendText, *, alarm: bool = False, **details: object) -> None:
        say = log.error if alarm else log.info
        say(event, call_id=order.call_id, kind=order.key.kind, sequence=order.key.sequence, **details)


def _again(message: str, *, type_: str, after: float | None = None) -> ApplicationError:
    delay = None if after is None else timedelta(seconds=after)
    return ApplicationError(message, type=type_, next_retry_delay=delay)
