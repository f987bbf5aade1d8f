"""`communityconnect doctor`: is everything there that the service needs? Each trouble is named with its mend."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from activities.carrier_client import CarrierClient, Misconfigured, NotProcessed
from calls.issues import FIND_ISSUES_SCHEDULE
from cli.doctor_sign_in import sign_in
from cli.finding import Finding
from cli.reconcile_schedule import SCHEDULE_ID
from cli.releases import look_at_release
from cli.schedules import is_paused_by_hand
from cli.set_up import has_namespace, missing_search_attributes
from database import migrate
from database.encryption import KeyringError, keyring_of
from database.engine import connect
from database.roles import rights
from policy.agency import load_agency
from policy.yaml_file import AgencyError
from settings import Settings, SettingsError, networks
from temporal_client import TemporalAway, connect_temporal

_SETUP = "run: communityconnect setup"
_LOCAL = frozenset({"localhost", "127.0.0.1"})


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one after the other; a trouble in one never hides the next."""
    yield _agency(settings)
    yield _keys(settings)
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    database = _database(settings, engine)
    yield database
    if database.is_well:
        migrations = _migrations(engine)
        yield migrations
        if migrations.is_well:
            yield from _rights(engine)
    engine.dispose()
    yield from asyncio.run(_temporal(settings))
    yield _twilio(settings)
    yield _public_origin(settings)
    yield web_proxies(settings)
    yield sign_in(settings)


def _agency(settings: Settings) -> Finding:
    try:
        agency = load_agency(settings.agency)
    except AgencyError as error:
        return Finding(what="agency folder", detail=str(error), mend="mend the folder, or set COMMUNITYCONNECT_AGENCY")
    return Finding(what="agency folder", detail=f"{settings.agency}, policy {agency.version}")


def _keys(settings: Settings) -> Finding:
    try:
        ring = keyring_of(settings)
    except KeyringError as error:
        detail, _, mend = str(error).partition("; ")
        return Finding(what="keys", detail=detail, mend=mend or "see README: keys")
    return Finding(
        what="keys", detail=f"{len(ring.encryption)} to encrypt (first: {next(iter(ring.encryption))}), 1 to look up"
    )


def _database(settings: Settings, engine: Engine) -> Finding:
    url = make_url(settings.database_url.get_secret_value())
    place = f"{url.database} at {url.host}:{url.port or 5432}"
    try:
        with engine.connect() as connection:
            version = connection.execute(text("SHOW server_version")).scalar_one()
    except SQLAlchemyError as error:
        return Finding(
            what="database",
            detail=f"{place} does not answer ({type(error).__name__})",
            mend="start PostgreSQL, or set DATABASE_URL=postgresql://user:password@host:5432/name",
        )
    return Finding(what="database", detail=f"{place}, PostgreSQL {version}")


def _migrations(engine: Engine) -> Finding:
    current, head = migrate.current_revision(engine), migrate.head_revision()
    if current == head:
        return Finding(what="migrations", detail=f"at {head}")
    return Finding(what="migrations", detail=f"at {current or 'none'}, this code needs {head}", mend=_SETUP)


def _rights(engine: Engine) -> Iterator[Finding]:
    found = rights(engine)
    if found.can_change_audit:
        yield Finding(
            what="audit log",
            detail="its trigger alone protects it: the service's role could switch that off",
            mend="set COMMUNITYCONNECT_OWNER_DATABASE_URL for setup, another user in DATABASE_URL, and " + _SETUP,
            works=True,
        )
    else:
        yield Finding(what="audit log", detail="the service's role can only add to it")
    if not found.can_vacuum:
        yield Finding(
            what="survey's tables",
            detail="the service's role may not vacuum them: what was cut at night can still be put together (R7)",
            mend=_SETUP + "; it needs PostgreSQL 17 or newer for a role that does not own them",
        )


async def _temporal(settings: Settings) -> list[Finding]:
    try:
        client = await connect_temporal(patience_seconds=2)
    except TemporalAway as error:
        mend = "start Temporal, or set TEMPORAL_ADDRESS (and TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, … for a cluster)"
        return [Finding(what="temporal", detail=str(error), mend=mend)]
    try:
        return [Finding(what="temporal", detail="answers"), *await _namespace(client, settings)]
    except RPCError as error:
        return [
            Finding(
                what="temporal",
                detail=f"refuses: {error.status.name}",
                mend="check TEMPORAL_API_KEY and the rights of its user",
            )
        ]
    finally:
        await asyncio.sleep(0.2)


