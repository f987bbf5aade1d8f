"""A desk at which one text after the other is sent for real: PostgreSQL, HTTP to the carrier, the activity itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Engine
from sqlmodel import Session, col, select, update
from temporalio.testing import ActivityEnvironment

from activities.services import TextServices
from activities.texts import TextActivities
from calls.clock import Clock
from calls.contracts import Kind, SendText, TextKey, TextOutcome
from calls.eligibility import decide
from calls.facts import CallFacts
from calls.policy import Policy
from database.encryption import Keyring
from database.line import LineRow
from database.tables import CallRow, TextRow, real_now
from policy.agency import Agency
from tests.builders import NOON, minutes, some_facts
from tests.phones import Phones

NUMBER = "+16135550142"
ORIGIN = "http://127.0.0.1:1"


@dataclass
class Desk:
    """`services` may be replaced before sending; `now` is what the service's clock shows."""

    services: TextServices
    phones: Phones
    engine: Engine
    keyring: Keyring
    agency: Agency

    def call(self, cad_id: str = "1001", *, number: str = NUMBER, version: int = 1, **facts: object) -> CallFacts:
        """Put a call into the database, or its new facts."""
        known = some_facts(cad_id=cad_id, **facts)
        with Session(self.engine) as session, session.begin():
            row = session.get(CallRow, f"ottawa-{cad_id}") or self._new_row(cad_id)
            row.facts = known.model_dump(mode="json")
            row.version = version
            row.received_at = known.received_at
            row.phone_hash = self.keyring.phone_hash(number)
            row.phone_encrypted = self.keyring.encrypt(number)
            row.recipient_version = known.recipient_version
            row.eligibility = decide(known, self.policy).eligibility
            session.add(row)
        return known

    def order(self, kind: Kind = Kind.CONFIRMATION, *, cad_id: str = "1001", version: int = 1) -> SendText:
        """An order to send a text that fell due three minutes after noon."""
        return SendText(
            call_id=f"ottawa-{cad_id}",
            key=TextKey(kind=kind),
            due_at=NOON + minutes(3),
            expires_at=NOON + minutes(63),
            version=version,
        )

    def send(self, order: SendText | None = None) -> TextOutcome:
        """Run the activity once, as Temporal would."""
        activities = TextActivities(self.services)
        outcome: TextOutcome = ActivityEnvironment().run(activities.send_text, order or self.order())
        return outcome

    def at(self, now: datetime) -> None:
        """Set the service's clock."""
        self.services = replace(self.services, clock=Clock(real_origin=real_now(), virtual_origin=now))

    def at_rate(self, segments_per_second: float) -> None:
        """From now on the number sends no faster."""
        identity = self.agency.identity.model_copy(update={"segments_per_second": segments_per_second})
        self.agency = self.agency.model_copy(update={"identity": identity})
        self.services = replace(self.services, agency=self.agency, has_no_rate=False)

    def line_is_free(self) -> None:
        """As if the carrier had been left alone for as long as it asked."""
        with Session(self.engine) as session, session.begin():
            session.execute(update(LineRow).values(free_at_real=real_now()))

    def row(self, order: SendText | None = None) -> TextRow:
        """The order's row in the ledger."""
        order = order or self.order()
        with Session(self.engine) as session:
            return session.exec(
                select(TextRow).where(col(TextRow.call_id) == order.call_id, col(TextRow.kind) == order.key.kind)
            ).one()

    def rows(self) -> int:
        with Session(self.engine) as session:
            return len(session.exec(select(TextRow.id)).all())

    def change_row(self, values: Mapping[str, object]) -> None:
        """Put the ledger into the state that a crash would have left."""
        with Session(self.engine) as session, session.begin():
            row = session.merge(self.row())
            for name, value in values.items():
                setattr(row, name, value)

    @property
    def policy(self) -> Policy:
        return self.agency.policy

    def _new_row(self, cad_id: str) -> CallRow:
        return CallRow(
            call_id=f"ottawa-{cad_id}",
            agency="ottawa",
            merged={},
            facts={},
            eligibility="",
            rule="",
            reason="",
            policy_version=self.policy.version,
        )


def a_desk(engine: Engine, keyring: Keyring, agency: Agency, phones: Phones) -> Desk:
    services = TextServices(
        engine=engine,
        carrier=phones.client(),
        keyring=keyring,
        agency=agency,
        clock=Clock(real_origin=real_now(), virtual_origin=NOON + minutes(3)),
        origin=ORIGIN,
        unknown_wait=timedelta(seconds=120),
        has_no_rate=True,
    )
    return Desk(services=services, phones=phones, engine=engine, keyring=keyring, agency=agency)


def some_attempt() -> dict[str, object]:
    """Values of a row whose attempt died long ago, in the middle of sending."""
    long_ago = real_now() - timedelta(hours=1)
    return {
        "state": "sending",
        "attempt_id": uuid4(),
        "sending_real": long_ago,
        "first_sending_real": long_ago,
        "lease_until_real": long_ago,
        "provider_sid": None,
    }
