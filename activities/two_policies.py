"""An open call keeps the policy that it started with; a send needs the word of both that and the newest.

When it falls due is a matter of the timetable that the workflow has had from the start. Here the rest is asked: who is
texted by the policy of then, and whether the policy of now still wants such a text, or wants it later.
"""

from datetime import datetime

import structlog
from pydantic import ValidationError
from sqlmodel import Session

from activities.verdict import HeldBack, NotNow
from calls.contracts import KnownCall, LedgerState, SendText
from calls.eligibility import decide
from calls.wanted import NotWanted, Wanted, is_wanted
from database.rules import RulesRow
from policy.agency import Agency, Rules

log = structlog.get_logger()

_KNOWN: dict[str, Rules] = {}


def other_policy(
    session: Session, order: SendText, *, started: str | None, call: KnownCall, agency: Agency, now: datetime
) -> HeldBack | NotNow | None:
    """What the policy that this call did not start with, or did, says against the text; `None`: nothing."""
    if started is None or started == agency.version:
        return None
    return _policy_of_then(session, started, call) or _policy_of_now(order, call, agency, now)


def _policy_of_then(session: Session, version: str, call: KnownCall) -> HeldBack | None:
    rules = rules_of(session, version)
    if rules is None:
        return None
    decision = decide(rules.reread(call.facts), rules.policy)
    if decision.is_eligible:
        return None
    reason = f"{decision.reason}, by the policy that the call started with ({version})"
    return HeldBack(state=LedgerState.SUPPRESSED, rule=decision.rule, reason=reason)


def _policy_of_now(order: SendText, call: KnownCall, agency: Agency, now: datetime) -> HeldBack | NotNow | None:
    match is_wanted(order.key, facts=call.facts, timetable=agency.policy.timetable, now=now):
        case Wanted(from_=None):
            return None
        case Wanted(from_=later) if later is not None and later < order.expires_at:
            return NotNow(until=later, why="the newest policy wants it later")
        case Wanted():
            reason = "by the newest policy it would come when it is no longer true"
        case NotWanted(reason=why):
            reason = f"by the newest policy: {why}"
    return HeldBack(state=LedgerState.SUPPRESSED, rule="the policy was changed", reason=reason)


def rules_of(session: Session, version: str) -> Rules | None:
    """The rules of a version, read once: they never change. `None`: the call started before rules were kept."""
    if version not in _KNOWN:
        row = session.get(RulesRow, version)
        if row is None:
            return None
        try:
            _KNOWN[version] = Rules.model_validate(row.rules)
        except ValidationError:
            log.error("the rules of an earlier version of the folder cannot be read any more", version=version)
            return None
    return _KNOWN[version]
