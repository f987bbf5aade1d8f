"""The console on a real port, and members of staff who use it over HTTP."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from calls.clock import REAL_TIME, Clock
from database.encryption import Keyring
from database.staff import AuditEntryRow
from local.ports import free_port
from policy.agency import Agency
from tests.serving import serving
from web.staff.access.oidc_setup import OidcSetup
from web.staff.access.roles import Role
from web.staff.console.app import create_console_app

PASSWORD: Final = "fictional-password"
_PATIENCE: Final = 60  # seconds: with many processes on two cores four pages of 340 tests took longer than ten
_TOKEN: Final = re.compile(r'name="form_token" value="([0-9a-f]+)"')


class Staff:
    """Somebody at a browser."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.http = requests.Session()
        self.http.trust_env = False

    def sign_in(self, role: str, password: str = PASSWORD, *, back: str = "/") -> requests.Response:
        fields = {"account": role, "password": password, "back": back}
        return self.http.post(self.address + "/sign-in", data=fields, timeout=_PATIENCE, allow_redirects=False)

    def get(self, path: str, **options: object) -> requests.Response:
        return self.http.get(self.address + path, timeout=_PATIENCE, allow_redirects=False, **options)  # type: ignore[arg-type]

    def token(self) -> str:
        """That of the session's forms; blank for nobody."""
        token = _TOKEN.search(self.get("/audit-or-any-page").text)
        return token[1] if token else ""

    def post(self, path: str, **fields: str) -> requests.Response:
        """As a form of our own: with its token."""
        fields = {"form_token": self.token(), **fields}
        return self.http.post(self.address + path, data=fields, timeout=_PATIENCE, allow_redirects=False)


@dataclass(frozen=True, kw_only=True)
class Served:
    """The site under test and what stands in its database."""

    engine: Engine
    keyring: Keyring
    agency: Agency
    address: str
    app: FastAPI

    def staff(self, role: Role | None = None) -> Staff:
        """Somebody new; signed in, where a role is given."""
        staff = Staff(self.address)
        if role is not None:
            assert staff.sign_in(role).status_code == 303
        return staff

    def audit(self) -> list[AuditEntryRow]:
        """The whole log, the oldest first."""
        with Session(self.engine) as session:
            return list(session.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.id))).all())


@contextmanager
def console_site(
    engine: Engine,
    keyring: Keyring,
    agency: Agency,
    *,
    clock: Clock = REAL_TIME,
    temporal_ui: str = "",
    local_password: str = PASSWORD,
    oidc: OidcSetup | None = None,
    open_data: Path | None = None,
    port: int | None = None,
) -> Iterator[Served]:
    """The console, ready."""
    port = port or free_port()
    app = create_console_app(
        engine=engine,
        keyring=keyring,
        agency=agency,
        clock=clock,
        origin=f"http://127.0.0.1:{port}",
        temporal_ui=temporal_ui,
        local_password=local_password,
        oidc=oidc,
        open_data=open_data,
    )
    with serving(app, port=port, proxy_headers=True) as address:
        yield Served(engine=engine, keyring=keyring, agency=agency, address=address, app=app)
