"""The record of our own API, as JSON: a partial snapshot of a call, or an event. Its schema is published."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from calls.facts import CancelReason
from policy.cad_mapping import CadMapping
from starter.readers.cells import is_up
from starter.readers.told import LONGEST_ID, STEPS, Told, Unreadable

_RFC_3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)", flags=re.ASCII
)
_LONGEST_CODE: Final = 200
_LARGEST_CODE: Final = 10**18
_DANGERS: Final = ("priority", "calltype", "firstcalltype", "inprogress", "safetyflag", "phone")
_LETTERS_ONLY: Final = re.compile(r"[^a-z]")
_NO_TEXT: Final = ("updated_at", "event", "at", "cancelled", "in_progress", "safety_flag", *STEPS)
_ID: Final = r"^[!-~]([ -~]{0,98}[!-~])?$"
_ONE_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
_YEARS: Final = range(1970, 2200)
_SHOWN_ERRORS: Final = 3
_FIELD_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}", flags=re.ASCII)
_IN_WORDS: Final = {
    "extra_forbidden": "not a field of a record",
    "missing": "needed",
    "model_type": "not an object",
    "string_type": "not text in quotes",
    "bool_type": "neither true nor false",
    "string_pattern_mismatch": "a character that may not stand there, or a space at an end",
}


class Event(StrEnum):
    """What has just happened to the call."""

    RECEIVED = "received"
    UPDATED = "updated"
    DISPATCHED = "dispatched"
    REQUEUED = "requeued"
    ARRIVED = "arrived"
    CLEARED = "cleared"
    REOPENED = "reopened"
    CANCELLED = "cancelled"


def _read_moment(value: object) -> datetime | None:
    """RFC 3339. A year before 1970 or after 2199 stands for no time (1900-01-01, 9999-12-31): nothing is told."""
    if value is None:
        return None
    match = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a time with its offset, as in 2026-01-15T14:05:11Z or 2026-01-15T09:05:11-05:00")
    date, minute, second, fraction, offset = match.groups()
    if int(date[:4]) not in _YEARS:
        return None
    second = "59" if second == "60" else second  # a leap second, which Python does not know
    try:
        return datetime.fromisoformat(f"{date}T{minute}:{second}{fraction or ''}{offset.upper()}").astimezone(UTC)
    except ValueError:
        raise ValueError("there is no such time") from None


Moment = Annotated[
    datetime | None,
    BeforeValidator(_read_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
]
Code = Annotated[str | None, Field(max_length=_LONGEST_CODE, pattern=_ONE_LINE)]
MemberKey = Annotated[str | None, Field(max_length=LONGEST_ID, pattern=_ONE_LINE)]


def _may_be_blank(schema: dict[str, Any]) -> None:
    """A blank is not told, also where no text may stand: many a CAD writes `""` for a step that has not come."""
    schema["title"] = "Record"
    for name in _NO_TEXT:
        schema["properties"][name]["anyOf"].append({"type": "string", "pattern": "^ *$"})


class Record(BaseModel):
    """What CAD says of one call. Only `cad_id` is needed; what is left out, null or blank is not told, and what was
    told before stays. Codes are CAD's own: the agency's folder says what they mean."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, json_schema_extra=_may_be_blank
    )

    cad_id: str = Field(
        pattern=_ID, max_length=LONGEST_ID, description="CAD's own id of the call; never shown to residents."
    )
    updated_at: Moment = Field(
        default=None,
        description="When CAD last wrote this record. Of two records of a call the later one counts, whichever comes "
        "first: give it wherever CAD has it.",
    )
    event: Annotated[Event | None, Field(strict=False)] = Field(
        default=None, description="What has just happened, where CAD sends events and not snapshots."
    )
    at: Moment = Field(
        default=None, description="When the event happened; without it at `updated_at`, and without that now."
    )
    case_number: Annotated[str | None, Field(max_length=LONGEST_ID, pattern=_ONE_LINE)] = Field(
        default=None, description="The number that the caller is told."
    )
    priority: Code = Field(default=None, description="Code, as in cad.yaml's `priorities`.")
    call_type: Code = Field(default=None, description="Code, as in call_types.yaml: what the call is now.")
    first_call_type: Code = Field(default=None, description="The type that it had first, where CAD keeps both.")
    source: Code = Field(default=None, description="Code of who started the call, as in cad.yaml's `sources`.")
    language: Code = Field(default=None, description="Code of the caller's language.")
    phone: Annotated[str | None, Field(max_length=40, pattern=_ONE_LINE)] = Field(
        default=None,
        repr=False,
        description="The caller's number, however CAD writes it. One that is none silences the call until another is "
        "told: the one before may be wrong.",
    )
    area: Code = Field(default=None, description="District or beat.")
    call_taker_key: MemberKey = Field(
        default=None,
        repr=False,
        description="CAD's key of who took the call: an opaque one, never a name. Only where survey.yaml has "
        "`members_feedback` is anything kept of it: a hash, encrypted.",
    )
    officer_key: MemberKey = Field(
        default=None,
        repr=False,
        description="Likewise, of the officer who came; of several, the one whose call it was.",
    )
    disposition: Code = Field(default=None, description="Code of what came of the call, as in cad.yaml.")
    cancelled: Annotated[CancelReason | None, Field(strict=False)] = Field(
        default=None, description="Why the call ended without being handled under its own number."
    )
    in_progress: bool | None = Field(
        default=None, description="True silences the call for ever: whatever is in progress gets no text."
    )
    safety_flag: bool | None = Field(default=None, description="True silences the call for ever.")
    received_at: Moment = Field(default=None, description="When the call was received.")
    queued_at: Moment = Field(default=None, description="When the call taker passed it on to the dispatchers.")
    call_ended_at: Moment = Field(default=None, description="When the caller hung up.")
    dispatched_at: Moment = Field(default=None, description="When an officer was sent.")
    requeued_at: Moment = Field(default=None, description="When the officer was pulled away and the call waits again.")
    arrived_at: Moment = Field(default=None, description="When an officer arrived.")
    cleared_at: Moment = Field(default=None, description="When the call was over; not one officer's part in it.")
    reopened_at: Moment = Field(default=None, description="When it was opened again after that.")


