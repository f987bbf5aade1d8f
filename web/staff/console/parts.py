"""The parts that the console's pages work with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import Request
from sqlalchemy import Engine

from calls.clock import Clock
from database.encryption import Keyring
from policy.agency import Agency
from web.staff.access.audit import AuditLog
from web.staff.access.local_accounts import LocalAccounts
from web.staff.access.oidc import OpenIDConnect
from web.staff.access.sessions import Sessions
from web.staff.console.pages import Pages
from web.staff.standing import StandingNow

SESSION_COOKIE: Final = "console_session"


@dataclass(frozen=True, kw_only=True)
class Console:
    """`origin` is scheme and host, without a slash at its end; `temporal_ui` likewise, with the namespace's path, or
    empty where staff do not have it. `local_accounts`: only in a demonstration. `openid`: where staff
    sign in at a provider of their own. `open_data`: the public folder, where this console may publish."""

    engine: Engine
    keyring: Keyring
    agency: Agency
    clock: Clock
    origin: str
    temporal_ui: str
    sessions: Sessions
    audit: AuditLog
    local_accounts: LocalAccounts | None
    openid: OpenIDConnect | None
    pages: Pages
    standing: StandingNow
    open_data: Path | None

    @property
    def is_https(self) -> bool:
        return self.origin.startswith("https://")


def console_of(request: Request) -> Console:
    """The console that serves this request."""
    console: Console = request.app.state.console
    return console
