"""What records would become, without a database: codes that nobody has listed, and the decision on a call."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from calls.call_record import CallRecord
from calls.eligibility import Decision, decide
from policy.agency import Agency
from starter.accept import told_by
from starter.records import CadRecord
from watching.redaction import redact

BLANK: Final = "(blank)"
UnknownIn = tuple[str, str]
"""What, and the code: `call type`, `PIRACY`."""


@dataclass(frozen=True, kw_only=True)
class UnknownCode:
    """A code that the folder does not list, and how many rows have it."""

    what: str
    code: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Codes:
    """The codes of one row. `None`: not told; blank is a code, too, that somebody should list."""

    types: Collection[str]
    priority: str | None
    source: str | None
    disposition: str | None
    language: str | None


def unknown_in(codes: Codes, agency: Agency) -> Iterator[UnknownIn]:
    """The codes that are not listed, as they may be shown."""
    cad = agency.cad
    for code in sorted(codes.types):
        if agency.call_types.group_of(code) is None:
            yield "call type", shown(code)
    if codes.priority is not None and codes.priority not in cad.priorities:
        yield "priority", shown(codes.priority)
    if codes.source is not None and codes.source not in cad.sources:
        yield "source", shown(codes.source)
    for code in cad.unknown_dispositions(codes.disposition):
        yield "disposition", shown(code)
    if codes.language is not None and cad.language(codes.language) is None:
        yield "language", shown(codes.language)


def unknown_codes(counted: Counter[UnknownIn]) -> list[UnknownCode]:
    """The most frequent first."""
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [UnknownCode(what=what, code=code, rows=count) for (what, code), count in ordered]


def shown(code: str | None) -> str:
    """CAD's own text: a number may have slipped into it (R3), or a sign that steers the terminal."""
    text = redact(" ".join((code or "").split()))
    return "".join(sign if sign.isprintable() else "?" for sign in text) or BLANK


def taking(call: CallRecord, record: CadRecord, agency: Agency, *, now: datetime) -> CallRecord:
    """The call with one more record, as the service would take it in at `now`."""
    stamp = record.counts_as_of(now=now)
    for told in told_by(record, phone_hash=record.phone, stamp=stamp, now=now, policy=agency.policy):
        call = call.taking(told, policy=agency.policy)
    return call


def decision_on(call: CallRecord, agency: Agency) -> Decision:
    """What the service would decide."""
    return decide(call.facts(recipient_version=int(call.number is not None), held=False), agency.policy)


def most_frequent(counted: Counter[str]) -> Iterable[tuple[str, int]]:
    """By count, then by name."""
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))
