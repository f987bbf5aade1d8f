import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.whole.town import ROOT, Town, running_town

BEGINS = datetime(2026, 1, 15, 14, 0, tzinfo=UTC)
"""A Thursday, nine in the morning in Ottawa: surveys may be sent for eleven hours."""


@pytest.fixture(scope="session")
def ottawa_with_numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ottawa's folder, for a CAD export that also tells number and language of the caller."""
    folder = tmp_path_factory.mktemp("agency") / "ottawa"
    shutil.copytree(ROOT / "agencies" / "ottawa", folder)
    cad = yaml.safe_load((folder / "cad.yaml").read_text())
    cad["columns"] |= {"phone": "phone", "language": "language"}
    (folder / "cad.yaml").write_text(yaml.safe_dump(cad))
    return folder


@pytest.fixture(scope="session")
def fast_town(ottawa_with_numbers: Path) -> Iterator[Town]:
    """A town where an hour takes six seconds: a whole day's story in a test."""
    with running_town(ottawa_with_numbers, speed=600, begins=BEGINS) as town:
        yield town


@pytest.fixture(scope="session")
def slow_town(ottawa_with_numbers: Path) -> Iterator[Town]:
    """A town where an hour takes two minutes: texts do not go stale while a worker is dead."""
    with running_town(ottawa_with_numbers, speed=30, begins=BEGINS) as town:
        yield town
