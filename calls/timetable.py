"""The life of a call: one pure function that every room asks.

Given the facts, what was sent, the policy and the time, `next_step` answers *wait until*, *send this text*, or *end*.
The workflow lives by it; the re-check at send, the sweep for overdue texts and the tests ask the same question.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from calls.contracts import WENT_OUT, Kind, KnownCall, LedgerState, TextKey, TextRecord
from calls.facts import CallFacts, Outcome
from calls.policy import QuietHours, Since, SurveyRule, Timetable

# The number was refused, or something speaks against it: another one may come.
_UNTIL_CORRECTED = frozenset({LedgerState.FAILED, LedgerState.SUPPRESSED})
CLOCKS_DIFFER = timedelta(minutes=10)
"""A caller who hung up longer than this before the call was received did not: that time is a mistake."""


class Stage(StrEnum):
    """Where a call stands, as staff see it: each step says the one that it was decided in."""

    CONFIRMING = "confirming"
    """The confirmation has not gone out yet."""
    CORRECTING = "correcting"
    """The number cannot be texted: until another one comes."""
    WAITING = "waiting"
    """Confirmed; no officer has the call."""
    DISPATCHED = "dispatched"
    CLEARED = "cleared"
    """Over, and not yet the time to ask about it."""
    HELD = "held"
    SILENT = "silent"
    """This caller may not be texted, now or ever."""
    OVER = "over"
    """Nothing more is owed."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Nothing to do before `until`, unless something happens to the call. `text`: what is due then, if anything is.

    Neither it nor a step's stage is part of what is decided: they tell people where the call stands.
    """

    until: datetime
    reason: str
    text: TextKey | None = field(default=None, compare=False)
    stage: Stage = field(default=Stage.OVER, compare=False)


@dataclass(frozen=True, kw_only=True)
class Send:
    """This text is due now."""

    key: TextKey
    due_at: datetime
    expires_at: datetime
    stage: Stage = field(default=Stage.OVER, compare=False)


@dataclass(frozen=True, kw_only=True)
class End:
    """The service has nothing more to tell the caller."""

    reason: str
    stage: Stage = field(default=Stage.OVER, compare=False)


Step = Wait | Send | End


_HELD = "held by staff"


def next_step(
    *,
    call: KnownCall,
    texts: Sequence[TextRecord],
    timetable: Timetable,
    now: datetime,
    held_by_hand: bool = False,
) -> Step:
    """What the service owes the caller of this call at `now` (the service's time).

    `held_by_hand`: an operator has told the workflow so, and the database does not know of it.
    """
    facts = call.facts
    silent = f"silent: {call.decision.rule}"
    received = facts.received_at
    if received is None:
        return End(reason=silent, stage=Stage.SILENT)  # nothing can be owed to anyone before it is known
    give_up_at = received + timetable.give_up_after
    if not call.decision.is_eligible:
        may_change = call.decision.may_change and now < give_up_at
        if may_change:
            return Wait(until=give_up_at, reason=silent, stage=Stage.SILENT)
        return End(reason=silent, stage=Stage.SILENT)
    if now >= give_up_at and not facts.is_cleared:
        return End(reason="CAD never cleared the call")
    if held_by_hand and not facts.held:
        return _at(Stage.HELD, _hold_by_hand(facts, timetable, give_up_at=give_up_at, now=now))
    step = _owed(facts, texts, timetable, received=received, now=now)
    return _at(Stage.HELD, _while_held(step, timetable, give_up_at=give_up_at, now=now)) if facts.held else step


def _at(stage: Stage, step: Step) -> Step:
    """The step with its stage; where it is the end, nothing is left to stand at."""
    return step if isinstance(step, End) else replace(step, stage=stage)


def _owed(
    facts: CallFacts, texts: Sequence[TextRecord], timetable: Timetable, *, received: datetime, now: datetime
) -> Step:
    """What is owed to a caller who may be texted."""
    give_up_at = received + timetable.give_up_after
    confirmation = _record(texts, Kind.CONFIRMATION, recipient_version=facts.recipient_version)
    if confirmation is None:
        return _at(Stage.CONFIRMING, _confirm(facts, timetable, received=received, now=now))
    if confirmation.state in _UNTIL_CORRECTED and not facts.is_cleared:
        reason = "the number cannot be texted: until it is corrected"
        return Wait(until=give_up_at, reason=reason, stage=Stage.CORRECTING)
    if confirmation.state not in WENT_OUT:
        return End(reason=f"the confirmation was not sent: {confirmation.state}")
    if facts.is_cleared:
        return _at(Stage.CLEARED, _survey(facts, texts, timetable, now=now))
    if facts.is_dispatched:
        reason = "an officer has the call: until it is cleared"
        return Wait(until=give_up_at, reason=reason, stage=Stage.DISPATCHED)
    return _at(Stage.WAITING, _delay_notice(facts, texts, timetable, give_up_at=give_up_at, now=now))


def _while_held(step: Step, timetable: Timetable, *, give_up_at: datetime, now: datetime) -> Step:
    """A hold stops texts and nothing else: what is due waits, for release or until it is not true any more.

    Then it is ordered all the same, for the ledger to say that it has expired (R2): the activity sends nothing after
    its expiry. Of delay notices at most as many as the caller would have got: each that expires makes room for another.
    """
    if isinstance(step, End):
        return step
    if isinstance(step, Wait):
        return Wait(until=step.until, reason=_HELD)
    if step.key.kind is Kind.DELAY and step.key.sequence > timetable.delay.at_most:
        return Wait(until=give_up_at, reason=_HELD)
    return step if now >= step.expires_at else Wait(until=step.expires_at, reason=_HELD)


def _hold_by_hand(facts: CallFacts, timetable: Timetable, *, give_up_at: datetime, now: datetime) -> Step:
    """It waits for release as long as a text could still be sent: once the call is over, that is the survey.

    No text is ordered, not even an expired one: the database knows of no hold, and would let it go if its clock were
    behind. That it was due is said by the sweep's alarm.
    """
    until = give_up_at
    if facts.is_cleared and facts.cleared_at is not None:
        until = facts.cleared_at + timetable.survey.expires_after
    return Wait(until=until, reason=_HELD) if now < until else End(reason=f"{_HELD} until it was over")


def _confirm(facts: CallFacts, timetable: Timetable, *, received: datetime, now: datetime) -> Step:
    if facts.is_cleared:
        return End(reason="cleared before the confirmation")
    rule = timetable.confirmation
    due_at = received + rule.after_received
    hung_up = _hung_up(facts, received)
    if hung_up is not None:
        due_at = hung_up + rule.after_hang_up
    if facts.number_corrected_at is not None:  # whoever has the right number was told nothing yet
        due_at = max(due_at, facts.number_corrected_at)
    due_at = after_quiet_hours(due_at, rule.quiet_hours, timetable)
    key = TextKey(kind=Kind.CONFIRMATION, recipient_version=facts.recipient_version)
    return _due(key, due_at=due_at, expires_at=due_at + rule.expires_after, now=now, reason="confirmation due")


def _delay_notice(
    facts: CallFacts, texts: Sequence[TextRecord], timetable: Timetable, *, give_up_at: datetime, now: datetime
) -> Step:
    """The cap spans the whole call; the threshold starts again when the call goes back to the queue.

    A notice that expired (an outage) told nobody anything and does not count; one that a rule held back does, or it
    would be tried for a fortnight.
    """
    rule = timetable.delay
    told = [record for record in texts if record.key.kind is Kind.DELAY]
    sequence = max((record.key.sequence for record in told), default=0) + 1
    threshold = rule.threshold(priority=facts.priority, group=facts.call_type_group)
    since = None if threshold is None else facts.waiting_since(wait_began(facts, threshold.since))
    counted = sum(record.state is not LedgerState.EXPIRED for record in told)
    if counted >= rule.at_most or threshold is None or since is None:
        return Wait(until=give_up_at, reason="no further delay notice: until an officer has the call")
    told_since = [record.due_at for record in told if record.due_at > since]
    due_at = since + threshold.after + len(told_since) * rule.repeat_every
    if rule.quiet_hours is not None:  # what waited for their end must not come with the next in one breath
        due_at = max([due_at, *(before + rule.repeat_every for before in told_since)])
        due_at = after_quiet_hours(due_at, rule.quiet_hours, timetable)
    key = TextKey(kind=Kind.DELAY, sequence=sequence, recipient_version=facts.recipient_version)
    return _due(
        key, due_at=due_at, expires_at=due_at + rule.expires_after, now=now, reason=f"delay notice {sequence} due"
    )


def wait_began(facts: CallFacts, since: Since) -> datetime | None:
    """When the wait began, by the clock that the policy names; receipt where CAD does not tell of that."""
    if facts.received_at is None:
        return None
    told = {Since.QUEUED: facts.queued_at, Since.HUNG_UP: _hung_up(facts, facts.received_at)}.get(since)
    return told or facts.received_at


def _hung_up(facts: CallFacts, received: datetime) -> datetime | None:
    ended = facts.call_ended_at
    return ended if ended is not None and ended > received - CLOCKS_DIFFER else None


def _survey(facts: CallFacts, texts: Sequence[TextRecord], timetable: Timetable, *, now: datetime) -> Step:
    """One survey per call, ever: for whichever number, opened again or not."""
    rule = timetable.survey
    if any(record.key.kind is Kind.SURVEY for record in texts):
        return End(reason="the survey was offered")
    if facts.cleared_at is None:  # `is_cleared` says otherwise; the type does not know it
        return End(reason="cleared at an unknown time: no survey")
    due_at = survey_window(facts.cleared_at + rule.after_cleared, timetable)
    reason = no_survey(facts, rule)
    if reason is not None:  # it may still be opened again until then
        reason = f"cleared; no survey: {reason}"
        return Wait(until=due_at, reason=reason) if now < due_at else End(reason=reason)
    open_at = survey_window(max(due_at, now), timetable)
    key = TextKey(kind=Kind.SURVEY, recipient_version=facts.recipient_version)
    if now < open_at:  # also where it was due in the day and we are late: at night it waits for the morning
        return Wait(until=open_at, reason="survey due", text=key)
    return Send(key=key, due_at=due_at, expires_at=facts.cleared_at + rule.expires_after)


def no_survey(facts: CallFacts, rule: SurveyRule) -> str | None:
    """Why this caller is not asked; `None` where nothing speaks against it."""
    if not rule.enabled:
        return "surveys are off"
    if facts.outcome is Outcome.UNKNOWN and facts.cancelled is None:
        return f"the policy does not know the disposition {facts.disposition!r}"
    if facts.outcome in rule.not_after:
        return f"{facts.outcome}"
    if rule.only_after_arrival and facts.arrived_at is None:
        return "no officer arrived"
    return None


def _due(key: TextKey, *, due_at: datetime, expires_at: datetime, now: datetime, reason: str) -> Step:
    if now < due_at:
        return Wait(until=due_at, reason=reason, text=key)
    return Send(key=key, due_at=due_at, expires_at=expires_at)


def _record(texts: Sequence[TextRecord], kind: Kind, *, recipient_version: int) -> TextRecord | None:
    wanted = TextKey(kind=kind, recipient_version=recipient_version)
    return next((record for record in texts if record.key == wanted), None)


def survey_window(moment: datetime, timetable: Timetable) -> datetime:
    """The first moment from `moment` on at which a survey may be sent: within the agency's hours, on its own clock."""
    rule = timetable.survey
    local = moment.astimezone(timetable.zone_info)
    if rule.opens <= local.time() < rule.closes:
        return moment
    day = local.date() if local.time() < rule.opens else local.date() + timedelta(days=1)
    opening = datetime.combine(day, rule.opens, tzinfo=timetable.zone_info)
    return opening.astimezone(UTC)


def after_quiet_hours(moment: datetime, quiet: QuietHours | None, timetable: Timetable) -> datetime:
    """The moment, or the end of the quiet hours that it lies in, on the agency's own clock."""
    if quiet is None:
        return moment
    local = moment.astimezone(timetable.zone_info)
    over_midnight = quiet.begin > quiet.end
    late, early = local.time() >= quiet.begin, local.time() < quiet.end
    if not (late or early if over_midnight else late and early):
        return moment
    day = local.date() + timedelta(days=1) if over_midnight and late else local.date()
    end = datetime.combine(day, quiet.end, tzinfo=timetable.zone_info)
    return end.astimezone(UTC)
