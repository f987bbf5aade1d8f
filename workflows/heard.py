"""What a signal says, heard with caution: whoever reaches Temporal's UI or API can send an open call anything.

An exception in a handler fails the workflow's task, again and again: the call would hang until somebody mended the
code. So a signal's arguments are taken as they come and read here, and what makes no sense is dropped.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue

from calls.clock import Clock
from calls.contracts import CallChange, KnownCall, TextOutcome

_YEARS: Final = range(1900, 2300)
"""Times outside cannot be reckoned with: a fortnight after the end of the calendar is an OverflowError."""
_SPEEDS: Final = (0.001, 10_000.0)
"""The slowest clock in use is a simulation's (0.01), the fastest a demonstration's (3600)."""
_LARGEST_INTEGER: Final = 2**31 - 1  # that the ledger can hold


def heard(said: Sequence[object], *, now: datetime) -> CallChange | None:
    """The change that a signal's arguments tell; none at all, or `null`, mean the empty one. `None`: nonsense.

    Args:
        said: the arguments, decoded without a type.
        now: Temporal's time, for a clock to be tried with.
    """
    if not said or list(said) == [None]:
        return CallChange()
    if len(said) > 1:
        return None
    try:
        change = CallChange.model_validate(said[0])
    except ValidationError:
        return None
    return change if _makes_sense(change, now) else None


def outcome_of(result: RawValue | None) -> TextOutcome:
    """What an activity answered; the empty outcome where somebody completed it by hand with nonsense."""
    if result is None:
        return TextOutcome()
    try:
        outcome: TextOutcome = workflow.payload_converter().from_payload(result.payload, TextOutcome)
    except Exception:  # noqa: BLE001 - the converter raises what it likes, and each would hang the call
        return TextOutcome()
    makes_sense = isinstance(outcome, TextOutcome) and (outcome.call is None or _can_be_reckoned_with(outcome.call))
    return outcome if makes_sense else TextOutcome()


def _makes_sense(change: CallChange, now: datetime) -> bool:
    clock_does = change.clock is None or _can_be_read(change.clock, now)
    return clock_does and (change.call is None or _can_be_reckoned_with(change.call))


def _can_be_read(clock: Clock, now: datetime) -> bool:
    slowest, fastest = _SPEEDS
    if not (slowest <= clock.speed <= fastest and _are_of_our_time([clock.real_origin, clock.virtual_origin])):
        return False
    try:
        return _are_of_our_time([clock.at(now)])
    except OverflowError:
        return False


def _can_be_reckoned_with(call: KnownCall) -> bool:
    times = [value for _, value in call.facts if isinstance(value, datetime)]
    return _are_of_our_time(times) and 0 <= call.facts.recipient_version <= _LARGEST_INTEGER


def _are_of_our_time(times: Sequence[datetime]) -> bool:
    return all(time.year in _YEARS for time in times)
