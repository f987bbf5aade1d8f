"""Groups of call types that cannot be meant as they are written."""

from collections.abc import Iterator
from typing import Final

from calls.policy import TypeRule
from policy.agency import Agency
from policy.call_types import SILENCE, CallTypes, GroupInFile, fits, normal
from policy.findings import Findings
from policy.yaml_file import Place

_FILE: Final = "call_types.yaml"
_FEWEST_SIGNS: Final = 3
_SOUND_DANGEROUS: Final = (
    *("SEX", "INTIMATE", "DOMESTIC", "CONJUGAL", "STALK", "HARASS", "ABUSE", "ABDUCT", "KIDNAP", "HOSTAGE", "ENLEV"),
    *("SUICID", "MENTAL", "HOMICID", "MISSING PERSON", "BOMB", "EXPLOS", "WEAPON", "ARME", "ASSAULT", "VOIES DE FAIT"),
    *("IN PROGRESS", "EN COURS", "THREAT", "MENACE", "HATE", "CHILD", "ENFANT"),
)
"""R1: words of call types whose texts could get somebody hurt. A list to warn by, not to decide by."""


def check_types(agency: Agency, findings: Findings) -> None:
    """Everything that `call_types.yaml` says."""
    groups = agency.call_types.groups
    if not any(group.rule is TypeRule.ALLOWED for group in groups.values()):
        findings.error(_FILE, ("groups",), "no group is allowed, so nobody would be texted; at least one has to be")
    if all(group.rule is TypeRule.ALLOWED for group in groups.values()):
        findings.warn(_FILE, ("groups",), "every group is allowed; sensitive calls have to be named to be kept silent")
    for place, group, code in _codes(agency.call_types):
        if group.rule is TypeRule.ALLOWED and "*" in code and len(code.replace("*", "")) < _FEWEST_SIGNS:
            what = f"the pattern {code!r} fits types that nobody has thought of, and they would be texted"
            findings.error(_FILE, place, f"{what}; write {_FEWEST_SIGNS} signs or more besides the *")
        elif (stronger := _stronger(agency.call_types, group, code)) is not None:
            findings.warn(_FILE, place, stronger)
        elif group.rule is TypeRule.ALLOWED and (word := _sounds_dangerous(code)) is not None:
            findings.warn(_FILE, place, f"{code!r} would be texted; types with {word} in them hardly ever may be")


def _codes(call_types: CallTypes) -> Iterator[tuple[Place, GroupInFile, str]]:
    for name, group in call_types.groups.items():
        for index, code in enumerate(group.codes):
            yield ("groups", name, "codes", index), group, code


def _sounds_dangerous(code: str) -> str | None:
    return next((word for word in _SOUND_DANGEROUS if word in normal(code)), None)


def _stronger(call_types: CallTypes, group: GroupInFile, code: str) -> str | None:
    """A pattern of a group that silences more, and that fits all that this code does.

    A pattern is then never asked. A code that is written out is, and lets through what the other group would silence.
    """
    for name, other in call_types.groups.items():
        for pattern in other.codes:
            if SILENCE.index(other.rule) <= SILENCE.index(group.rule) or "*" not in pattern:
                continue
            if fits(normal(code), normal(pattern)):
                return (
                    f"{code!r} never decides: the pattern {pattern!r} of {name} ({other.rule}) fits all that it fits"
                    if "*" in code
                    else f"{code!r} is {group.rule}, although the pattern {pattern!r} of {name} ({other.rule}) fits it"
                )
    return None
