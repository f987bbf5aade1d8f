from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text

from database.engine import connect
from policy.agency import Agency
from policy.open_data import Areas, Level, Place
from tests.insights.quarter import AREAS, fill
from tests.open_data.made_up import publishing, said
from tests.servers import create_database, drop_database

WARDS = Areas(
    places=(
        *(Place(id=f"D{n}", level=Level.DIVISION, name=said(f"Division {n}")) for n in range(3)),
        *(
            Place(id=f"W{n}", level=Level.WARD, name=said(f"Ward {n}"), within=f"D{n % 3}", codes=frozenset({name}))
            for n, name in enumerate(AREAS, start=1)
        ),
    )
)


@dataclass(frozen=True, kw_only=True)
class City:
    """A generated quarter of a small city in a database."""

    engine: Engine
    agency: Agency


@pytest.fixture(scope="session")
def city(postgres_url: str, migrated_template: str, ottawa: Agency) -> Iterator[City]:
    engine = connect(create_database(postgres_url, "open_data_city", template=migrated_template))
    fill(engine, ottawa, scale=0.06)
    yield City(engine=engine, agency=publishing(ottawa, WARDS, least_calls_survey=600))
    engine.dispose()
    drop_database(postgres_url, "open_data_city")


@pytest.fixture
def nothing_prepared(city: City) -> None:
    with city.engine.begin() as connection:
        connection.execute(text("TRUNCATE open_data_bundle, open_data_file"))
