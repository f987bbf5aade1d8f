"""What an answer may say of its call: taken from the call's facts when the survey is sent, and nothing afterwards."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from calls.facts import CallFacts, known
from survey.held import Context

TEXT_CHANNEL: Final = "text"


class DelayBand(StrEnum):
    """How long the caller waited until an officer came."""

    UNDER_HALF_AN_HOUR = "under 30 min"
    UNDER_AN_HOUR = "30 to 60 min"
    UNDER_TWO_HOURS = "1 to 2 h"
    UNDER_FOUR_HOURS = "2 to 4 h"
    LONGER = "4 h and more"
    NO_OFFICER = "no officer"
    OFFICER = "an officer"
    """One came, and nothing is said of when: what the cut makes of the first five."""


_BANDS: Final = (
    (timedelta(minutes=30), DelayBand.UNDER_HALF_AN_HOUR),
    (timedelta(hours=1), DelayBand.UNDER_AN_HOUR),
    (timedelta(hours=2), DelayBand.UNDER_TWO_HOURS),
    (timedelta(hours=4), DelayBand.UNDER_FOUR_HOURS),
)


def context_of(facts: CallFacts, *, area_version: str | None = None) -> Context:
    """The snapshot. `area_version`: of the map that the agency's areas are of, where it has one."""
    return Context(
        priority=facts.priority,
        call_type_group=facts.call_type_group or None,
        area=facts.area,
        area_version=None if facts.area is None else area_version,
        delay_band=delay_band(facts),
        arrived=facts.arrived_at is not None,
        channel=TEXT_CHANNEL,
    )


def delay_band(facts: CallFacts) -> DelayBand:
    """From receipt until an officer was there; where CAD does not tell that, until one was sent."""
    came = facts.arrived_at or facts.dispatched_at
    if came is None:
        return DelayBand.NO_OFFICER
    began = min(known([facts.received_at, came]))
    return next((band for limit, band in _BANDS if came - began < limit), DelayBand.LONGER)


def iso_week(day: date) -> str:
    """The ISO week, as `2026-W04`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def month_of(period: str) -> str:
    """The month of an ISO week (`2026-W05`: the month of its Thursday, `2026-01`), or of a month itself."""
    year, _, week = period.partition("-W")
    return f"{date.fromisocalendar(int(year), int(week), 4):%Y-%m}" if week else period


def first_day(period: str) -> date:
    """Of an ISO week or of a month."""
    year, _, week = period.partition("-W")
    return date.fromisocalendar(int(year), int(week), 1) if week else date.fromisoformat(f"{period}-01")
