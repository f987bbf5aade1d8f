"""Naive local times, as CAD exports write them, made exact; the nights on which the clocks change are inside."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_YEARS = range(1970, 2200)


def exact_time(
    time: datetime, zone: ZoneInfo, *, not_before: datetime | None = None, second_time: bool = False
) -> datetime:
    """A time as CAD writes it, in UTC. One that has its offset keeps it.

    When the clocks go back an hour comes twice: then the first one is meant, unless that is before `not_before` (the
    call's receipt: nothing that happens to a call happens before it), or the `second_time` is asked for. When they go
    forward an hour is missing: a time in it is read with the offset from before, an hour later by the new clock.

    Raises:
        ValueError: one of those that stand for "never" (1900-01-01, 9999-12-31).
    """
    if time.year not in _YEARS:
        raise ValueError(f"{time.year} stands for no time")
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    first = time.replace(tzinfo=zone, fold=int(second_time)).astimezone(UTC)
    if not_before is not None and first < not_before:
        second = time.replace(tzinfo=zone, fold=1).astimezone(UTC)
        return second if second >= not_before else first
    return first