def read_record(document: JsonValue, mapping: CadMapping) -> Told | Unreadable:
    """One record of the API."""
    try:
        record = Record.model_validate(_without_blanks(document, mapping))
    except ValidationError as error:
        return Unreadable(
            what=_in_words(error.errors(include_input=False, include_url=False)), salvage=_salvage(document, mapping)
        )
    stamp = record.updated_at or record.at
    times = {name: getattr(record, name) for name in STEPS}
    steps_now: frozenset[str] = frozenset()
    step = f"{record.event}_at"
    if step in times and times[step] is None:
        times[step] = record.at or record.updated_at
        steps_now = frozenset() if times[step] is not None else frozenset({step})
    is_cancelled = record.event is Event.CANCELLED and record.cancelled is None

    def code(text: str | None) -> str | None:
        return None if text is None or _is_blank(text, mapping) else text.strip()

    return Told(
        cad_id=record.cad_id,
        stamp=stamp,
        case_number=code(record.case_number),
        priority_code=code(record.priority),
        call_type_code=code(record.call_type),
        first_call_type_code=code(record.first_call_type),
        source_code=code(record.source) or ("" if record.source is not None and "" in mapping.sources else None),
        language_code=code(record.language),
        area=code(record.area),
        disposition=code(record.disposition),
        cancelled=CancelReason.CANCELLED if is_cancelled else record.cancelled,
        in_progress=record.in_progress,
        safety_flag=record.safety_flag,
        phone=code(record.phone),
        call_taker_key=code(record.call_taker_key),
        officer_key=code(record.officer_key),
        steps_now=steps_now,
        **times,
    )


def _is_blank(value: JsonValue, mapping: CadMapping) -> bool:
    return isinstance(value, str) and (not value.strip() or value.strip() in mapping.blank)


def _is_nothing(value: JsonValue, mapping: CadMapping) -> bool:
    return value is None or _is_blank(value, mapping)


def _without_blanks(document: JsonValue, mapping: CadMapping) -> JsonValue:
    """Of the fields in which no text stands; in the others a blank may be a code."""
    if not isinstance(document, dict):
        return document
    return {name: None if name in _NO_TEXT and _is_blank(value, mapping) else value for name, value in document.items()}


def _in_words(errors: Sequence[ErrorDetails]) -> str:
    """What is wrong, in one line for the sender; nothing of what stands there (R3)."""
    lines = [_line(error) for error in errors[:_SHOWN_ERRORS]]
    more = len(errors) - len(lines)
    return "; ".join([*lines, *([f"and {more} more"] if more > 0 else [])])


def _line(error: ErrorDetails) -> str:
    name = ".".join(str(part) for part in error["loc"]) or "the record"
    if not _FIELD_NAME.fullmatch(name) and error["loc"]:
        name = "a field"
    return f"{name}: {_IN_WORDS.get(error['type']) or error['msg'].removeprefix('Value error, ')}"


def _salvage(document: JsonValue, mapping: CadMapping) -> Told | None:
    """The call, and what may silence it: flags that are not clearly down, and codes, however their names are written.

    A record may be rejected for `inProgress` alone: it must not be overlooked.
    """
    if not isinstance(document, Mapping):
        return None
    cad_id = _text(document.get("cad_id"))
    if cad_id is None or re.fullmatch(_ID, cad_id) is None:
        return None
    found: dict[str, list[JsonValue]] = {name: [] for name in _DANGERS}
    for name, value in document.items():
        if (meant := _LETTERS_ONLY.sub("", name.lower())) in found:
            found[meant].append(value)
    types = [code for code in map(_text, (*found["calltype"], *found["firstcalltype"])) if code is not None]
    return Told(
        cad_id=cad_id,
        priority_code=next(filter(None, map(_text, found["priority"])), None),
        call_type_code=next(iter(types), None),
        first_call_type_code=next(reversed(types), None),
        in_progress=any(_may_be_up(value, mapping) for value in found["inprogress"]),
        safety_flag=any(_may_be_up(value, mapping) for value in found["safetyflag"]),
        phone=next((_text(value) or "?" for value in found["phone"] if not _is_nothing(value, mapping)), None),
    )


def _text(value: JsonValue) -> str | None:
    """A code; a number is one, too, that was written without its quotes."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < _LARGEST_CODE else None
    return value.strip() or None if isinstance(value, str) and len(value) <= _LONGEST_CODE else None


def _may_be_up(value: JsonValue, mapping: CadMapping) -> bool:
    """What we do not understand silences (R1); what clearly says no does not, as in a row."""
    if isinstance(value, str):
        return not _is_blank(value, mapping) and is_up(value.strip())
    return value not in (None, False, 0)
