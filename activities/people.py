"""People, not calls: what speaks against a text because of the number that it would go to.

Asked at every send, in the transaction that writes `sending`, while the number is locked: two calls of one number are
counted one after the other.
"""

from sqlmodel import Session, func, select

from activities.findings import Findings
from activities.strays import may_have_gone
from activities.verdict import HeldBack
from calls.contracts import Kind, LedgerState, SendText
from calls.eligibility import Rule
from calls.numbers import untextable
from calls.policy import NumberRules
from texts.keywords import Keyword

_SUPPRESSED = LedgerState.SUPPRESSED
WRONG_NUMBER = Keyword.WRONG_NUMBER.value


def lock_number(session: Session, phone_hash: str) -> None:
    """Until the transaction ends nobody else counts this number's texts."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(phone_hash, 0))))


def speaks_against(found: Findings, order: SendText, *, number: str | None, rules: NumberRules) -> HeldBack | None:
    """The first reason why this call's number gets no such text."""
    if number is None or found.phone_hash is None:
        return None
    return (
        _is_nobodys(number, rules)
        or may_have_gone(order, found)
        or _opted_out(found)
        or _blocked(found)
        or _wrong_number(found)
        or _landline(found)
        or _told_enough(found, rules)
        or (_asked_lately(found, rules) if order.key.kind is Kind.SURVEY else None)
    )


def _is_nobodys(number: str, rules: NumberRules) -> HeldBack | None:
    found = untextable(number, rules)
    if found is None:
        return None
    return HeldBack(state=_SUPPRESSED, rule=Rule.UNTEXTABLE, reason=f"the number is {found}")


def _opted_out(found: Findings) -> HeldBack | None:
    """R6. Also one that ended after the call was received: START does not bring back an earlier call's texts."""
    stop = found.opt_out
    if stop is not None:
        by_staff = stop.entered_by is not None and stop.stop_at is None
        who = "the person asked staff for no more texts" if by_staff else "STOP is in force for this number"
        reason = (
            who if stop.ended_at is None else "STOP was in force during the call; START brings back no earlier call"
        )
        return HeldBack(state=_SUPPRESSED, rule="opted out", reason=reason)
    if found.is_stopped_at_carrier:
        reason = "STOP is in force for this number at the carrier, though we never heard of it"
        return HeldBack(state=_SUPPRESSED, rule="opted out", reason=reason)
    return None


def _blocked(found: Findings) -> HeldBack | None:
    """On the list of numbers that must not be texted, which people keep."""
    if found.blocked_because is None:
        return None
    return HeldBack(state=_SUPPRESSED, rule="not to be texted", reason=found.blocked_because)


def _wrong_number(found: Findings) -> HeldBack | None:
    """Whoever has the phone says that it is not the caller's. It ends this call's texts to it; of a later call's
    nobody has said anything."""
    if not found.is_wrong_number:
        return None
    return HeldBack(state=_SUPPRESSED, rule="wrong number", reason="so the person who has this phone has told us")


def _landline(found: Findings) -> HeldBack | None:
    """It could not take a text before, of this call or another."""
    if not found.is_landline:
        return None
    return HeldBack(state=_SUPPRESSED, rule="landline", reason="this number could not take an earlier text")


def _told_enough(found: Findings, rules: NumberRules) -> HeldBack | None:
    gone = found.gone_in_a_day
    if gone < rules.texts_a_day:
        return None
    return HeldBack(
        state=_SUPPRESSED, rule="texts a day", reason=f"this number got {gone} texts in 24 hours, the most allowed"
    )


def _asked_lately(found: Findings, rules: NumberRules) -> HeldBack | None:
    if not found.surveys_lately:
        return None
    days = rules.one_survey_in.days
    return HeldBack(state=_SUPPRESSED, rule="one survey", reason=f"this number was sent a survey within {days} days")
