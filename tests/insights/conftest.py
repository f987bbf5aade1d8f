from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from database.encryption import Keyring
from database.engine import connect
from policy.agency import Agency
from tests.console.served import Served, Staff, console_site
from tests.insights.quarter import Quarter, fill
from tests.servers import create_database, drop_database
from web.staff.access.roles import Role

CITIES: Final[dict[str, Any]] = {"small": {"scale": 0.12}, "alike": {"scale": 0.35, "areas": 3, "groups": 2}}


@dataclass(frozen=True, kw_only=True)
class City:
    """A console over a generated quarter of a small city."""

    engine: Engine
    site: Served
    quarter: Quarter
    analyst: Staff


@pytest.fixture(scope="module", params=CITIES)
def city(
    postgres_url: str, migrated_template: str, keyring: Keyring, ottawa: Agency, request: pytest.FixtureRequest
) -> Iterator[City]:
    """One that is small, so that much of it is of few; and one in which many calls are alike."""
    engine = connect(create_database(postgres_url, "insights_city", template=migrated_template))
    quarter = fill(engine, ottawa, **CITIES[request.param])
    with console_site(engine, keyring, ottawa) as site:
        yield City(engine=engine, site=site, quarter=quarter, analyst=site.staff(Role.ANALYST))
    engine.dispose()
    drop_database(postgres_url, "insights_city")
