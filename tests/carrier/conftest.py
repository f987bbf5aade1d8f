from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.carrier.carrier_box import Carrier, Service, running_carrier, running_service


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Carrier, Service]]:
    database: Path = tmp_path_factory.mktemp("carrier") / "phones.db"
    with running_service() as service, running_carrier(service, database) as carrier:
        yield carrier, service


@pytest.fixture
def carrier(running: tuple[Carrier, Service]) -> Carrier:
    """The network, behaving, without phones."""
    running[0].forget()
    return running[0]


@pytest.fixture
def service(running: tuple[Carrier, Service], carrier: Carrier) -> Service:
    running[1].forget()
    return running[1]
