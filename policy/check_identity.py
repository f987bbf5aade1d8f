"""What `agency.yaml` says of the service: a number that can send, lines that can be dialled, its name."""

import re
from typing import Final

import phonenumbers

from policy.agency import Agency
from policy.findings import Findings

_FILE: Final = "agency.yaml"
_FICTIONAL: Final = re.compile(r"(1?[2-9][0-9]{2})?55501[0-9]{2}")
"""555-0100 to 555-0199 belong to nobody: they are for films, tests and templates."""
_EMERGENCY: Final = "911"
_SHORT, _LONG = 3, 10


def check_identity(agency: Agency, findings: Findings) -> None:
    """Everything that `agency.yaml` says."""
    identity = agency.identity
    if identity.key != findings.folder.resolve().name:
        what = (
            f"{identity.key!r} is not the folder's name, {findings.folder.resolve().name!r}; ids of calls have the key"
        )
        findings.warn(_FILE, ("key",), what)
    if identity.demonstration and not all("monstration" in name for name in identity.name.values()):
        findings.warn(_FILE, ("name",), "this is a demonstration, and its name does not say so in both languages")
    _sender(agency, findings)
    _lines(agency, findings)


def _sender(agency: Agency, findings: Findings) -> None:
    sender = agency.identity.sender
    number = phonenumbers.parse(sender)
    if not phonenumbers.is_valid_number(number):
        what = f"{sender!r} is no number that anybody can have; write the carrier's, as in +16135550100"
        findings.error(_FILE, ("sender",), what)
    elif _FICTIONAL.fullmatch(sender[1:]):
        findings.warn(_FILE, ("sender",), f"{sender!r} is fictional; write the number that the carrier gave you")
    elif (
        phonenumbers.region_code_for_number(number) != "CA"
        and phonenumbers.number_type(number) != phonenumbers.PhoneNumberType.TOLL_FREE
    ):
        what = f"{sender!r} is not Canadian: texts to Canada from abroad are filtered more often, and cost more"
        findings.warn(_FILE, ("sender",), what)


def _lines(agency: Agency, findings: Findings) -> None:
    identity = agency.identity
    emergency, other = (_digits(line) for line in (identity.emergency_line, identity.non_emergency_line))
    for name, line, digits in (
        ("emergency_line", identity.emergency_line, emergency),
        ("non_emergency_line", identity.non_emergency_line, other),
    ):
        if not re.fullmatch(r"[0-9 ()+.-]+", line) or not (len(digits) == _SHORT or len(digits) >= _LONG):
            what = f"{line!r} cannot be dialled; write three digits, as in 9-1-1, or ten, as in 613-555-0100"
            findings.error(_FILE, (name,), what)
        elif _FICTIONAL.fullmatch(digits):
            findings.warn(_FILE, (name,), f"{line!r} is fictional; write the line that residents call")
    if emergency == other:
        what = f"{identity.non_emergency_line!r} is the emergency line; residents with a question would call there"
        findings.error(_FILE, ("non_emergency_line",), what)
    if len(emergency) == _SHORT and emergency != _EMERGENCY:
        what = f"{identity.emergency_line!r} is not 9-1-1, which people in danger dial in Canada and the United States"
        findings.warn(_FILE, ("emergency_line",), what)


def _digits(line: str) -> str:
    return "".join(re.findall("[0-9]", line))
