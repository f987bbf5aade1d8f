"""What the life of a call has in common among all who are measured."""

from typing import Final

DELAY_SECONDS: Final = 5
"""From a call to its delay notice: longer than a text waits where nothing is idle, so that each life has the timer, and
the workflow task, of its delay."""
