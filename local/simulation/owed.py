"""What a call's timetable owed its caller, had no rule silenced it: so that what was held back is told, too."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from calls.contracts import KnownCall, LedgerState, TextKey, TextRecord
from calls.eligibility import Decision, Eligibility, Rule
from calls.facts import CallFacts, known
from calls.policy import Timetable
from calls.timetable import Send, Wait, next_step
from starter.csv_log import LoggedCall

_AS_IF: Final = Decision(eligibility=Eligibility.ELIGIBLE, rule=Rule.ALL_MET, reason="", policy_version="")


def texts_owed(call: LoggedCall, facts: CallFacts, timetable: Timetable) -> Iterator[tuple[TextKey, datetime]]:
    """Every text that the call's timetable owes by what the log tells of its times, with its due time.

    Args:
        facts: the call's last ones; only its times are taken back to what was known at each moment.
    """
    texts: list[TextRecord] = []
    now = call.received_at
    while True:
        as_known = KnownCall(version=1, facts=_at(now, call, facts), decision=_AS_IF)
        match next_step(call=as_known, texts=texts, timetable=timetable, now=now):
            case Send(key=key, due_at=due_at):
                yield key, due_at
                texts.append(TextRecord(key=key, state=LedgerState.ACCEPTED, due_at=due_at))
            case Wait(until=until):
                now = min([until, *(moment for moment in _moments(call) if moment > now)])
            case _:
                return


def _at(now: datetime, call: LoggedCall, facts: CallFacts) -> CallFacts:
    """The facts as they were known at `now`; what no longer lets the call be texted is left out."""

    def told(moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment <= now else None

    return facts.model_copy(
        update={
            "queued_at": told(call.queued_at),
            "call_ended_at": told(call.call_ended_at),
            "dispatched_at": told(call.dispatched_at),
            "arrived_at": told(call.arrived_at),
            "cleared_at": told(call.finally_cleared_at) or told(call.cleared_at),
            "reopened_at": told(call.reopened_at),
        }
    )


def _moments(call: LoggedCall) -> list[datetime]:
    return known(
        [
            *(call.queued_at, call.call_ended_at, call.dispatched_at, call.arrived_at),
            *(call.cleared_at, call.reopened_at, call.finally_cleared_at),
        ]
    )
