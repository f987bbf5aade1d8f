"""From which update time on a view is asked, as its database writes times; the night with 25 hours is inside."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from policy.cad_feeds import SinceWritten

_LONGEST_STEP: Final = timedelta(days=7)
"""No zone changes its clocks and changes them back within so short a time."""


def written(since: datetime, *, until: datetime, how: SinceWritten, zone: ZoneInfo) -> datetime:
    """The least value that a row of any moment between the two may have, in whole seconds.

    Where the clocks go back in between, the rows written after that have smaller local times than those before: local
    times count by the least offset from UTC that was in force. An hour too many is read then, and none too few.
    """
    since = since.astimezone(UTC).replace(microsecond=0)
    if how is SinceWritten.OFFSET:
        return since
    naive = since.replace(tzinfo=None)
    if how is SinceWritten.UTC:
        return naive
    moments = [since, until.astimezone(UTC)]
    while moments[-2] + _LONGEST_STEP < moments[-1]:
        moments.insert(-1, moments[-2] + _LONGEST_STEP)
    return naive + min(_offset(moment, zone) for moment in moments)


def at_the_earliest(moment: datetime, *, how: SinceWritten, zone: ZoneInfo) -> datetime:
    """The moment, or where its local time comes twice the first of the two: nobody knows which was meant."""
    if how is not SinceWritten.LOCAL:
        return moment
    return moment.astimezone(zone).replace(fold=0).astimezone(UTC)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
