"""Emerging issues: the names that all rooms share. What travels through Temporal are counts, nothing of any call."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

FIND_ISSUES: Final = "FindIssues"
"""The workflow's type."""
FIND_ISSUES_SCHEDULE: Final = "find-issues"
"""The id of the schedule that starts it."""
LOOK_AT_DAYS: Final = "look_at_days"
"""The activity."""


class State(StrEnum):
    """How far people are with an issue, in the order of the work. Any may follow any: people go back."""

    IDENTIFIED = "identified"
    ANALYSED = "analysed"
    RESPONSE = "response"
    EVALUATED = "evaluated"
    SET_ASIDE = "set_aside"

    @property
    def is_open(self) -> bool:
        """Somebody may still have to do something."""
        return self not in {State.EVALUATED, State.SET_ASIDE}


class LookedAt(BaseModel):
    """What one run did. `days`: that were looked at; `told`: issues that were told for the first time; `again`: issues
    that went on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    days: int = 0
    told: int = 0
    again: int = 0