async def _namespace(client: Client, settings: Settings) -> list[Finding]:
    name = f"temporal namespace {client.namespace}"
    if not await has_namespace(client):
        return [Finding(what=name, detail="is not there", mend=_SETUP)]
    missing = await missing_search_attributes(client)
    return [
        Finding(what=name, detail="is there"),
        Finding(
            what="search attributes",
            detail=f"missing: {', '.join(missing)}" if missing else "registered",
            mend=_SETUP if missing else "",
        ),
        await _schedule(client),
        await _issues_schedule(client),
        await look_at_release(client, settings),
    ]


async def _schedule(client: Client) -> Finding:
    so = "texts without an end are not looked up, no day is summed up"
    return await _there_and_not_paused(client, SCHEDULE_ID, what="reconciler's schedule", so=so)


async def _issues_schedule(client: Client) -> Finding:
    so = "nobody is told where there are more calls than was to be expected"
    return await _there_and_not_paused(client, FIND_ISSUES_SCHEDULE, what="schedule of emerging issues", so=so)


async def _there_and_not_paused(client: Client, id_: str, *, what: str, so: str) -> Finding:
    paused = await is_paused_by_hand(client, id_)
    if paused is None:
        return Finding(what=what, detail=f"is missing: {so}", mend=_SETUP)
    if paused:
        return Finding(what=what, detail=f"is paused: {so}", mend=f"unpause {id_} among Temporal's schedules")
    return Finding(what=what, detail="is there")


def _twilio(settings: Settings) -> Finding:
    address = str(settings.twilio_address)
    if not settings.twilio_account_sid or not settings.twilio_auth_token.get_secret_value():
        return Finding(what="twilio", detail="no credentials", mend="set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
    carrier = CarrierClient(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        address=address,
        timeout_seconds=5,
    )
    try:
        carrier.check()
    except Misconfigured as error:
        return Finding(
            what="twilio",
            detail=f"{address} refuses us ({error.cause})",
            mend="check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
        )
    except NotProcessed as error:
        return Finding(
            what="twilio",
            detail=f"{address} does not answer ({error.cause})",
            mend="check the network, or COMMUNITYCONNECT_TWILIO_ADDRESS",
        )
    return Finding(what="twilio", detail=f"{address} accepts our credentials")


def _public_origin(settings: Settings) -> Finding:
    parts = urlsplit(settings.origin)
    if parts.scheme != "https" and parts.hostname not in _LOCAL:
        return Finding(
            what="public origin",
            detail=f"{settings.origin} is not https",
            mend="set COMMUNITYCONNECT_PUBLIC_ORIGIN=https://…: Twilio and residents need it",
        )
    try:
        well = requests.get(f"{settings.origin}/healthz", timeout=5).status_code == requests.codes.ok
    except requests.RequestException:
        well = False
    if not well:
        return Finding(
            what="public origin",
            detail=f"{settings.origin}/healthz does not answer",
            mend="start the web (communityconnect web), or mend COMMUNITYCONNECT_PUBLIC_ORIGIN",
        )
    return Finding(what="public origin", detail=f"{settings.origin} answers")


def web_proxies(settings: Settings) -> Finding:
    """Are the proxies before the residents' pages named? The web itself speaks plain HTTP, so an https origin has one.

    Nothing else would tell: the pages answer, until wrong codes of one resident keep all others from checking theirs.
    """
    what, mend = "web proxies", "set COMMUNITYCONNECT_WEB_PROXIES to the proxy's address or network, as in 10.0.0.0/24"
    try:
        named = networks(settings.web_proxies, variable="WEB_PROXIES")
    except SettingsError as error:
        return Finding(what=what, detail=str(error), mend=mend)
    everybody = [str(network) for network in named if not network.prefixlen]
    if everybody:
        detail = f"{everybody[0]} is everybody: anybody may say that he is another, and no limit on guessing holds"
        return Finding(what=what, detail=detail, mend=mend)
    if named:
        return Finding(what=what, detail=", ".join(str(network) for network in named))
    if urlsplit(settings.origin).scheme != "https":
        return Finding(what=what, detail=f"none, {settings.origin} is not behind one")
    detail = f"none is named, and {settings.origin} is behind one: this web speaks plain HTTP"
    so = "all residents count as one client, and the wrong codes of one stop all (docs/was-it-you.md)"
    return Finding(what=what, detail=f"{detail}; {so}", mend=mend)
