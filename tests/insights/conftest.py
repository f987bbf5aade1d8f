from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from database.encryption import Keyring
from database.engine import connect
from policy.agency import Agency
from tests.console.served import Served, Staff, console_site
from tests.insights.quarter import Quarter, fill
from tests.servers import create_database, drop_database
from web.staff.access.roles import Role


@dataclass(frozen=True, kw_only=True)
class City:
    """A console over a generated quarter of a small city."""

    engine: Engine
    site: Served
    quarter: Quarter
    analyst: Staff


@pytest.fixture(scope="module")
def city(postgres_url: str, migrated_template: str, keyring: Keyring, ottawa: Agency) -> Iterator[City]:
    """Small, so that much of it is of few."""
    engine = connect(create_database(postgres_url, "insights_city", template=migrated_template))
    quarter = fill(engine, ottawa, scale=0.12)
    with console_site(engine, keyring, ottawa) as site:
        yield City(engine=engine, site=site, quarter=quarter, analyst=site.staff(Role.ANALYST))
    engine.dispose()
    drop_database(postgres_url, "insights_city")
