"""Every door, by its name."""

from typing import Final

from tests.fuzz.door import Door
from tests.fuzz.targets.cad import CAD_DOORS

DOORS: Final[dict[str, Door]] = {door.name: door for door in (*CAD_DOORS,)}
