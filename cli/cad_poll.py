"""`communityconnect cad poll`: reads a view of CAD's database again and again, until SIGTERM."""

import logging
import signal

import structlog

from database.encryption import keyring_of
from database.engine import connect
from logs import configure_logging
from policy.agency import Agency, load_agency
from policy.cad_feeds import PollRule
from policy.cad_query import asks_since, trouble_with
from policy.yaml_file import AgencyError
from settings import Settings, SettingsError
from starter.feeds import Way
from starter.intake import Intakes
from starter.poll import Poller, Stuck, serve
from starter.poll_view import View
from starter.rules import keep_rules_or_start_without
from watching.own_port import Health, open_own_port
from watching.readiness import Readiness, database_answers

log = structlog.get_logger()


def run_poll(settings: Settings, *, feed: str) -> None:
    """Poll with the settings from the environment.

    Raises:
        SettingsError: CAD's database is not given, or no driver speaks with it.
        AgencyError: the agency's folder cannot be read, or does not say how to poll.
    """
    configure_logging(service="poll", format_=settings.log_format)
    # It says of a lost connection what its driver said, with a traceback. We say it in one line.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    agency = load_agency(settings.agency)
    rule, view = view_of(agency, settings)
    url = settings.database_url.get_secret_value()
    engine = connect(url, pool_size=3)
    intakes = Intakes(engine=engine, keyring=keyring_of(settings), agency=agency, now=settings.clock.now)
    poller = Poller(view=view, intake=intakes.of(feed, Way.POLL), rule=rule, seconds=settings.clock.real_duration)
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: signals.append(number))
    health = Health(readiness=Readiness({"database": database_answers(url)}))
    health.readiness.watch_in_background()
    open_own_port(settings.metrics_host, settings.metrics_port, health=health)
    keep_rules_or_start_without(engine, agency)
    log.info("poll ready", feed=feed, agency=agency.key, policy=agency.version)
    try:
        serve(poller, is_stopping=lambda: bool(signals))
    except Stuck as stuck:
        log.error("poll gives up", feed=feed, trouble=str(stuck))
        raise SystemExit(1) from None
    log.info("poll stopped", feed=feed)


def view_of(agency: Agency, settings: Settings) -> tuple[PollRule, View]:
    """The view that this agency's folder reads, and how.

    Raises:
        SettingsError, AgencyError: see `run_poll`.
    """
    rule, file = agency.cad.poll, settings.agency / "cad.yaml"
    if rule is None:
        raise AgencyError(f"{file}: poll is missing: the query that reads the view; see docs/cad-view.md")
    if (trouble := trouble_with(rule.query)) is not None:
        raise AgencyError(f"{file}: poll.query {trouble}")
    if asks_since(rule.query) and agency.cad.columns.updated is None:
        raise AgencyError(f"{file}: poll.query asks for rows since an update time, and columns.updated names none")
    address = settings.cad_database_url.get_secret_value()
    if not address:
        raise SettingsError("COMMUNITYCONNECT_CAD_DATABASE_URL is not set: the address of CAD's database")
    return rule, View(address, query=rule.query, columns=agency.cad.columns)
