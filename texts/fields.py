"""What stands in a text where its wording has a placeholder: one line, no longer than its frame, in print."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from calls.case_numbers import LONGEST as LONGEST_CASE_NUMBER
from calls.facts import Language

LONGEST: Final[Mapping[str, int]] = {
    "agency": 60,
    "case_number": LONGEST_CASE_NUMBER,
    "code": 6,
    "emergency_line": 40,  # read aloud digit by digit a number doubles
    "non_emergency_line": 40,
    "link": 80,
    "minutes": 6,
    "time": 24,
}
"""Signs. Twilio takes 1,600 in all."""
_UNBREAKABLE: Final = str.maketrans("", "", "\u00a0\u202f")


class UnfitValue(Exception):  # noqa: N818 - it says what is the matter
    """A value would break the text out of its frame. It is not named: it may be anything."""


def fit(name: str, value: str) -> str:
    """The value, where it may stand in a text.

    Raises:
        UnfitValue: it is empty, too long, or has a line's end or another character that cannot be printed.
    """
    if not value.strip():
        raise UnfitValue(f"{{{name}}} is empty")
    if len(value) > LONGEST[name]:
        raise UnfitValue(f"{{{name}}} has {len(value)} signs; at most {LONGEST[name]} may stand in a text")
    if not value.translate(_UNBREAKABLE).isprintable():
        raise UnfitValue(f"{{{name}}} has a character that cannot be printed")
    return value


def clock_time(moment: datetime, language: Language, *, on: date) -> str:
    """A local time as its language writes it, `14:05` or `14 h 05`; of another day than `on`, with its date."""
    if language is Language.FRENCH:
        clock, day = f"{moment.hour} h {moment.minute:02}", f" le {moment.date()}"
    else:
        clock, day = f"{moment:%H:%M}", f" on {moment.date()}"
    return clock if moment.date() == on else clock + day
