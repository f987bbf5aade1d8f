"""Looks at everything, one after the other; a trouble in one never hides the next."""

import asyncio
from collections.abc import Iterator

from sqlalchemy import Engine

from cli.doctor.cad import feeds, ways_in
from cli.doctor.clocks import clock_against, database_clock, zone_data
from cli.doctor.database import reached, rights_of_the_role, tables
from cli.doctor.keys import distinct, opens_what_is_stored, usable
from cli.doctor.machine import disk, metrics_port
from cli.doctor.sign_in import sign_in
from cli.doctor.temporal import temporal
from cli.doctor.twilio import twilio
from cli.doctor.web import public_origin, web_proxies
from cli.finding import Finding
from database.encryption import Keyring
from database.engine import connect
from policy.agency import Agency, load_agency
from policy.yaml_file import AgencyError
from settings import Settings, unknown_settings


def examine(settings: Settings) -> Iterator[Finding]:
    """What is found, in the order in which things depend on each other."""
    yield from slips()
    agency, finding = _agency(settings)
    yield finding
    ring, finding = usable(settings)
    yield finding
    if ring is not None:
        yield distinct(settings)
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        yield from _database(engine, agency=agency, ring=ring)
    finally:
        engine.dispose()
    zone = None if agency is None else agency.policy.timetable.zone
    yield from asyncio.run(temporal(settings, zone=zone))
    yield from twilio(settings, sender=None if agency is None else agency.identity.sender)
    yield from clock_against(str(settings.twilio_address))
    yield from public_origin(settings)
    yield web_proxies(settings)
    yield sign_in(settings)
    yield from ways_in(settings)
    if zone is not None:
        yield zone_data(zone)
    yield from disk(settings)
    yield from metrics_port(settings)


def slips() -> Iterator[Finding]:
    """Settings that nobody reads: the slip is silent otherwise."""
    for name, meant in unknown_settings().items():
        mend = f"write {meant}" if meant else "take it away; .env.example has all that there are"
        yield Finding(what="settings", detail=f"there is no setting {name}: nobody reads it", mend=mend)


def _agency(settings: Settings) -> tuple[Agency | None, Finding]:
    try:
        agency = load_agency(settings.agency)
    except AgencyError as error:
        mend = f"mend the folder (communityconnect agency check {settings.agency}), or set COMMUNITYCONNECT_AGENCY"
        return None, Finding(what="agency folder", detail=str(error), mend=mend)
    return agency, Finding(what="agency folder", detail=f"{settings.agency}, policy {agency.version}")


def _database(engine: Engine, *, agency: Agency | None, ring: Keyring | None) -> Iterator[Finding]:
    database = reached(engine)
    yield from database
    if any(finding.is_trouble for finding in database):
        return
    yield database_clock(engine)
    migrations = tables(engine)
    yield migrations
    if not migrations.is_well:
        return
    yield from rights_of_the_role(engine)
    if ring is not None:
        yield from opens_what_is_stored(engine, ring)
    if agency is not None:
        yield from feeds(engine, agency)
