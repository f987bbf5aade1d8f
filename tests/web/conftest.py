from collections.abc import Iterator
from itertools import count

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
    # The limits' clock runs so fast that none is ever met: test_was_it_you.py has those.
    with residents_site(engine, keyring, agency, now=count(step=3600).__next__) as site:
        yield site
