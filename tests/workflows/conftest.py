from collections.abc import Iterator

import pytest

from tests.servers import TemporalServer, running_temporal


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    """Temporal's real server, in memory."""
    with running_temporal() as server:
        yield server
