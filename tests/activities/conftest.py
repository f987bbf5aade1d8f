from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from database.encryption import Keyring
from policy.agency import Agency
from tests.activities.desk import Desk, a_desk
from tests.phones import Phones, running_phones


@pytest.fixture(scope="session")
def the_phones(ottawa: Agency) -> Iterator[Phones]:
    with running_phones(sender=ottawa.identity.sender) as phones:
        yield phones


@pytest.fixture
def desk(engine: Engine, keyring: Keyring, ottawa: Agency, the_phones: Phones) -> Iterator[Desk]:
    yield a_desk(engine, keyring, ottawa, the_phones)
    the_phones.forget()
