"""How long is kept what is personal: not shorter than the law allows, nor than the service itself needs it."""

from typing import Final

from calls.retention import AUDIT_AT_LEAST
from policy.agency import Agency
from policy.findings import Findings, in_words

_FILE: Final = "policy.yaml"


def check_retention(agency: Agency, findings: Findings) -> None:
    """The block `retention`."""
    retention, numbers = agency.policy.retention, agency.policy.numbers
    for name, length, least in retention.below_the_law():
        how = (
            "no resolution shortens it"
            if name == "audit"
            else "or name the by-law or resolution that says less in retention.shorter_by"
        )
        findings.error(
            _FILE,
            ("retention", name),
            f"{in_words(length)} is less than the law's year for what was used (Reg. 823, s. 5 under MFIPPA); allowed "
            f"is {in_words(least)} or more, {how}",
        )
    needed = {
        "timetable.give_up_after": agency.policy.timetable.give_up_after,
        "numbers.one_survey_in": numbers.one_survey_in,
    }
    name, least = max(needed.items(), key=lambda item: item[1])
    if retention.phones < least:
        findings.error(
            _FILE,
            ("retention", "phones"),
            f"{in_words(retention.phones)} is shorter than {name}, {in_words(least)}: a number would be forgotten "
            "while it is needed; allowed is that or more",
        )
    elif retention.phones < numbers.landline_remembered_for:
        findings.warn(
            _FILE,
            ("retention", "phones"),
            f"{in_words(retention.phones)} is shorter than numbers.landline_remembered_for, "
            f"{in_words(numbers.landline_remembered_for)}: a landline is tried again sooner",
        )
    if AUDIT_AT_LEAST <= retention.audit < retention.phones:
        findings.warn(
            _FILE,
            ("retention", "audit"),
            f"{in_words(retention.audit)} is shorter than retention.phones, {in_words(retention.phones)}: nobody could "
            "say any more who saw a number that is still there",
        )
