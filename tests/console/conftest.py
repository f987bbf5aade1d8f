from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from sqlalchemy import Engine

from database.encryption import Keyring
from policy.agency import Agency
from tests.activities.conftest import desk, the_phones
from tests.activities.desk import Desk
from tests.builders import NOON, minutes
from tests.console.a_call import CadAndDesk
from tests.console.served import Served, console_site
from tests.web.browsing import chromium

__all__ = ["desk", "the_phones"]


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    with console_site(engine, keyring, ottawa) as site:
        yield site


@pytest.fixture
def cad(desk: Desk) -> CadAndDesk:
    """At ten past noon, on the service's clock."""
    desk.at(NOON + minutes(10))
    return CadAndDesk(desk)


@pytest.fixture
def noon_site(cad: CadAndDesk, engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    """The console on the same clock as `cad`."""
    ui = "http://temporal.example.org/namespaces/default"
    with console_site(engine, keyring, ottawa, clock=cad.desk.services.clock, temporal_ui=ui) as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
