"""Open data: the names that all rooms share. What travels through Temporal are quarters, nothing that was counted."""

from typing import Final

from pydantic import BaseModel, ConfigDict

PREPARE_OPEN_DATA: Final = "PrepareOpenData"
"""The workflow's type."""
PREPARE_OPEN_DATA_SCHEDULE: Final = "prepare-open-data"
"""The id of the schedule that starts it."""
DUE_QUARTERS: Final = "due_quarters"
PREPARE_QUARTER: Final = "prepare_quarter"
"""The activities."""


class DueQuarters(BaseModel):
    """Quarters that are over for long enough and have no bundle yet, as `2026-q3`, in order."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    quarters: tuple[str, ...] = ()


class PreparedBundle(BaseModel):
    """A bundle that waits for a person. `version` 0: there was one already."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    quarter: str
    version: int = 0
    is_safe: bool = True


class PreparedBundles(BaseModel):
    """What one run did."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bundles: tuple[PreparedBundle, ...] = ()
