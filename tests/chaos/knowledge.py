"""What the service knew of a call, and when: for sure, perhaps, or not yet.

A record is in its database at some moment between its first sending (also one that was never answered: the connection
may have broken after the commit) and a second after its 202. In between nobody outside can tell. So a call's time is
cut into segments at these moments, and a segment has every set of records that the service may have had in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import combinations
from typing import Final

from tests.chaos.reading import Heard, heard, is_sharp
from tests.chaos.run_folder import Push, Run
from tests.chaos.timetable import Timetable
from tests.streams.known_by_the_words import Known, Verdict

TAKEN_AFTER_SECONDS: Final = 1.0
"""Real: a 202 comes after the commit; so much may two clocks, or the writing down of the answer, be off."""
MOST_IN_DOUBT: Final = 7
"""Of more records that were in doubt at once not every set is asked: see `_sets`."""
FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Told:
    """A record: `sent` is when it may have been known, `sure` when it was."""

    push: Push
    arrivals: Sequence[Heard]
    sent: datetime
    sure: datetime

    @property
    def at(self) -> datetime:
        """When it was received, as near as that is known."""
        return self.push.taken or self.push.sent


@dataclass(frozen=True)
class Segment:
    """A stretch of time in which what may have been known does not change. `knowns`: all that it may have been."""

    begins: datetime
    ends: datetime
    knowns: Sequence[Known]

    def is_surely(self, verdict: Verdict) -> bool:
        return bool(self.knowns) and all(known.verdict() is verdict for known in self.knowns)


class Call:
    """One call of CAD's, as CAD has told it."""

    def __init__(self, call_id: str, told: Sequence[Told], timetable: Timetable) -> None:
        self.call_id = call_id
        self.told = sorted(told, key=lambda one: one.sent)
        self.timetable = timetable
        self._by_set: dict[frozenset[int], Known] = {}

    @cached_property
    def segments(self) -> list[Segment]:
        """From its first record on; the last has no end."""
        bounds = sorted({moment for one in self.told for moment in (one.sent, one.sure)} - {FOR_EVER})
        pairs = zip(bounds, [*bounds[1:], FOR_EVER], strict=True)
        return [Segment(begins, ends, self._knowns(begins)) for begins, ends in pairs]

    @property
    def last(self) -> Sequence[Known]:
        """All that may be known of it in the end: one, where every record was taken."""
        return self.segments[-1].knowns

    def during(self, begins: datetime, ends: datetime) -> Iterator[Segment]:
        """The segments that lie in, or reach into, that time."""
        for segment in self.segments:
            if segment.begins <= ends and segment.ends > begins:
                yield segment

    @cached_property
    def case_numbers(self) -> set[str]:
        """Every one that was ever told of it."""
        told = (arrival.record.facts.get("case_number") for one in self.told for arrival in one.arrivals)
        return {number for number in told if number is not None}

    @cached_property
    def unsharp_by(self) -> timedelta:
        """How far its times may be off where they hang on when exactly a record was received; mostly nothing."""
        unsharp = (one for one in self.told if not is_sharp(one.push.record, at=one.at))
        return max((one.at - one.sent for one in unsharp), default=timedelta(0))

    def _knowns(self, at: datetime) -> list[Known]:
        sure = frozenset(n for n, one in enumerate(self.told) if one.sure <= at)
        doubtful = [n for n, one in enumerate(self.told) if one.sent <= at < one.sure]
        return [self._known(sure | some) for some in _sets(doubtful)]

    def _known(self, of: frozenset[int]) -> Known:
        if of not in self._by_set:
            known = Known(self.timetable.rules)
            for n in sorted(of):
                for arrival in self.told[n].arrivals:
                    known.hear(arrival)
            self._by_set[of] = known
        return self._by_set[of]


def _sets(doubtful: Sequence[int]) -> Iterator[frozenset[int]]:
    """Every set of them. Where they are too many: the first so many, in the order in which they were sent, and all but
    one; a sender keeps its queue in order, others come from an end that broke."""
    if len(doubtful) <= MOST_IN_DOUBT:
        for size in range(len(doubtful) + 1):
            yield from map(frozenset, combinations(doubtful, size))
        return
    yield from (frozenset(doubtful[:n]) for n in range(len(doubtful) + 1))
    yield from (frozenset(doubtful) - {n} for n in doubtful)


def calls_of(run: Run, timetable: Timetable) -> dict[str, Call]:
    """Each call that CAD has told of, by its id. A record that was refused for good tells nothing for sure."""
    told: dict[str, list[Told]] = {}
    for push in run.pushes:
        cad_id = push.record.get("cad_id")
        if isinstance(cad_id, str):
            told.setdefault(f"{run.agency}-{cad_id}", []).append(_told(push, run))
    return {call_id: Call(call_id, its, timetable) for call_id, its in told.items()}


def _told(push: Push, run: Run) -> Told:
    sure = FOR_EVER if push.taken is None else push.taken + run.real(TAKEN_AFTER_SECONDS)
    at = push.taken or push.sent
    return Told(push=push, arrivals=heard(push.record, run.folder, at=at), sent=push.sent, sure=sure)
