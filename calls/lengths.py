"""Lengths of time, as people write them in an agency's folder."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


def _read_duration(value: object) -> object:
    """`30 min`, as people write it in an agency's folder, or `PT30M`, as it travels in a workflow's input.

    Nothing else that pydantic would take: `00:30` may be meant as minutes or as seconds.
    """
    if not isinstance(value, str) or value.startswith("P"):
        return value
    match = re.fullmatch(r"([0-9]{1,9}) ?(s|min|h|d)", value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a length of time; write it as in 45 s, 30 min, 4 h or 14 d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


_LONGEST: Final = timedelta(days=366)  # beyond, times would leave the calendar
_KEPT_LONGEST: Final = timedelta(days=36_525)


def _in_bounds(value: timedelta) -> timedelta:
    if not timedelta(0) <= value <= _LONGEST:
        raise ValueError(f"a length of time here is from 0 s to {_LONGEST.days} d")
    return value


def _not_nothing(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("this length of time cannot be 0")
    return value


Duration = Annotated[timedelta, BeforeValidator(_read_duration), AfterValidator(_in_bounds)]
"""A length of time, written `45 s`, `30 min`, `4 h` or `14 d`."""
Span = Annotated[Duration, AfterValidator(_not_nothing)]
"""One that cannot be none: a text would be stale at once, or all notices go out in one breath."""


def _a_century_at_most(value: timedelta) -> timedelta:
    if not timedelta(0) < value <= _KEPT_LONGEST:
        raise ValueError(f"a length of time here is from 1 s to {_KEPT_LONGEST.days} d")
    return value


Kept = Annotated[timedelta, BeforeValidator(_read_duration), AfterValidator(_a_century_at_most)]
"""How long something is kept: years, written in days."""
