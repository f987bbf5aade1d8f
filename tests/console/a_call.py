"""Calls for the console's tests: told by CAD, texted by the activity itself, with replies from the phone."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import pytest
from sqlmodel import Session, col, update
from temporalio.exceptions import ApplicationError

from calls.contracts import Kind, SendText, TextKey
from database.tables import CallRow, InboundMessageRow, TextRow
from starter.accept import Acceptor
from starter.records import CadRecord
from tests.activities.conftest import desk, the_phones
from tests.activities.desk import NUMBER, Desk
from tests.builders import NOON, minutes, some_facts
from tests.console.served import Served, console_site

__all__ = ["desk", "the_phones"]

CALL = "ottawa-1001"
CASE = "26-104233"
OTHER_NUMBER = "+16135550143"


@dataclass
class CadAndDesk:
    """CAD tells of calls, and the desk sends their texts. Minutes count from receipt."""

    desk: Desk
    acceptor: Acceptor = field(init=False)

    def __post_init__(self) -> None:
        self.acceptor = Acceptor(
            engine=self.desk.engine,
            keyring=self.desk.keyring,
            agency="ottawa",
            policy=self.desk.policy,
            now=lambda: self.desk.services.clock.now(),
        )

    def receives(self, cad_id: str = "1001", *, number: str | None = NUMBER, **facts: object) -> None:
        """A call of noon, with everything that CAD knows of it."""
        known = some_facts(cad_id=cad_id, area="Somerset", **facts).model_dump(mode="json")
        ours = {"agency", "cad_id", "in_progress", "recipient_version", "held", "latch"}
        told = {name: value for name, value in known.items() if value not in (None, False) and name not in ours}
        self.acceptor.accept(CadRecord(feed="push", cad_id=cad_id, stamp=NOON, facts=told, phone=number))

    def says(self, after: float, cad_id: str = "1001", *, number: str | None = None, **facts: object) -> None:
        """A record so many minutes later; numbers as times are minutes, too."""
        told = {
            name: (NOON + minutes(float(str(value)))).isoformat() if name.endswith("_at") else value
            for name, value in facts.items()
        }
        stamp = NOON + minutes(after)
        self.acceptor.accept(
            CadRecord.model_validate({"feed": "push", "cad_id": cad_id, "stamp": stamp, "facts": told, "phone": number})
        )

    def texts(self, kind: Kind = Kind.CONFIRMATION, *, due: float = 3, call: str = CALL, sequence: int = 1) -> None:
        """The activity sends the text that fell due then; where the machine is too slow, again, as Temporal would."""
        row = self.row(call)
        order = SendText(
            call_id=call,
            key=TextKey(kind=kind, sequence=sequence, recipient_version=row.recipient_version),
            due_at=NOON + minutes(due),
            expires_at=NOON + minutes(due + 60),
            version=row.version,
        )
        for _ in range(5):
            with suppress(ApplicationError):
                self.desk.send(order)
                return
        raise AssertionError("five times too slow")

    def replies(self, after: float, words: str | None, *, keyword: str = "other", number: str = NUMBER) -> None:
        """A text that came in; `None`: its words were deleted since."""
        keyring = self.desk.keyring
        row = InboundMessageRow(
            provider_sid=f"SM{uuid4().hex}",
            phone_hash=keyring.phone_hash(number),
            sender=self.desk.agency.identity.sender,
            keyword=keyword,
            body_encrypted=None if words is None else keyring.encrypt(words),
            received_at=NOON + minutes(after),
        )
        with Session(self.desk.engine) as session, session.begin():
            session.add(row)

    def row(self, call: str = CALL) -> CallRow:
        with Session(self.desk.engine) as session:
            row = session.get(CallRow, call)
            assert row is not None
            return row

    def write(self, row: CallRow) -> None:
        with Session(self.desk.engine) as session, session.begin():
            session.merge(row)

    def ends(self, reason: str = "the survey was offered", call: str = CALL) -> None:
        """As the sweep closes it."""
        with Session(self.desk.engine) as session, session.begin():
            session.execute(update(CallRow).where(col(CallRow.call_id) == call).values(ended_reason=reason))

    def change_texts(self, call: str = CALL, **values: object) -> None:
        """What became of the call's texts since."""
        with Session(self.desk.engine) as session, session.begin():
            session.execute(update(TextRow).where(col(TextRow.call_id) == call).values(**values))

    def at(self, after: float) -> datetime:
        return NOON + minutes(after)


@pytest.fixture
def cad(desk: Desk) -> CadAndDesk:
    """At ten past noon, on the service's clock."""
    desk.at(NOON + minutes(10))
    return CadAndDesk(desk)


@pytest.fixture
def noon_site(cad: CadAndDesk) -> Iterator[Served]:
    """The console on the same clock as `cad`."""
    desk, ui = cad.desk, "http://temporal.example.org/namespaces/default"
    with console_site(desk.engine, desk.keyring, desk.agency, clock=desk.services.clock, temporal_ui=ui) as site:
        yield site
