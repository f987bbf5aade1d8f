from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from database.encryption import Keyring
from tests.web.served import Residents, ottawa, residents_site
from web.residents.agency import ResidentAgency


@pytest.fixture(scope="session")
def agency() -> ResidentAgency:
    return ottawa()


@pytest.fixture
def residents(engine: Engine, keyring: Keyring, agency: ResidentAgency) -> Iterator[Residents]:
    with residents_site(engine, keyring, agency) as site:
        yield site
