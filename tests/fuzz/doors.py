"""Every door, by its name."""

from typing import Final

from tests.fuzz.door import Door
from tests.fuzz.targets.cad import CAD_DOORS
from tests.fuzz.targets.files import FILE_DOORS
from tests.fuzz.targets.sites import SITES

DOORS: Final[dict[str, Door]] = {door.name: door for door in (*CAD_DOORS, *FILE_DOORS, *SITES)}
