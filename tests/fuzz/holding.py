"""What must hold of whatever was read, at every door of CAD's."""

import json
import re
from typing import Final

from calls.call_record import CallRecord
from calls.eligibility import Decision, Eligibility
from policy.agency import Agency
from starter.code_check import decision_on, taking
from starter.intake import danger_of
from starter.readers.told import Told, Unreadable, record_of
from tests.builders import NOON, hours
from tests.fuzz.door import says_nothing_personal

NOW: Final = NOON + hours(24)
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON writes it, which PostgreSQL refuses; not a backslash that stood there with `u0000` behind it."""
_LONGEST_REASON: Final = 600
_BARE_ID: Final = re.compile(r"^(?:call|incident) [0-9]+: ")
"""CADs number their calls with digits, ten of them perhaps: nobody can tell such an id from a telephone number."""


def can_be_taken(read: Told | Unreadable, agency: Agency) -> None:
    """It can be kept and decided on, or is refused in one line; and a call that was silenced stays silent (R1)."""
    if isinstance(read, Unreadable):
        refused_in_one_line(read.what)
    told = (read,) if isinstance(read, Told) else read.salvaged
    for one in told:
        record = record_of(one, agency, feed="fuzz")
        kept = json.dumps([dict(record.facts), dict(record.first_type)], ensure_ascii=False)
        assert _NUL.search(kept) is None
        kept.encode()
        assert 1 <= len(one.cad_id) <= 100
        decision_of(one, agency)
        emergency = record_of(Told(cad_id=one.cad_id, in_progress=True), agency, feed="fuzz")
        silenced = taking(CallRecord(agency=agency.key, cad_id=one.cad_id), emergency, agency, now=NOW)
        assert not is_eligible(decision_on(taking(silenced, record, agency, now=NOW), agency))


def decision_of(told: Told, agency: Agency) -> Decision:
    """On a call of which nothing else was ever told."""
    call = CallRecord(agency=agency.key, cad_id=told.cad_id)
    return decision_on(taking(call, record_of(told, agency, feed="fuzz"), agency, now=NOW), agency)


def is_eligible(decision: Decision) -> bool:
    return decision.eligibility is Eligibility.ELIGIBLE


def silences(read: Told | Unreadable, agency: Agency) -> bool:
    """R1: it makes no call eligible; one that cannot be read is not overlooked, where it says which call it is of."""
    if isinstance(read, Told):
        return not is_eligible(decision_of(read, agency))
    dangers = [danger_of(one, agency, feed="fuzz", is_clear=read.is_clear) for one in read.salvaged]
    return read.salvage is None or any(danger is not None for danger in dangers)


def refused_in_one_line(what: str) -> None:
    """For whoever sent it: short, printable, with nothing of the caller's (R3)."""
    assert what.isprintable(), what
    assert len(what) <= _LONGEST_REASON, len(what)
    says_nothing_personal(_BARE_ID.sub("", what))
