"""How a log writes a time: `times` in `cad.yaml`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

ISO: Final = "iso"
_EPOCH: Final = {"epoch seconds": 1, "epoch milliseconds": 1000}
NAMED_FORMATS: Final = (ISO, *_EPOCH)
"""Formats that have a name; any other is written in signs, as in `%m/%d/%Y %I:%M:%S %p`."""
SIGNS: Final = {
    "%Y": "year, four digits",
    "%y": "year, two digits",
    "%m": "month, 1 to 12",
    "%b": "month, English, three letters",
    "%B": "month, English",
    "%d": "day of the month",
    "%a": "weekday, English, three letters",
    "%A": "weekday, English",
    "%H": "hour, 0 to 23",
    "%I": "hour, 1 to 12, with %p",
    "%p": "AM or PM",
    "%M": "minute",
    "%S": "second",
    "%f": "fraction of a second, up to six digits",
    "%z": "offset from UTC: -0500, -05:00 or Z",
    "%%": "a per cent sign",
}
"""The signs of a format, each with what it stands for."""
_NEEDED: Final = (
    ("a year", "%Y %y"),
    ("a month", "%m %b %B"),
    ("a day", "%d"),
    ("an hour", "%H %I"),
    ("minutes", "%M"),
)
_EPOCH_NUMBER: Final = re.compile(r"[0-9]{1,16}(\.[0-9]{1,9})?")
_SHORTEST_ISO: Final = len("2024-11-22 ")


def _readable(text: str) -> str:
    """The format, where every time that it reads is one."""
    if text in NAMED_FORMATS:
        return text
    signs = re.findall("%.?", text, flags=re.DOTALL)
    if unknown := [sign for sign in signs if sign not in SIGNS]:
        raise ValueError(
            f"{unknown[0]!r} is no sign of a time; there are: {', '.join(SIGNS)}, "
            f"or instead of signs: {', '.join(NAMED_FORMATS)}"
        )
    if missing := [what for what, any_of in _NEEDED if not set(any_of.split()) & set(signs)]:
        raise ValueError(f"{text!r} has no sign for {missing[0]}; write it as in %m/%d/%Y %I:%M:%S %p")
    if ("%I" in signs) != ("%p" in signs):
        raise ValueError(f"{text!r}: %I and %p stand together (1 to 12, AM or PM); without them it is %H (0 to 23)")
    if twice := [sign for sign in signs if sign != "%%" and signs.count(sign) > 1]:
        raise ValueError(f"{text!r} has {twice[0]} twice")
    return text


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


TimeFormat = Annotated[str, AfterValidator(_readable)]


class CadTimes(BaseModel):
    """How this CAD writes times. Of several formats the first that fits reads a cell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Annotated[tuple[TimeFormat, ...], BeforeValidator(_as_list), Field(min_length=1)] = (ISO,)

    def read(self, text: str) -> datetime:
        """The time as it is written: naive, or with the offset that stands there.

        Raises:
            ValueError: no format fits, or there is no time of day.
        """
        for pattern in self.format:
            try:
                return _read(text.strip(), pattern)
            except (ValueError, OverflowError):
                continue
        raise ValueError(f"{text!r} is written in no format of cad.yaml")


def _read(text: str, pattern: str) -> datetime:
    if pattern == ISO:
        if len(text) < _SHORTEST_ISO:
            raise ValueError(f"{text!r} has no time of day")
        return datetime.fromisoformat(text)
    if pattern in _EPOCH:
        if _EPOCH_NUMBER.fullmatch(text) is None:
            raise ValueError(f"{text!r} is not a number of seconds")
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(text) / _EPOCH[pattern])
    return datetime.strptime(text, pattern)  # noqa: DTZ007 - made exact by the reader, with the CAD's zone
