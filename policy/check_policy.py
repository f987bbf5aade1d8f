"""Contradictions in `policy.yaml`: of its rules with each other, and with what CAD can tell."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import phonenumbers

from calls.facts import Source
from calls.policy import Since, Timetable, TypeRule
from policy.agency import Agency
from policy.findings import Findings, in_words
from policy.yaml_file import Place

_FILE: Final = "policy.yaml"
_DAY: Final = timedelta(days=1)
_SOON: Final = timedelta(minutes=5)
"""A text may have to wait so long for its turn at the line, or for a database that is started again."""


def check_policy(agency: Agency, findings: Findings) -> None:
    """Everything that `policy.yaml` says."""
    _who(agency, findings)
    timetable = agency.policy.timetable
    _confirmation(timetable, findings)
    if timetable.delay.at_most:
        _delay(agency, findings)
    if timetable.survey.enabled:
        _survey(timetable, findings)
    _numbers(agency, findings)
    if agency.policy.undecided_for > timetable.give_up_after:
        findings.error(
            _FILE,
            ("undecided_for",),
            f"{in_words(agency.policy.undecided_for)} is longer than timetable.give_up_after, "
            f"{in_words(timetable.give_up_after)}; allowed is that or less",
        )


def _who(agency: Agency, findings: Findings) -> None:
    rules, cad = agency.policy.eligibility, agency.cad
    yielded = set(cad.priorities.values())
    listed = ", ".join(map(str, sorted(yielded))) or "none"
    if not rules.priorities:
        findings.error(_FILE, ("priorities",), f"none is listed, so nobody would be texted; cad.yaml yields {listed}")
    # A published log may lack one; the rules of a demonstration are to be those of the service that it shows.
    never = findings.warn if agency.identity.demonstration and rules.priorities & yielded else findings.error
    for priority in sorted(rules.priorities - yielded):
        never(_FILE, ("priorities",), f"cad.yaml never yields the priority {priority}; it yields {listed}")
    if yielded and min(yielded) in rules.priorities:
        findings.warn(
            _FILE,
            ("priorities",),
            f"{min(yielded)} is the most urgent priority that cad.yaml yields, and its callers are texted; "
            "the smaller the number, the more urgent",
        )
    if not rules.sources & set(cad.sources.values()):
        has = ", ".join(sorted(set(cad.sources.values()))) or "none"
        findings.error(_FILE, ("sources",), f"cad.yaml yields none of them, so nobody would be texted; it yields {has}")
    for source in sorted(rules.sources & set(cad.sources.values()) - {Source.RESIDENT}):
        findings.warn(_FILE, ("sources",), f"calls from {source} are texted: nobody who waits made them")


def _confirmation(timetable: Timetable, findings: Findings) -> None:
    rule = timetable.confirmation
    _expires_soon("confirmation", rule.expires_after, findings)
    stale_after = rule.after_received + rule.expires_after
    if rule.after_hang_up > stale_after:
        findings.error(
            _FILE,
            ("timetable", "confirmation", "after_hang_up"),
            f"{in_words(rule.after_hang_up)} after the hang-up comes when a confirmation by the clock of receipt has "
            f"expired, after {in_words(stale_after)}; allowed is that or less",
        )
    if rule.after_received >= timetable.give_up_after:
        findings.error(
            _FILE,
            ("timetable", "confirmation", "after_received"),
            f"{in_words(rule.after_received)} is when the service has given the call up; allowed is less than "
            f"give_up_after, {in_words(timetable.give_up_after)}",
        )


def thresholds(timetable: Timetable) -> Iterator[tuple[Place, int | None, timedelta]]:
    """Every first delay notice that the policy knows: where it stands, for which priority, after how long."""
    for priority, threshold in timetable.delay.first_after.items():
        yield ("timetable", "delay", "first_after", priority), priority, threshold.after
    for group, own in timetable.delay.by_type.items():
        for priority, threshold in own.items():
            yield ("timetable", "delay", "by_type", group, priority), priority, threshold.after


def _delay(agency: Agency, findings: Findings) -> None:
    timetable = agency.policy.timetable
    rule, received = timetable.delay, timetable.confirmation.after_received
    _expires_soon("delay", rule.expires_after, findings)
    texted = agency.policy.eligibility.priorities
    _clocks(agency, findings)
    allowed = {name for name, group in agency.call_types.groups.items() if group.rule is TypeRule.ALLOWED}
    for group in sorted(set(rule.by_type) - allowed):
        known = ", ".join(sorted(allowed))
        findings.error(
            _FILE,
            ("timetable", "delay", "by_type", group),
            f"{group!r} is no group of call types that are texted; those are {known}",
        )
    for place, priority, length in thresholds(timetable):
        last = length + (rule.at_most - 1) * rule.repeat_every
        if texted and priority is not None and priority not in texted:
            findings.warn(_FILE, place, f"priority {priority} is not among the priorities that are texted")
        if length >= timetable.give_up_after:
            findings.error(_FILE, place, _too_late(length, timetable))
        elif last >= timetable.give_up_after:
            findings.warn(_FILE, place, f"the last of {rule.at_most} notices: {_too_late(last, timetable)}")
        if length <= received:
            findings.error(
                _FILE,
                place,
                f"a delay notice after {in_words(length)} falls due before the confirmation, which goes out after "
                f"{in_words(received)}; allowed is more than that",
            )
    if rule.at_most > 1 and rule.expires_after > rule.repeat_every:
        findings.error(
            _FILE,
            ("timetable", "delay", "expires_after"),
            f"{in_words(rule.expires_after)} is longer than repeat_every, {in_words(rule.repeat_every)}: after an "
            "outage two notices would come one right after the other; allowed is that or less",
        )


def _clocks(agency: Agency, findings: Findings) -> None:
    """A threshold may count from what CAD does not tell: then it counts from receipt."""
    columns = {Since.QUEUED: agency.cad.columns.queued, Since.HUNG_UP: agency.cad.columns.call_ended}
    rule = agency.policy.timetable.delay
    told = {("first_after",): rule.first_after} | {("by_type", group): own for group, own in rule.by_type.items()}
    for place, thresholds_ in told.items():
        for priority, threshold in thresholds_.items():
            if threshold.since in columns and columns[threshold.since] is None:
                findings.warn(
                    _FILE,
                    ("timetable", "delay", *place, priority, "since"),
                    f"cad.yaml has no column that tells when a call was {threshold.since}: it counts from receipt",
                )


def _too_late(length: timedelta, timetable: Timetable) -> str:
    return (
        f"{in_words(length)} is when the service has given the call up; allowed is less than give_up_after, "
        f"{in_words(timetable.give_up_after)}"
    )


def _survey(timetable: Timetable, findings: Findings) -> None:
    rule = timetable.survey
    place = ("timetable", "survey")
    after, expires = in_words(rule.after_cleared), in_words(rule.expires_after)
    midnight = datetime(2000, 1, 1)  # noqa: DTZ001 - any day: only the hours count
    window = datetime.combine(midnight, rule.closes) - datetime.combine(midnight, rule.opens)
    longest = rule.after_cleared + (_DAY - window)
    if rule.after_cleared >= rule.expires_after:
        findings.error(
            _FILE,
            (*place, "expires_after"),
            f"{expires} after clearing a survey expires, and it is due only after {after} (after_cleared); allowed is "
            "more than that",
        )
    elif longest >= rule.expires_after:
        findings.warn(
            _FILE,
            (*place, "expires_after"),
            f"{expires} after clearing is before the window opens for some calls: one that is due at "
            f"{rule.closes:%H:%M} waits until {rule.opens:%H:%M}, {in_words(longest)} after clearing; allowed is more",
        )
    if rule.link_valid_for < _DAY:
        findings.warn(
            _FILE,
            (*place, "link_valid_for"),
            f"{in_words(rule.link_valid_for)} is short: who reads the text the next day finds the survey closed",
        )


def _expires_soon(kind: str, length: timedelta, findings: Findings) -> None:
    if length < _SOON:
        findings.warn(
            _FILE,
            ("timetable", kind, "expires_after"),
            f"{in_words(length)} is short: a text that waits for its turn on the line expires; {in_words(_SOON)} or "
            "more is safe",
        )


def _numbers(agency: Agency, findings: Findings) -> None:
    numbers, timetable = agency.policy.numbers, agency.policy.timetable
    for country in sorted(numbers.countries - phonenumbers.SUPPORTED_REGIONS):
        what = f"{country!r} is no country of ISO 3166; write it as in CA or US"
        findings.error(_FILE, ("numbers", "countries"), what)
    of_one_call = 1 + timetable.delay.at_most + timetable.survey.enabled
    if numbers.texts_a_day < of_one_call:
        what = f"{numbers.texts_a_day} is less than one call alone may need, {of_one_call}: the last ones are held back"
        findings.warn(_FILE, ("numbers", "texts_a_day"), what)
