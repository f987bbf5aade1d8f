"""`communityconnect cad watch`: takes the files that CAD drops into a folder, until SIGTERM."""

import signal
from threading import Event

import structlog

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
from starter.rules import keep_rules_or_start_without
from watching.own_port import Health, open_own_port
from watching.readiness import Readiness, database_answers

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
    url = settings.database_url.get_secret_value()
    engine = connect(url, pool_size=2)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    health = Health(readiness=Readiness({"database": database_answers(url)}))
    health.readiness.watch_in_background()
    open_own_port(settings.metrics_host, settings.metrics_port, health=health)
    keep_rules_or_start_without(engine, agency)
    intake = Intakes(engine=engine, keyring=keyring, agency=agency, now=settings.clock.now).of(feed, Way.FOLDER)
    trouble = Trouble(engine=engine, tally=intake.tally)
    log.info("watching", feed=feed, agency=agency.key, policy=agency.version)
    DropFolder(Places(settings.cad_folder), intake=intake, trouble=trouble, stop=stop).watch()
    log.info("stopped watching")
