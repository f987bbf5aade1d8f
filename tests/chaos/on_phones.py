"""The texts on the phones: each with its call, by its words, and whether it was owed when it went out."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from tests.chaos.knowledge import Call
from tests.chaos.people import People
from tests.chaos.run_folder import OnPhone, Row, Run
from tests.chaos.timetable import Owed, Timetable
from tests.chaos.words_on_phones import Wording, Words, plain
from tests.streams.known_by_the_words import Known, Verdict

FRESH_SECONDS: Final = 4.0
"""Real: what was checked may be two seconds old when the POST begins, and the POST needs its time to arrive."""
EARLY_SECONDS: Final = 0.2
"""Real: by which a text may seem to arrive before it is due: two clocks are read."""
WENT_OUT: Final = frozenset({"accepted", "sent", "delivered", "undelivered", "unknown"})


@dataclass(frozen=True)
class Text:
    """`call`: whose case number it tells. `row`: the ledger's of its id, whatever that says."""

    on: OnPhone
    words: Words
    call: Call | None
    row: Row | None

    @property
    def kind(self) -> str:
        return self.words.kind

    def __str__(self) -> str:
        call = "no call" if self.call is None else self.call.call_id
        return f"{call} {self.kind} on {self.on.to} at {self.on.at.isoformat()}"


class Scene:
    """The run with what was made of it: who was told what, what was known, what people said."""

    def __init__(self, run: Run, calls: Mapping[str, Call], timetable: Timetable) -> None:
        self.run = run
        self.calls = calls
        self.timetable = timetable
        self.people = People(run)
        self._wording = Wording(run.folder.path)
        self._by_case: dict[str, list[Call]] = defaultdict(list)
        for call in calls.values():
            for number in call.case_numbers:
                self._by_case[plain(number)].append(call)
        self.strange: list[OnPhone] = []
        self.replies: list[OnPhone] = []
        self.texts: list[Text] = []
        self._owed_then: dict[OnPhone, Sequence[Owed]] = {}
        for on in run.phones:
            self._sort(on)

    def _sort(self, on: OnPhone) -> None:
        words = self._wording.read(on.body)
        if words is None:
            self.strange.append(on)
        elif words.kind == "reply":
            self.replies.append(on)
        else:
            row = self.run.rows_by_id.get(on.mid or "")
            self.texts.append(Text(on, words, self._call(words, row), row))

    def _call(self, words: Words, row: Row | None) -> Call | None:
        """Of two calls with one case number, the ledger may say which."""
        candidates = self._by_case.get(words.case_number or "", [])
        if len(candidates) > 1 and row is not None:
            candidates = [call for call in candidates if call.call_id == row["call_id"]] or candidates
        return candidates[0] if candidates else None

    @cached_property
    def by_call(self) -> Mapping[str, Sequence[Text]]:
        """The texts of each call, in their order."""
        found: dict[str, list[Text]] = defaultdict(list)
        for text in self.texts:
            if text.call is not None:
                found[text.call.call_id].append(text)
        return found

    @cached_property
    def by_phone(self) -> Mapping[str, Sequence[Text]]:
        found: dict[str, list[Text]] = defaultdict(list)
        for text in self.texts:
            found[text.on.to].append(text)
        return found

    @cached_property
    def rows_by_call(self) -> Mapping[str, Sequence[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.run.texts:
            if row["call_id"] is not None:
                found[row["call_id"]].append(row)
        return found

    def checked_from(self, on: OnPhone) -> datetime:
        """The earliest moment at which the text may have been checked for the last time. A carrier that stood still,
        and a network that was slow, may have had it in hand for so long."""
        earliest = on.at - self.run.real(FRESH_SECONDS)
        held_up = timedelta(0)
        for blow in self.run.blows:
            on_the_way = "carrier" in blow.whom or blow.how in {"slow", "cut"}
            if on_the_way and blow.begins <= on.at and blow.ends >= earliest:
                held_up = max(held_up, blow.ends - blow.begins)
        return earliest - held_up

    def confirmed(self, call: Call, number: str) -> datetime | None:
        """When the confirmation was on that phone."""
        its = self.by_call.get(call.call_id, [])
        return min((text.on.at for text in its if text.kind == "confirmation" and text.on.to == number), default=None)

    def may_be_confirmed(self, call: Call, number: str, *, by: datetime) -> bool:
        """On the phone; or the carrier took it, or may have, and did not bring it there."""
        at = self.confirmed(call, number)
        if at is not None:
            return at <= by
        rows = self.rows_by_call.get(call.call_id, [])
        return any(row["kind"] == "confirmation" and row["state"] in WENT_OUT for row in rows)

    def owed_then(self, text: Text) -> Sequence[Owed]:
        """As which text it was owed, by something that may have been known when it was checked."""
        if text.on not in self._owed_then:
            self._owed_then[text.on] = self._find_owed(text)
        return self._owed_then[text.on]

    def _find_owed(self, text: Text) -> Sequence[Owed]:
        if text.call is None:
            return []
        begins = self.checked_from(text.on)
        ends = text.on.at + self.run.real(EARLY_SECONDS) + text.call.unsharp_by
        found: dict[datetime, Owed] = {}
        for segment in text.call.during(begins, text.on.at):
            since, until = max(begins, segment.begins), min(ends, max(segment.ends, text.on.at))
            for owed in self._owed(segment.knowns, until):
                fits = owed.kind == text.kind and owed.number == text.on.to
                if fits and owed.begins <= until and owed.ends > since:
                    found[owed.due] = owed
        return list(found.values())

    def _owed(self, knowns: Sequence[Known], until: datetime) -> Iterator[Owed]:
        for known in knowns:
            yield from self.timetable.owed(known, until=until + timedelta(microseconds=1))

    def why_not(self, text: Text) -> str:
        """In words, why it was not owed: by the most that may have been known."""
        assert text.call is not None
        segments = list(text.call.during(self.checked_from(text.on), text.on.at))
        if not segments:
            return "R1: CAD had not told of the call"
        known = segments[-1].knowns[-1]
        if known.verdict() is not Verdict.TEXT:
            return f"R1: it may not be texted ({known.verdict().value})"
        if known.number() != text.on.to:
            told = "another one is its number now" if text.on.to in known.numbers else "it never had this number"
            return f"R1: {told}"
        times = [
            f"{owed.begins.isoformat()} to {owed.ends.isoformat()}"
            for owed in self.timetable.owed(known, until=text.on.at + self.timetable.rules.repeat)
            if owed.kind == text.kind
        ]
        return f"R5: owed then: {', '.join(times[-3:]) or 'none of this kind'}"
