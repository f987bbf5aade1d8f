"""`communityconnect cad serve`: takes what CAD pushes, until SIGTERM."""

from typing import Final

from database.encryption import keyring_of
from database.engine import connect
from logs import configure_logging
from policy.agency import load_agency
from settings import Settings
from starter.intake import Intakes
from starter.push.app import create_push_app
from starter.push.hands import THREADS
from starter.push.senders import senders_of
from starter.rules import keep_rules_or_start_without
from watching.own_port import open_own_port
from watching.pages import watch_pages
from watching.readiness import Readiness, database_answers
from web.serving.listening import listen

_A_BATCH_SECONDS: Final = 15
"""Longer than a statement may take (10 s): a batch is answered before this ends, not broken off."""


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve with the settings from the environment. Needs PostgreSQL, and not Temporal: see `communityconnect starter`.

    Raises:
        SettingsError: nobody may push, or a key cannot be used.
        AgencyError, KeyringError: the folder or the keys cannot be read.
    """
    configure_logging(service="cad", format_=settings.log_format)
    allowed = senders_of(settings)
    agency = load_agency(settings.agency)
    url = settings.database_url.get_secret_value()
    engine = connect(url, pool_size=THREADS + 2)
    keep_rules_or_start_without(engine, agency)
    intakes = Intakes(engine=engine, keyring=keyring_of(settings), agency=agency, now=settings.clock.now)
    app = create_push_app(engine=engine, intakes=intakes, allowed=allowed)
    readiness = Readiness({"database": database_answers(url)})
    watch_pages(app, readiness)
    readiness.watch_in_background()
    open_own_port(settings.metrics_host, settings.metrics_port)
    listen(app, host=host, port=port, finishes_within_seconds=_A_BATCH_SECONDS)
