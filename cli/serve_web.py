"""Serves the residents' pages and Twilio's webhooks."""

from fastapi import FastAPI

from activities.told_in_time import watch_ledger
from calls.facts import Language
from database.encryption import keyring_of
from database.engine import connect
from logs import configure_logging
from policy.agency import Agency, load_agency
from settings import Settings, networks
from watching.own_port import open_own_port
from watching.pages import watch_pages
from watching.readiness import Readiness, database_answers
from web.residents.agency import ResidentAgency
from web.residents.app import create_residents_app
from web.serving.in_time import THREADS
from web.serving.listening import listen

_FOR_PAGES = 20


def residents_app(settings: Settings) -> FastAPI:
    """The residents' application, with the parts that the settings name."""
    url = settings.database_url.get_secret_value()
    return create_residents_app(
        engine=connect(url, pool_size=_FOR_PAGES),
        webhook_engine=connect(url, pool_size=THREADS),
        keyring=keyring_of(settings),
        agency=resident_agency(load_agency(settings.agency)),
        clock=settings.clock,
        origin=settings.origin,
        twilio_auth_tokens=[
            token.get_secret_value() for token in (settings.twilio_auth_token, settings.twilio_other_auth_token)
        ],
        twilio_account_sid=settings.twilio_account_sid,
        proxies=networks(settings.web_proxies, variable="WEB_PROXIES"),
    )


def resident_agency(agency: Agency) -> ResidentAgency:
    """The part of an agency that residents meet."""
    identity = agency.identity
    return ResidentAgency(
        key=agency.key,
        names={language: identity.name[language] for language in Language},
        sender=identity.sender,
        emergency_line=identity.emergency_line,
        non_emergency_line=identity.non_emergency_line,
        wording=agency.wording,
        survey=agency.survey,
        policy_version=agency.version,
        areas=agency.areas,
        prints_codes=agency.policy.texts.code,
    )


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. No access log: paths of surveys hold their tokens (R3)."""
    configure_logging(service="web", format_=settings.log_format)
    app = residents_app(settings)
    watch_ledger(settings.clock)
    readiness = Readiness({"database": database_answers(settings.database_url.get_secret_value())})
    watch_pages(app, readiness)
    readiness.watch_in_background()
    open_own_port(settings.metrics_host, settings.metrics_port)
    listen(app, host=host, port=port)
