"""The residents' site on a real port, and Twilio and a resident who talk to it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4
from xml.etree import ElementTree as ET

import requests
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, col, select
from twilio.request_validator import RequestValidator

from calls.clock import REAL_TIME, Clock
from calls.contracts import Kind, LedgerState
from cli.serve_web import resident_agency
from database import tables
from database.encryption import Keyring
from database.engine import connect
from database.surveys import HeldAnswerRow
from policy.agency import load_agency
from settings import networks
from survey.held import HeldAnswer
from tests.serving import serving
from web.residents.agency import ResidentAgency
from web.residents.app import create_residents_app
from web.residents.webhooks import Within

ORIGIN = "https://texts.example.org"
TOKENS = ("0123456789abcdef0123456789abcdef", "old-token-still-accepted-while-it-rotates")
ACCOUNT = "AC" + "0" * 32
OURS, RESIDENT = "+13438036032", "+16135550142"
AGENCIES = Path(__file__).parents[2] / "agencies"
Row = TypeVar("Row", bound=SQLModel)
NO_HURRY = Within(status=10, inbound=10)
"""A test's machine may stand still for a second; what is answered late stands in test_slow_database.py."""


def ottawa() -> ResidentAgency:
    """Ottawa as the command serves it."""
    return resident_agency(load_agency(AGENCIES / "ottawa"))


def north_bay() -> ResidentAgency:
    """A service whose texts show codes."""
    return resident_agency(load_agency(Path(__file__).parents[1] / "policy" / "north_bay" / "folder"))


@dataclass(frozen=True, kw_only=True)
class Residents:
    """The site under test and what stands in its database."""

    engine: Engine
    keyring: Keyring
    agency: ResidentAgency
    address: str
    http: requests.Session

    def webhook(
        self,
        path: str,
        fields: Mapping[str, str],
        *,
        token: str = TOKENS[0],
        signature: str | None = None,
        origin: str = ORIGIN,
    ) -> requests.Response:
        """Post as Twilio does: signed for our public address, whatever the request's own address is."""
        if signature is None:
            validator = RequestValidator(token)
            signature = str(validator.compute_signature(origin + path, dict(fields)))
        return self.http.post(
            self.address + path, data=dict(fields), headers={"X-Twilio-Signature": signature}, timeout=10
        )

    def text(
        self, body: str, *, sid: str | None = None, phone: str = RESIDENT, to: str = OURS, **more: str
    ) -> requests.Response:
        """A resident's text arrives, is answered, and the ledger says so."""
        answer = self.deliver(body, sid=sid, phone=phone, to=to, **more)
        for text_id in replies_in(answer):
            self.until_passed_on(text_id)
        return answer

    def deliver(
        self, body: str, *, sid: str | None = None, phone: str = RESIDENT, to: str = OURS, **more: str
    ) -> requests.Response:
        """A resident's text arrives, and is answered."""
        fields = {
            "MessageSid": sid or f"SM{uuid4().hex}",
            "AccountSid": ACCOUNT,
            "From": phone,
            "To": to,
            "Body": body,
            "FromZip": "",
            "NumMedia": "0",
            **more,
        }
        return self.webhook("/twilio/inbound", fields)

    def until_passed_on(self, text_id: UUID) -> None:
        """The answer is here a moment before the ledger says that it is out; not for long."""
        give_up = time.monotonic() + 5
        while self.ledger(text_id).state == LedgerState.SENDING and time.monotonic() < give_up:
            time.sleep(0.005)

    def report(self, text_id: UUID, status: str, *, sid: str = "SM" + "1" * 32, **fields: str) -> requests.Response:
        """A delivery report arrives."""
        return self.webhook(
            f"/twilio/status?mid={text_id}",
            {"MessageSid": sid, "MessageStatus": status, "AccountSid": ACCOUNT, "To": RESIDENT, **fields},
        )

    def add_text(self, **values: object) -> UUID:
        """A text in the ledger, in state `sending` unless told otherwise."""
        now = datetime.now(UTC)
        row = tables.TextRow.model_validate(
            {
                "id": uuid4(),
                "call_id": f"ottawa-{uuid4().hex[:8]}",
                "kind": Kind.CONFIRMATION,
                "state": LedgerState.SENDING,
                "policy_version": "policy-1",
                "phone_hash": self.keyring.phone_hash(RESIDENT),
                "due_at": now,
                "expires_at": now + timedelta(hours=1),
                **values,
            }
        )
        with Session(self.engine) as session, session.begin():
            session.add(row)
            return row.id

    def invite(self, *, language: str | None = None, valid_for: timedelta = timedelta(days=14)) -> str:
        """An invitation to the survey; its token."""
        invitation = uuid4()
        token = self.keyring.survey_token(str(invitation))
        with Session(self.engine) as session, session.begin():
            session.add(
                tables.SurveyInvitationRow(
                    id=invitation,
                    call_id=f"ottawa-{invitation}",
                    token_hash=self.keyring.token_hash(token),
                    language=language,
                    survey_version="1",
                    expires_at=datetime.now(UTC) + valid_for,
                )
            )
        return token

    def add_coded_text(self, **values: object) -> str:
        """A text that went out a minute ago, with a code; the code as it is printed."""
        sent = {"state": LedgerState.DELIVERED, "first_sending_real": datetime.now(UTC) - timedelta(minutes=1)}
        text_id = uuid4()
        code = self.keyring.text_code(str(text_id))
        self.add_text(id=text_id, code_hash=self.keyring.code_hash(code), **{**sent, **values})
        return code

    def ledger(self, text_id: UUID) -> tables.TextRow:
        with Session(self.engine) as session:
            return session.exec(select(tables.TextRow).where(tables.TextRow.id == text_id)).one()

    def rows(self, table: type[Row]) -> list[Row]:
        with Session(self.engine) as session:
            return list(session.exec(select(table)).all())

    def held(self) -> list[HeldAnswer]:
        """The surveys that were sent and wait for the cut."""
        bodies = [self.keyring.decrypt(row.body_encrypted) for row in self.rows(HeldAnswerRow)]
        return [HeldAnswer.model_validate_json(body) for body in bodies]

    def rows_in_all(self) -> int:
        """How many rows the tables that a webhook may write hold."""
        return sum(
            len(self.rows(table))
            for table in (tables.TextRow, tables.InboundMessageRow, tables.OptOutRow, HeldAnswerRow)
        )


