from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import uuid4

import pytest

from tests.servers import create_database, drop_database


@pytest.fixture(scope="session")
def database(postgres_url: str, migrated_template: str) -> Callable[[], AbstractContextManager[str]]:
    """A door's own copy of the database with our tables."""

    @contextmanager
    def copy() -> Iterator[str]:
        name = f"fuzz_{uuid4().hex[:12]}"
        yield create_database(postgres_url, name, template=migrated_template)
        drop_database(postgres_url, name)

    return copy
