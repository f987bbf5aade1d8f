"""What all tests share: real servers, started once and only when a test asks for them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from database import migrate
from database.encryption import Keyring, load_keyring, new_key
from database.engine import connect
from policy.agency import Agency, load_agency
from tests.servers import create_database, drop_database, running_postgres

FIGURES = "figures"
AGENCIES = Path(__file__).parents[1] / "agencies"


_LONG = (
    "tests/chaos/test_chaos",
    "tests/campaign/",
    "tests/whole/",
    "tests/simulation/test_taking_up",
    "tests/simulation/test_simulate",
    "tests/generated/",
)


_EVERY_DAY = (
    {"language": "en", "screen": "phone", "theme": "light"},
    {"language": "fr", "screen": "desk", "theme": "dark"},
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of the whole service and other long ones first: they wait much of the time, and the rest fills it.

    Of a page's eight looks (language, screen, theme) two are enough every day: they show each of the six. All eight are
    for `make test-deep`. Where a test has only two of the three as parameters, two looks of four.
    """
    for item in items:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        look = {name: params[name] for name in ("language", "screen", "theme") if name in params}
        if len(look) > 1 and not any(look.items() <= shown.items() for shown in _EVERY_DAY):
            item.add_marker(pytest.mark.deep)
    items.sort(key=lambda item: next((n for n, part in enumerate(_LONG) if part in item.nodeid), len(_LONG)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that tests have counted; what a process of several prints by itself is not seen."""
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, what in getattr(report, "user_properties", ()):
            if name == FIGURES:
                terminalreporter.write_line(str(what))


@pytest.fixture(autouse=True)
def _cells_as_long_as_usual() -> None:
    """frictionless widens the limit for the whole process, whenever it is imported."""
    csv.field_size_limit(131_072)


@pytest.fixture(scope="session")
def ottawa() -> Agency:
    return load_agency(AGENCIES / "ottawa")


@pytest.fixture(scope="session")
def new_york() -> Agency:
    return load_agency(AGENCIES / "new-york")


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return load_keyring(encryption_keys=f"k1:{new_key()}", lookup_key=new_key())


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """A database with our tables, made by the migrations, to be copied."""
    engine = connect(create_database(postgres_url, "migrated"), pool_size=1)
    migrate.upgrade(engine)
    engine.dispose()
    return "migrated"


@pytest.fixture
def database_url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """A fresh database with our tables, for one test."""
    name = f"test_{uuid4().hex[:12]}"
    yield create_database(postgres_url, name, template=migrated_template)
    drop_database(postgres_url, name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()
