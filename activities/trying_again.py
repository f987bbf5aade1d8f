"""Not now: Temporal is to ask again, and when."""

import random
from datetime import timedelta
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

_LONGEST_BACKOFF_SECONDS: Final = 60.0


def try_again(message: str, *, type_: str, after: float | None = None) -> ApplicationError:
    """For an activity to raise. `message` holds nothing personal (R3). `after`: in so many seconds."""
    seconds = _backoff(activity.info().attempt) if after is None else after
    return ApplicationError(message, type=type_, next_retry_delay=timedelta(seconds=seconds))


def _backoff(attempt: int) -> float:
    """1 s, 2 s, 4 s, … a minute, each up to half as much longer: many that failed together do not return together."""
    return min(2.0 ** min(attempt - 1, 10), _LONGEST_BACKOFF_SECONDS) * random.uniform(1, 1.5)  # noqa: S311
