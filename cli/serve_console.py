"""Serves the console, on a port of its own."""

from typing import Final

from fastapi import FastAPI

from database.encryption import keyring_of
from database.engine import connect
from logs import configure_logging
from policy.agency import load_agency
from settings import Settings, SettingsError
from watching.own_port import open_own_port
from watching.pages import watch_pages
from watching.readiness import Readiness, database_answers
from web.serving.listening import listen
from web.staff.access.oidc_setup import oidc_setup_of
from web.staff.console.app import create_console_app
from web.staff.console.guard import OPEN

_FOR_PAGES: Final = 20
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LISTENS_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def console_app(settings: Settings) -> FastAPI:
    """The console, with the parts that the settings name.

    Raises:
        SettingsError: the accounts of a demonstration would be open to others than this machine, sessions could be
            read on their way, or the provider of OpenID Connect cannot be used as it is set.
    """
    origin = settings.console_origin
    if origin.scheme != "https" and origin.host not in _THIS_MACHINE:
        raise SettingsError(
            "COMMUNITYCONNECT_CONSOLE_ORIGIN must begin https://, but on this machine: who reads a session on its way "
            "is that member of staff"
        )
    password = settings.console_demo_password.get_secret_value()
    if password and origin.host not in _THIS_MACHINE:
        raise SettingsError(
            "COMMUNITYCONNECT_CONSOLE_DEMO_PASSWORD opens the accounts of a demonstration, and the console's origin is "
            "not this machine: leave it empty and sign in by OpenID Connect"
        )
    return create_console_app(
        engine=connect(settings.database_url.get_secret_value(), pool_size=_FOR_PAGES),
        keyring=keyring_of(settings),
        agency=load_agency(settings.agency),
        clock=settings.clock,
        origin=str(origin).rstrip("/"),
        temporal_ui=settings.temporal_ui,
        local_password=password,
        oidc=oidc_setup_of(settings),
        open_data=settings.open_data,
    )


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. No access log: what staff look at stands in the audit log.

    Raises:
        SettingsError: as above; or the accounts of a demonstration would be served beyond this machine.
    """
    if settings.console_demo_password.get_secret_value() and host not in _LISTENS_HERE:
        raise SettingsError(
            f"COMMUNITYCONNECT_CONSOLE_DEMO_PASSWORD opens the accounts of a demonstration, and {host or 'everywhere'} "
            "is reached from elsewhere: listen on 127.0.0.1, or leave it empty and sign in by OpenID Connect"
        )
    configure_logging(service="console", format_=settings.log_format)
    app = console_app(settings)
    readiness = Readiness({"database": database_answers(settings.database_url.get_secret_value())})
    watch_pages(app, readiness, open_to_all=[OPEN])
    readiness.watch_in_background()
    open_own_port(settings.metrics_host, settings.metrics_port)
    listen(app, host=host, port=port)
