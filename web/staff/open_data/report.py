"""A bundle's disclosure report as values: what somebody has to know who decides whether it becomes public."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Narrowest(_Value):
    """The count of which an attack learns most: it lies from `low` to `high`."""

    width: float
    low: float
    high: float
    quarter: str
    table: str
    place: str
    what: str


class TableCounts(_Value):
    """How many rows of a file have which status."""

    table: str
    rows: int
    ok: int = Field(alias="OK")
    suppressed: int = Field(alias="SUPPRESSED")
    no_data: int = Field(alias="NO_DATA")


class RolledUp(_Value):
    """What is not told by itself, and with what it is told instead. `public_calls`: of a public list, too few."""

    table: str
    level: str
    id: str
    priority: str
    into: str
    public_calls: int


class Report(_Value):
    """See docs/open-data.md, "The disclosure report"."""

    is_safe: bool
    least_width: int
    base: int
    cells: int
    sums: int
    suppressed: int
    smallest: int | None
    narrowest: Narrowest | None
    tables: tuple[TableCounts, ...]
    rolled_up: tuple[RolledUp, ...]
    left_out: tuple[str, ...]
    compared_with: tuple[str, ...]
    not_compared: tuple[str, ...] = ()
    too_narrow: tuple[Narrowest, ...] = ()
    """What can be told too exactly; of a bundle that is not safe."""


def report_of(kept: Mapping[str, Any]) -> Report:
    """As it was kept with the bundle."""
    return Report.model_validate(kept)
