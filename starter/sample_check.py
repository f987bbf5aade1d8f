"""A sample of a live feed beside an agency's folder: what its records would become, without a database."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from calls.call_record import CallRecord
from calls.facts import known
from policy.agency import Agency
from starter.code_check import Codes, UnknownCode, UnknownIn, decision_on, taking, unknown_codes, unknown_in
from starter.intake import danger_of
from starter.pauses import Pauses, pauses_between
from starter.readers.samples import Sample
from starter.readers.told import STEPS, Told, Unreadable, misplaced_numbers, record_of
from starter.records import CadRecord

_FEED: Final = "check"
_A_MOMENT: Final = timedelta(microseconds=1)
_UNDECIDED: Final = "no call is decided, so none is texted"
LACKS: Final = {
    "phone": ("a telephone number", "nobody is texted"),
    "stamp": ("when it was written", "each counts as of its latest event; a correction may be lost"),
    "case_number": ("a case number", _UNDECIDED),
    "priority_code": ("a priority", _UNDECIDED),
    "call_type_code": ("a call type", _UNDECIDED),
    "source_code": ("who started the call", _UNDECIDED),
    "received_at": ("when the call was received", _UNDECIDED),
    "dispatched_at": ("when an officer was sent", "delay notices go to people who have an officer there"),
    "cleared_at": ("when the call was over", "no surveys; calls stay open until they are given up"),
}
"""What matters of a record, in words, and what happens where no record tells it."""


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A record that cannot be read: where it stands, and why."""

    place: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SampleCheck:
    """What was found: `records` are those taken, those repeated and those rejected, each once. `at_first`, `at_last`:
    calls by rule, on their first record and on all."""

    records: int
    taken: int
    repeated: int
    rejected: Sequence[Rejected]
    unknown: Sequence[UnknownCode]
    calls: int
    at_first: Counter[str]
    at_last: Counter[str]
    lacks: Sequence[str]
    """Of `LACKS`, what no record tells."""
    misplaced: Counter[str]
    """Fields in which the caller's own number stands (R3), and in how many records."""
    pauses: Pauses | None


@dataclass(kw_only=True)
class _Tried:
    """What an empty service would have, had it been fed so far."""

    agency: Agency
    taken: int = 0
    repeated: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    unknown: Counter[UnknownIn] = field(default_factory=Counter)
    calls: dict[str, CallRecord] = field(default_factory=dict)
    at_first: Counter[str] = field(default_factory=Counter)
    lacks: set[str] = field(default_factory=lambda: set(LACKS))
    misplaced: Counter[str] = field(default_factory=Counter)
    moments: list[datetime] = field(default_factory=list)
    last_receipt: datetime | None = None
    _contents: set[str] = field(default_factory=set)
    _last_content: dict[str, str] = field(default_factory=dict)

    def take(self, sample: Sample, *, now: datetime) -> None:
        """As `Intake` would, at `now`."""
        if isinstance(sample.read, Unreadable):
            self.rejected.append(Rejected(place=sample.place, reason=sample.read.what))
            for told in sample.read.salvaged:
                self._merge(danger_of(told, self.agency, feed=_FEED, is_clear=sample.read.is_clear), now=now)
            return
        told = sample.read
        self.misplaced.update(misplaced_numbers(told))
        self.unknown.update(unknown_in(_codes(told), self.agency))
        self.lacks -= {name for name in LACKS if getattr(told, name) is not None} | told.steps_now
        if self._merge(record_of(told, self.agency, feed=_FEED), now=now):
            self.taken += 1
            self.moments += _moments(told)
            self.last_receipt = max(known((self.last_receipt, told.received_at)), default=None)
        else:
            self.repeated += 1

    def _merge(self, record: CadRecord | None, *, now: datetime) -> bool:
        """True where it is new."""
        if record is None or not self._is_new(record):
            return False
        known = self.calls.get(record.cad_id)
        call = known or CallRecord(agency=self.agency.key, cad_id=record.cad_id)
        self.calls[record.cad_id] = taking(call, record, self.agency, now=now)
        if known is None:
            self.at_first[decision_on(self.calls[record.cad_id], self.agency).rule] += 1
        return True

    def _is_new(self, record: CadRecord) -> bool:
        """As `Acceptor` sees it: without any time it is a repetition only of the last that was said of the call."""
        content = record.content_hash(phone_hash=record.phone)
        if record.has_no_time:
            is_new = content != self._last_content.get(record.cad_id)
        else:
            is_new = content not in self._contents
        if is_new:
            self._contents.add(content)
            self._last_content[record.cad_id] = content
        return is_new


def check_samples(samples: Iterable[Sample], agency: Agency, *, now: datetime) -> SampleCheck:
    """Try the records one after the other. `now`: the time of receipt.

    Raises:
        LogError: the file cannot be read.
    """
    tried = _Tried(agency=agency)
    records = 0
    for records, sample in enumerate(samples, start=1):
        tried.take(sample, now=now + records * _A_MOMENT)
    return SampleCheck(
        records=records,
        taken=tried.taken,
        repeated=tried.repeated,
        rejected=tried.rejected,
        unknown=unknown_codes(tried.unknown),
        calls=len(tried.calls),
        at_first=tried.at_first,
        at_last=Counter(decision_on(call, agency).rule for call in tried.calls.values()),
        lacks=[name for name in LACKS if name in tried.lacks] if tried.taken else [],
        misplaced=tried.misplaced,
        pauses=pauses_between(_covered(tried), agency.policy.timetable.zone_info),
    )


def _codes(told: Told) -> Codes:
    """What is not told may follow in a later record: it is no unknown code."""
    return Codes(
        types={code for code in (told.call_type_code, told.first_call_type_code) if code is not None},
        priority=told.priority_code,
        source=told.source_code,
        disposition=told.disposition,
        language=told.language_code,
    )


def _moments(told: Told) -> Iterator[datetime]:
    """When the feed would have spoken: at its stamp; without one at each step, as a row of a past call tells them."""
    if told.stamp is not None:
        yield told.stamp
    else:
        yield from (moment for step in STEPS if (moment := getattr(told, step)) is not None)


def _covered(tried: "_Tried") -> list[datetime]:
    """What a sample of past calls tells of the time after the last receipt is the end of few calls, not all that a feed
    would say."""
    last = tried.last_receipt if "stamp" in tried.lacks else None
    return [moment for moment in tried.moments if last is None or moment <= last]
