from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from database.encryption import Keyring
from database.engine import connect
from policy.agency import Agency
from tests.console import year as a_year
from tests.console.served import Served, console_site
from tests.servers import create_database, drop_database


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    with console_site(engine, keyring, ottawa) as site:
        yield site


@pytest.fixture(scope="session")
def year(postgres_url: str, migrated_template: str, keyring: Keyring, ottawa: Agency) -> Iterator[a_year.Year]:
    """A year of a city. Its tests read it, and change nothing that others count."""
    engine = connect(create_database(postgres_url, "a_year", template=migrated_template))
    yield a_year.fill(engine, keyring, ottawa)
    engine.dispose()
    drop_database(postgres_url, "a_year")


@pytest.fixture(scope="session")
def year_site(year: a_year.Year, keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    """The console with that year."""
    with console_site(year.engine, keyring, ottawa) as site:
        yield site


@pytest.fixture
def p95_of(year: a_year.Year, record_property: Callable[[str, object], None]) -> a_year.Stopwatch:
    """`p95_of(lambda: staff.get("/calls"), what="the board")`: measured on the year, said, and under 300 ms."""
    return a_year.Stopwatch(record_property, year.engine)
