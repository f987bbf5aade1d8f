"""A year of a city like Ottawa: how long its bundles take, and how much memory."""

import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from activities.prepare_open_data import Order, prepare
from database.engine import connect
from insights.open_data.quarters import Quarter
from policy.agency import Agency
from tests.conftest import FIGURES
from tests.insights.quarter import fill
from tests.open_data.conftest import WARDS
from tests.open_data.made_up import KEYRING, publishing
from tests.servers import create_database, drop_database
from web.staff.open_data.bundles import Bundles

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUARTERS = (Quarter(2025, 4), Quarter(2026, 1), Quarter(2026, 2), Quarter(2026, 3))


@pytest.fixture
def year(postgres_url: str, migrated_template: str, ottawa: Agency) -> Iterator[Engine]:
    engine = connect(create_database(postgres_url, "open_data_year", template=migrated_template))
    fill(engine, ottawa, scale=4)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    yield engine
    engine.dispose()
    drop_database(postgres_url, "open_data_year")


@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_the_bundles_of_a_year_take_under_a_minute_and_little_memory(
    year: Engine, ottawa: Agency, record_property: Callable[[str, object], None]
) -> None:
    agency = publishing(ottawa, WARDS, least_calls_survey=10_000)
    took: list[float] = []
    for quarter in QUARTERS:
        began = time.perf_counter()
        done = prepare(year, agency, Order(quarter=quarter, now=NOW), keyring=KEYRING, beat=lambda _: None)
        took.append(time.perf_counter() - began)
        assert done.is_safe
    with year.connect() as connection:
        calls, answers = (
            connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in ("call", "survey_response")
        )
    bundles = Bundles(year, "ottawa")
    bundles.decline(bundles.all()[0], by="a test", why="once more, to see how much memory it takes")
    tracemalloc.start()
    reason = agency.open_data.publisher if agency.open_data else None
    prepare(year, agency, Order(quarter=QUARTERS[-1], now=NOW, reason=reason), keyring=KEYRING, beat=lambda _: None)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    report = bundles.all()[0].report
    sizes = sum(file.size for file in bundles.all()[0].files) / 1024
    record_property(
        FIGURES,
        f"{calls:,} calls, {answers:,} answers: four bundles in {sum(took):.1f} s "
        f"({', '.join(f'{one:.1f}' for one in took)}), {peak:.0f} MB of Python's memory at most, {sizes:.0f} kB each; "
        f"{report['cells']} cells, {report['suppressed']} lines suppressed, "
        f"the narrowest {report['narrowest']['width']:g}",
    )
    assert sum(took) < 60
    assert peak < 100
