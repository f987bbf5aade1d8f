"""`communityconnect cad watch`: takes the files that CAD drops into a folder, until SIGTERM."""

import signal
from threading import Event

import structlog
from prometheus_client import start_http_server

from database.encryption import keyring_of
from database.engine import connect
from logs import configure_logging
from policy.agency import load_agency
from settings import Settings, SettingsError
from starter.drop_folder import DropFolder
from starter.drop_places import Places
from starter.drop_trouble import Trouble
from starter.feeds import Way
from starter.intake import Intakes
from starter.rules import keep_rules

log = structlog.get_logger()


def run_watch(settings: Settings, *, feed: str) -> None:
    """Watch the folder that the environment names.

    Raises:
        SettingsError: it names none.
        AgencyError, KeyringError: the agency's folder, or the keys, cannot be read.
    """
    if settings.cad_folder is None:
        raise SettingsError("set COMMUNITYCONNECT_CAD_FOLDER to the folder into which CAD drops its files")
    configure_logging(service="cad-watch", format_=settings.log_format)
    agency = load_agency(settings.agency)
    keyring = keyring_of(settings)
    engine = connect(settings.database_url.get_secret_value(), pool_size=2)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, addr="127.0.0.1")
    keep_rules(engine, agency)
    intake = Intakes(engine=engine, keyring=keyring, agency=agency, now=settings.clock.now).of(feed, Way.FOLDER)
    trouble = Trouble(engine=engine, tally=intake.tally)
    log.info("watching", feed=feed, agency=agency.key, policy=agency.version)
    DropFolder(Places(settings.cad_folder), intake=intake, trouble=trouble, stop=stop).watch()
    log.info("stopped watching")
