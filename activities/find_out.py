"""R2: an earlier attempt may have sent the text. Find out before anything else is done."""

from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio.exceptions import ApplicationError

from activities import ledger
from activities.carrier_client import Accepted, Carrier, NotProcessed
from activities.ledger import IN_DOUBT, AnotherAttempt, Claim, InDoubt, Settled
from calls.clock import Clock
from calls.contracts import LedgerState
from database.encryption import Keyring
from database.tables import TextRow, real_now

# Clocks of two houses differ: a message made up to so long before our first POST may be ours. Words, numbers, and the
# messages that the ledger has already tell it from others.
CLOCK_DIFFERENCE = timedelta(minutes=15)
_LOOK_AGAIN_AFTER = timedelta(seconds=5)


class FindOut:
    """Asks the carrier's callback (through the ledger) and its list.

    Gives the text free to be sent again only after both were silent for `patience` on top of lease and HTTP timeout.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        carrier: Carrier,
        keyring: Keyring,
        sender: str,
        clock: Clock,
        patience: timedelta,
    ) -> None:
        self._engine = engine
        self._carrier = carrier
        self._keyring = keyring
        self._sender = sender
        self._clock = clock
        self._patience = patience

    def __call__(self, doubt: InDoubt) -> Claim | Settled:
        """The text's outcome, or a fresh claim to send it again.

        Raises:
            ApplicationError: not known yet; Temporal is to ask again.
            NotProcessed: the carrier's list could not be had now; likewise.
        """
        with Session(self._engine) as session:
            text = self._text(session, doubt)
            question = self._question(session, text)
        if question is None:  # a callback has answered meanwhile
            return self._settled(doubt)
        to, sender, body, known = question
        since = (text.first_sending_real or text.claimed_real) - CLOCK_DIFFERENCE
        try:
            found = self._carrier.find(to=to, sender=sender, body=body, since=since, known=known)
        except NotProcessed as trouble:
            # As soon as where it does not know the text: looks count as attempts, and a pause that grew with them would
            # be a minute already, in which the text may be overtaken.
            soon = _LOOK_AGAIN_AFTER.total_seconds()
            raise NotProcessed(trouble.cause, retry_after_seconds=soon) from None
        with Session(self._engine) as session:
            text = self._text(session, doubt, lock=True)
            outcome = self._conclude(session, text, found)
            session.commit()
        if outcome is None:
            raise ApplicationError(
                "the carrier does not know the text yet", type="OutcomeUnknown", next_retry_delay=_LOOK_AGAIN_AFTER
            )
        return outcome

    def _conclude(self, session: Session, text: TextRow, found: Accepted | None) -> Claim | Settled | None:
        if text.state not in IN_DOUBT:
            return _known(text)
        if found is not None:
            reason = "found in the carrier's list"
            record = ledger.settle(
                session, text, LedgerState.ACCEPTED, at=self._clock.now(), sid=found.sid, reason=reason
            )
            return Settled(record=record)
        begun = text.sending_real or text.claimed_real
        earliest = max(text.lease_until_real or begun, begun + timedelta(seconds=self._carrier.timeout_seconds))
        if real_now() >= earliest + self._patience:
            return ledger.renew(session, text)
        text.state = LedgerState.UNKNOWN  # for staff to see, as long as it lasts
        session.add(text)
        return None

    def _question(self, session: Session, text: TextRow) -> tuple[str, str, str, set[str]] | None:
        """Number, our number that it went from, words, and the messages of the carrier's that the ledger has already;
        `None` when out of doubt."""
        if text.state not in IN_DOUBT or text.phone_encrypted is None or text.body_encrypted is None:
            return None
        sids = session.exec(
            select(TextRow.provider_sid).where(
                col(TextRow.phone_hash) == text.phone_hash, col(TextRow.provider_sid).is_not(None)
            )
        ).all()
        return (
            self._keyring.decrypt(text.phone_encrypted),
            text.sender or self._sender,  # the agency may have another one since
            self._keyring.decrypt(text.body_encrypted),
            {sid for sid in sids if sid},
        )

    def _settled(self, doubt: InDoubt) -> Settled:
        with Session(self._engine) as session:
            return _known(self._text(session, doubt))

    def _text(self, session: Session, doubt: InDoubt, *, lock: bool = False) -> TextRow:
        query = select(TextRow).where(col(TextRow.id) == doubt.text_id)
        return session.exec(query.with_for_update() if lock else query).one()


def _known(text: TextRow) -> Settled:
    """What became of the text meanwhile.

    Raises:
        AnotherAttempt: the attempt that was in doubt is alive, and has the text in hand again.
    """
    if text.state == LedgerState.CLAIMED:
        raise AnotherAttempt
    return Settled(record=ledger.record_of(text))
