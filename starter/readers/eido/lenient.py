"""Any JSON, leniently: what is asked for is found or is not, and nothing raises, however deep or odd the JSON is.

Names are compared without regard to capitals, one thing may stand where several may and the other way, and a text may
stand inside an object: all of these are found in samples. Nothing here recurses: an EIDO may be nested at will.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from starter.local_time import exact_time

Component = Mapping[str, JsonValue]
UNPRINTABLE: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands for a sign that cannot be printed, or kept in the database."""
_LARGEST: Final = 10**15
_TRUE: Final = frozenset({"true", "1", "yes", "y"})
_UTC: Final = ZoneInfo("UTC")


def values(of: Component, *names: str) -> list[JsonValue]:
    """What stands under these names and is something."""
    wanted = {name.casefold() for name in names}
    return [value for key, value in of.items() if key.casefold() in wanted and not is_nothing(value)]


def is_nothing(value: JsonValue) -> bool:
    """An empty object is something: a component of which nothing is told."""
    return value is None or value is False or value == "" or value == []


def components(of: Component, *names: str) -> list[Component]:
    """The objects under these names, in lists or by themselves."""
    found: list[Component] = []
    pending = values(of, *names)
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            found.append(value)
        elif isinstance(value, list):
            pending.extend(value)
    return found


def texts(of: Component, *names: str) -> list[str]:
    """Every text under these names, however deep, each once and sorted. Numbers are texts, too."""
    return texts_in(values(of, *names))


def texts_in(these: Iterable[JsonValue]) -> list[str]:
    """Every text in these values, each once and sorted."""
    return sorted({text for value in _leaves(these) if (text := _text(value))})


def words(of: Component, *names: str) -> frozenset[str]:
    """The texts under these names for comparison, without regard to capitals."""
    return frozenset(text.casefold() for text in texts(of, *names))


def registered(of: Component, *names: str) -> frozenset[str]:
    """The values of a registry under these names, for comparison."""
    return frozenset(map(plain, texts(of, *names)))


def plain(text: str) -> str:
    """`OnScene`, `ON SCENE` and `on_scene` are one value, and so are `Canceled` and `Cancelled`."""
    return "".join(filter(str.isalnum, text.casefold())).replace("canceled", "cancelled")


def is_true(of: Component, name: str) -> bool:
    """A flag that is up, also where it is written as a text."""
    return any(leaf is True or _text(leaf).casefold() in _TRUE for leaf in _leaves(values(of, name)))


def only(found: list[str]) -> str | None:
    """The text, where there is one and no other."""
    return found[0] if len(found) == 1 else None


def all_within(of: Component) -> list[Component]:
    """The component, and every object in it, however deep."""
    found: list[Component] = []
    pending: list[JsonValue] = [dict(of)]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            found.append(value)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return found


def named_within(of: Component, part: str) -> list[JsonValue]:
    """What stands under any name that has this part, however deep."""
    return [value for one in all_within(of) for key, value in one.items() if part in key.casefold()]


def moment(of: Component, *names: str) -> datetime | None:
    """The time that stands there, exact. One without an offset is none: nobody knows which clock it was read from."""
    return max((time for text in texts(of, *names) if (time := _time(text)) is not None), default=None)


def stamp_of(component: Component) -> datetime | None:
    """When the component was last changed: what it tells was true by then."""
    return moment(component, "lastUpdateTimeStamp")


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    return min((time for time in times if time is not None), default=None)


def latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


def _leaves(these: Iterable[JsonValue]) -> Iterator[JsonValue]:
    pending = list(these)
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        else:
            yield value


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return "".join(sign if sign.isprintable() else UNPRINTABLE for sign in " ".join(value.split()))
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        return ""
    return str(int(value)) if value == int(value) else str(value)


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text.upper())
        return None if time.tzinfo is None else exact_time(time, _UTC)
    except (ValueError, OverflowError):
        return None