def said(answer: requests.Response) -> list[str]:
    """The texts in a TwiML answer."""
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    return [message.text or "" for message in ET.fromstring(answer.text).iter("Message")]  # noqa: S314 - our own


def replies_in(answer: requests.Response) -> list[UUID]:
    """The ids of the texts in a TwiML answer."""
    if not answer.text:
        return []
    messages = ET.fromstring(answer.text).iter("Message")  # noqa: S314 - our own
    return [UUID(message.attrib["action"].partition("?mid=")[2]) for message in messages]


def opted_out(residents: Residents) -> bool:
    with Session(residents.engine) as session:
        return (
            session.exec(select(tables.OptOutRow).where(col(tables.OptOutRow.ended_at).is_(None))).first() is not None
        )


@contextmanager
def residents_site(
    engine: Engine,
    keyring: Keyring,
    agency: ResidentAgency,
    *,
    clock: Clock = REAL_TIME,
    tokens: Sequence[str] = TOKENS,
    proxies: str = "",
    now: Callable[[], float] = time.monotonic,
    within: Within = NO_HURRY,
) -> Iterator[Residents]:
    webhook_engine = connect(engine.url.render_as_string(hide_password=False))
    app = create_residents_app(
        engine=engine,
        webhook_engine=webhook_engine,
        keyring=keyring,
        agency=agency,
        clock=clock,
        origin=ORIGIN,
        twilio_auth_tokens=tokens,
        twilio_account_sid=ACCOUNT,
        proxies=networks(proxies, variable="WEB_PROXIES"),
        now=now,
        within=within,
    )
    with serving(app) as address, requests.Session() as http:
        yield Residents(engine=engine, keyring=keyring, agency=agency, address=address, http=http)
    webhook_engine.dispose()
