"""Forgetting: the names that all rooms share. What travels through Temporal are counts, nothing of any person."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

FORGET: Final = "Forget"
"""The workflow's type."""
FORGET_SCHEDULE: Final = "forget"
"""The id of the schedule that starts it."""
FORGET_SOME: Final = "forget_some"
CLEAR_AWAY: Final = "clear_away"
"""The activities."""


class Forgotten(BaseModel):
    """How many rows were emptied or deleted, by class of data. `after`: where the next part goes on; `None`: nothing is
    left that is old enough."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    done: Mapping[str, int] = {}
    after: str | None = None

    def and_then(self, later: "Forgotten") -> "Forgotten":
        """Both together."""
        names = [*self.done, *(name for name in later.done if name not in self.done)]
        done = {name: self.done.get(name, 0) + later.done.get(name, 0) for name in names}
        return Forgotten(done=done, after=later.after)
