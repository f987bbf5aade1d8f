from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from database.encryption import Keyring
from policy.agency import Agency
from tests.console.served import Served, console_site


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    with console_site(engine, keyring, ottawa) as site:
        yield site
