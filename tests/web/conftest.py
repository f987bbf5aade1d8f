from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel

from database.encryption import Keyring, load_keyring, new_key
from database.engine import connect
from tests.servers import create_database, drop_database, running_postgres
from tests.web.served import Residents, ottawa, residents_site
from web.residents.agency import ResidentAgency


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    name = f"web_{uuid4().hex[:12]}"
    engine = connect(create_database(postgres_url, name))
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()
    drop_database(postgres_url, name)


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return load_keyring(encryption_keys=f"k1:{new_key()}", lookup_key=new_key())


@pytest.fixture(scope="session")
def agency() -> ResidentAgency:
    return ottawa()


@pytest.fixture
def residents(engine: Engine, keyring: Keyring, agency: ResidentAgency) -> Iterator[Residents]:
    with residents_site(engine, keyring, agency) as site:
        yield site
