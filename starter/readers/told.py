"""What a CAD says of one call at one time, in its own codes: here all ways in meet."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import phonenumbers
from pydantic import JsonValue

from calls.facts import CancelReason
from policy.agency import Agency
from starter.records import CadRecord
from survey.questions import Role
from watching.redaction import redact

STEPS: Final = (
    *("received_at", "queued_at", "call_ended_at", "dispatched_at", "requeued_at", "arrived_at", "cleared_at"),
    "reopened_at",
)
"""The moments of a call that a CAD may tell."""
LONGEST_ID: Final = 100
LONGEST_CODE: Final = 200
"""Signs. The longest type of the sample logs has 51."""
_NATIONAL_DIGITS: Final = 10
"""Of a number here, without its country's 1."""


class Coded(Protocol):
    """What one record, or one row of a log, says in CAD's codes."""

    @property
    def case_number(self) -> str | None: ...
    @property
    def priority_code(self) -> str | None: ...
    @property
    def source_code(self) -> str | None: ...
    @property
    def language_code(self) -> str | None: ...
    @property
    def in_progress(self) -> bool | None: ...
    @property
    def safety_flag(self) -> bool | None: ...
    @property
    def area(self) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class Told:
    """One record, whatever way it came. `None`: not told. Times are aware.

    `stamp`: the source's own time of saying so. `first_call_type_code`: where CAD tells both, the type before
    `call_type_code`; it silences as any other (R1). `steps_now`: steps (of `STEPS`) that were told without a time; they
    happened when the record counts as of. `phone`: however CAD writes it. `call_taker_key`, `officer_key`: by which CAD
    knows who took the call, and the officer who came.
    """

    cad_id: str
    stamp: datetime | None = None
    case_number: str | None = None
    priority_code: str | None = None
    call_type_code: str | None = None
    first_call_type_code: str | None = None
    source_code: str | None = None
    language_code: str | None = None
    area: str | None = None
    disposition: str | None = None
    cancelled: CancelReason | None = None
    in_progress: bool | None = None
    safety_flag: bool | None = None
    phone: str | None = field(default=None, repr=False)
    call_taker_key: str | None = field(default=None, repr=False)
    officer_key: str | None = field(default=None, repr=False)
    received_at: datetime | None = None
    queued_at: datetime | None = None
    call_ended_at: datetime | None = None
    dispatched_at: datetime | None = None
    requeued_at: datetime | None = None
    arrived_at: datetime | None = None
    cleared_at: datetime | None = None
    reopened_at: datetime | None = None
    steps_now: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A record that cannot be read. `what`: why, in one line for the sender, with nothing personal in it (R3).

    `salvage`: what can be read of it all the same. Only what silences the call is taken from there (R1): the record
    that we do not understand may have been the one that says "in progress". `shifted`: another reading of it, where
    nobody knows which of the two is right.
    """

    what: str
    salvage: Told | None = None
    shifted: Told | None = None

    @property
    def is_clear(self) -> bool:
        """There is one reading of it at most."""
        return self.shifted is None

    @property
    def salvaged(self) -> tuple[Told, ...]:
        """All that can be read of it."""
        return tuple(told for told in (self.salvage, self.shifted) if told is not None)


def record_of(told: Told, agency: Agency, *, feed: str) -> CadRecord:
    """The record as the folder reads its codes."""
    first = told.first_call_type_code if told.call_type_code is not None else None
    number = e164(told.phone)
    return CadRecord(
        feed=feed,
        cad_id=told.cad_id,
        stamp=told.stamp,
        facts={name: value for name, value in _facts(told, agency).items() if value is not None},
        phone=number,
        phone_unreadable=told.phone is not None and number is None,
        steps_now=told.steps_now,
        first_type=type_facts(first if first != told.call_type_code else None, agency),
        members=_members(told),
    )


def _members(told: Told) -> dict[Role, str]:
    """Their keys. One that is none is not told: no record is lost for it."""
    keys = {Role.CALL_TAKER: told.call_taker_key, Role.OFFICER: told.officer_key}
    plain = {role: key.strip() for role, key in keys.items() if key is not None}
    return {role: key for role, key in plain.items() if 0 < len(key) <= LONGEST_ID and key.isprintable()}


def _facts(told: Told, agency: Agency) -> dict[str, JsonValue]:
    times = {name: None if (moment := getattr(told, name)) is None else moment.isoformat() for name in STEPS}
    call_type = told.call_type_code if told.call_type_code is not None else told.first_call_type_code
    return {
        **code_facts(told, agency),
        **type_facts(call_type, agency),
        **_outcome_facts(told, agency),
        **times,
    }


def code_facts(said: Coded, agency: Agency) -> dict[str, JsonValue]:
    """What the folder reads in the codes, those of type and disposition apart."""
    return {
        "case_number": said.case_number,
        "priority_code": said.priority_code,
        "priority": agency.cad.priorities.get(said.priority_code or ""),
        "source_code": said.source_code,
        "source": None if said.source_code is None else agency.cad.sources.get(said.source_code),
        "language": agency.cad.language(said.language_code),
        "in_progress": said.in_progress or None,
        "safety_flag": said.safety_flag or None,
        "area": said.area,
    }


def type_facts(code: str | None, agency: Agency) -> dict[str, JsonValue]:
    """A type that the folder does not know tells an empty group, so that it is not taken for the type before it."""
    if code is None:
        return {}
    return {"call_type_code": code, "call_type_group": agency.call_types.group_of(code) or ""}


def disposition_facts(disposition: str | None, agency: Agency) -> dict[str, JsonValue]:
    """What the folder reads in a disposition; nothing where there is none."""
    return {
        "disposition": disposition,
        "outcome": agency.cad.outcome(disposition),
        "cancelled": agency.cad.cancel_reason(disposition),
    }


def _outcome_facts(told: Told, agency: Agency) -> dict[str, JsonValue]:
    facts = disposition_facts(told.disposition, agency)
    return facts if told.cancelled is None else {**facts, "cancelled": told.cancelled}


def id_in_words(cad_id: str) -> str:
    """As it may stand in a reason (R3). CADs number with digits alone; what is written like a telephone number stands
    under the wrong heading."""
    return cad_id if cad_id.isdecimal() else redact(cad_id)


def misplaced_numbers(told: Told) -> list[str]:
    """Fields in which the caller's number stands, and which go to Temporal and into logs (R3): `cad_id`, `case_number`.

    For a sample, before a feed is connected. A record that comes is not judged by it: some CADs number with ten digits,
    and what it says of danger must be heard.
    """
    number = e164(told.phone)
    if number is None:
        return []
    ids = {"cad_id": told.cad_id, "case_number": told.case_number or ""}
    return [name for name, text in ids.items() if number[-_NATIONAL_DIGITS:] in _digits(text)]


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def e164(text: str | None) -> str | None:
    """A number as CAD writes it, in E.164, where it is one that can be texted."""
    if text is None:
        return None
    try:
        number = phonenumbers.parse(text, "CA")
    except phonenumbers.NumberParseException:
        return None
    if number.extension is not None:
        return None  # of a switchboard: a text to it reaches, if anybody, somebody else
    # Seven digits are a number too, "local only": nobody knows of which area code.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
