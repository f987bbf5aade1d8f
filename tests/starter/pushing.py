"""The push API on a real port with a real database, and a CAD that signs what it pushes."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from requests.auth import AuthBase
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, select

from calls.clock import REAL_TIME, Clock
from database.encryption import Keyring
from database.engine import connect
from database.tables import CallRow
from policy.agency import Agency
from starter.intake import Intakes
from starter.push.app import create_push_app
from starter.push.hands import THREADS
from starter.push.senders import KEY, SIGNATURE, TIME, Senders, signature
from tests.serving import serving

Row = TypeVar("Row", bound=SQLModel)
SECRETS = {"cad.1": "a-secret-of-more-than-thirty-two-signs", "cad.2": "its-successor-while-the-keys-are-changed"}
SENDERS = Senders(keys=SECRETS, certificates={}, proxies=())


@dataclass(frozen=True, kw_only=True)
class Signs(AuthBase):
    """Signs a request as the documentation says."""

    key: str = "cad.1"
    secret: str = SECRETS["cad.1"]
    seconds_off: float = 0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        assert isinstance(body, (str, bytes))
        at = str(int(time.time() + self.seconds_off))
        request.headers[KEY], request.headers[TIME] = self.key, at
        request.headers[SIGNATURE] = signature(
            self.secret,
            method=request.method or "",
            path=request.path_url,
            at=at,
            body=body.encode() if isinstance(body, str) else body,
        )
        return request


@dataclass(frozen=True, kw_only=True)
class Cad:
    """A CAD that pushes, and what stands in our database."""

    address: str
    http: requests.Session
    engine: Engine

    def push(
        self, body: object, *, path: str = "/cad/v1/calls", auth: AuthBase | None = None, **headers: str
    ) -> requests.Response:
        """Push a body: JSON, or bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(self.address + path, data=data, auth=auth or Signs(), headers=headers, timeout=30)

    def rows(self, table: type[Row]) -> Sequence[Row]:
        with Session(self.engine) as session:
            return session.exec(select(table)).all()

    def call(self, cad_id: str) -> CallRow:
        return next(row for row in self.rows(CallRow) if row.call_id == f"ottawa-{cad_id}")


def received(cad_id: str = "1001", **told: Any) -> dict[str, Any]:
    """A noise, told by a resident."""
    return {
        "cad_id": cad_id,
        "updated_at": "2026-01-15T17:00:00Z",
        "case_number": "26-104233",
        "priority": "4",
        "call_type": "NOISE",
        "source": "phone",
        "phone": "+16135550142",
        "received_at": "2026-01-15T17:00:00Z",
        **told,
    }


@contextmanager
def pushed_at(
    engine: Engine,
    keyring: Keyring,
    agency: Agency,
    *,
    senders: Senders = SENDERS,
    clock: Clock = REAL_TIME,
) -> Iterator[Cad]:
    """Serve the API and push at it."""
    own = connect(engine.url.render_as_string(hide_password=False), pool_size=THREADS + 2)
    intakes = Intakes(engine=own, keyring=keyring, agency=agency, now=clock.now)
    app = create_push_app(engine=own, intakes=intakes, allowed=senders)
    with serving(app) as address, requests.Session() as http:
        yield Cad(address=address, http=http, engine=engine)
    own.dispose()


def answers_of(response: requests.Response) -> Sequence[Mapping[str, Any]]:
    records: Sequence[Mapping[str, Any]] = response.json()["records"]
    return records
