"""Texts in the ledger, and their calls, as the console's list needs them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlmodel import Session

from calls.contracts import Kind, LedgerState
from calls.facts import CallFacts
from database.tables import CallRow, TextRow, real_now
from tests.console.served import Served

CASE = "26-100142"


class Ledger:
    """Writes rows. Without a time of its own each text is a minute older than the one before."""

    def __init__(self, site: Served) -> None:
        self._site = site
        self._last = real_now()

    def call(self, call_id: str, case_number: str = CASE) -> None:
        facts = CallFacts(agency="ottawa", cad_id=call_id.removeprefix("ottawa-"), case_number=case_number)
        row = CallRow(
            call_id=call_id,
            agency="ottawa",
            case_number=case_number,
            merged={},
            facts=facts.model_dump(mode="json"),
            eligibility="eligible",
            rule="all rules met",
            reason="the caller may be texted",
            policy_version="policy-1",
        )
        with Session(self._site.engine) as session, session.begin():
            session.add(row)

    def text(self, *, due_at: datetime | None = None, **values: object) -> TextRow:
        self._last -= timedelta(minutes=1)
        due = due_at or self._last
        sent = {"language": "en", "segments": 2, "first_sending_real": due, "settled_at": due, "updated_real": due}
        row = TextRow.model_validate(
            {
                "id": uuid4(),
                "kind": Kind.CONFIRMATION,
                "state": LedgerState.DELIVERED,
                "policy_version": "policy-1",
                "wording_version": "wording-1",
                "phone_encrypted": self._site.keyring.encrypt("+16135550142"),
                "phone_hash": self._site.keyring.phone_hash("+16135550142"),
                "body_encrypted": self._site.keyring.encrypt("fictional words"),
                "due_at": due,
                "expires_at": due + timedelta(hours=1),
                "claimed_real": due,
                **(sent if "rule" not in values else {}),
                **values,
            }
        )
        with Session(self._site.engine, expire_on_commit=False) as session, session.begin():
            session.add(row)
        return row

    def of_every_kind(self) -> None:
        """One text in every state, and one more with everything that can stand in a row."""
        self.call("ottawa-1")
        add: Callable[..., TextRow] = self.text
        add(call_id="ottawa-1")
        add(call_id="ottawa-1", kind=Kind.DELAY, state=LedgerState.UNDELIVERED, error_code=30003, language="fr")
        add(call_id="ottawa-1", kind=Kind.SURVEY, state=LedgerState.SUPPRESSED, rule="one survey")
        add(call_id="ottawa-1", kind=Kind.DELAY, sequence=2, state=LedgerState.EXPIRED, rule="expired")
        add(kind=Kind.AUTO_REPLY, state=LedgerState.SUPPRESSED, rule="switched off: everything")
        failed = {"state": LedgerState.FAILED, "rule": "refused by the carrier", "error_code": 21614}
        add(call_id="ottawa-1", kind=Kind.DELAY, sequence=3, **failed)
        rest = set(LedgerState) - {LedgerState.DELIVERED, LedgerState.UNDELIVERED, LedgerState.SUPPRESSED}
        for n, state in enumerate(sorted(rest - {LedgerState.EXPIRED, LedgerState.FAILED})):
            add(call_id=f"ottawa-other-{n}", state=state)


def long_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)
