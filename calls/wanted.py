"""Does a policy want a text at all that another one's timetable has made due?

Only what a policy decides by itself is asked: what has happened to the call the workflow knows better, where an
operator has told it something by hand.
"""

from dataclasses import dataclass
from datetime import datetime

from calls.contracts import Kind, TextKey
from calls.facts import CallFacts
from calls.policy import Timetable
from calls.timetable import after_quiet_hours, no_survey, wait_began


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """It is, now or from a later time on."""

    from_: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class NotWanted:
    """It is not, and why."""

    reason: str


def is_wanted(key: TextKey, *, facts: CallFacts, timetable: Timetable, now: datetime) -> Wanted | NotWanted:
    """What this timetable says of a text that is due at `now` by another. The cap of notices is asked by the check."""
    if key.kind is Kind.DELAY:
        return _delay(facts, timetable, now)
    if key.kind is Kind.SURVEY:
        why = no_survey(facts, timetable.survey)
        return Wanted() if why is None else NotWanted(reason=f"no survey: {why}")
    return _from(after_quiet_hours(now, timetable.confirmation.quiet_hours, timetable), now)


def _delay(facts: CallFacts, timetable: Timetable, now: datetime) -> Wanted | NotWanted:
    rule = timetable.delay
    threshold = rule.threshold(priority=facts.priority, group=facts.call_type_group)
    if threshold is None:
        return NotWanted(reason="no delay notice for such calls")
    began = facts.waiting_since(wait_began(facts, threshold.since))
    earliest = now if began is None else max(now, began + threshold.after)
    return _from(after_quiet_hours(earliest, rule.quiet_hours, timetable), now)


def _from(moment: datetime, now: datetime) -> Wanted:
    return Wanted(from_=moment if moment > now else None)
