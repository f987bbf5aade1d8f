"""`communityconnect cad serve`: takes what CAD pushes, until SIGTERM."""

import uvicorn
from prometheus_client import start_http_server

from database.encryption import keyring_of
from database.engine import connect
from logs import configure_logging
from policy.agency import load_agency
from settings import Settings
from starter.intake import Intakes
from starter.push.app import create_push_app
from starter.push.hands import THREADS
from starter.push.senders import senders_of
from starter.rules import keep_rules


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve with the settings from the environment. Needs PostgreSQL, and not Temporal: see `communityconnect starter`.

    Raises:
        SettingsError: nobody may push, or a key cannot be used.
        AgencyError, KeyringError: the folder or the keys cannot be read.
    """
    configure_logging(service="cad", format_=settings.log_format)
    allowed = senders_of(settings)
    agency = load_agency(settings.agency)
    engine = connect(settings.database_url.get_secret_value(), pool_size=THREADS + 2)
    keep_rules(engine, agency)
    intakes = Intakes(engine=engine, keyring=keyring_of(settings), agency=agency, now=settings.clock.now)
    app = create_push_app(engine=engine, intakes=intakes, allowed=allowed)
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, addr="127.0.0.1")
    uvicorn.run(app, host=host, port=port, access_log=False, log_config=None, proxy_headers=False, server_header=False)
