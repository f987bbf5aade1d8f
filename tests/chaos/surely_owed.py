"""What MUST be sent: the texts that were owed by everything that may have been known, for long enough."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tests.chaos.knowledge import FOR_EVER, Call, Segment
from tests.chaos.on_phones import Scene
from tests.chaos.stretches import Stretches, both, length, without
from tests.streams.known_by_the_words import Known, Verdict

RECOVERY_SECONDS: Final = 45.0
"""Real, after a blow: an attempt's timeout is 30 s, its lease 25 s, and two of them may follow each other."""

MOST_RECOVERY_SECONDS: Final = 150.0
"""Real: so much getting up excuses one text, however many blows fell: it is not the one in hand every time."""

_Notice = tuple[datetime, datetime | None, int]  # when it is due, since when the caller waits, how many came before
_Key = tuple[str, str, _Notice | None]


@dataclass(frozen=True)
class SurelyOwed:
    """`stretches`: when, however late the service heard of things. `by_expiry`: it ends because the text is not true
    any more by its age, so that the ledger must say so; else because something happened to the call."""

    call: Call
    kind: str
    number: str
    due: datetime
    stretches: Stretches
    by_expiry: bool

    def undisturbed(
        self, scene: Scene, *, with_its_expiry: bool = False, in_doubt: Sequence[tuple[datetime, datetime]] = ()
    ) -> float:
        """Real seconds of it in which nothing was struck, or getting up again, and staff did not hold it.

        `with_its_expiry`: and of the time after, in which the service could only say that it has expired. `in_doubt`:
        when it could not be sent, for it might have been already.
        """
        held = [(hold.perhaps_from, hold.perhaps_until) for hold in scene.people.held(self.call.call_id)]
        held += in_doubt
        stretches = list(self.stretches)
        if with_its_expiry and self.by_expiry:
            expired = stretches[-1][1]
            stretches += both([(expired, scene.run.ends)], [(expired, self._until_something_happens(scene))])
        left = without(stretches, held)
        undisturbed = without(left, struck(scene))
        standing = [(blow.begins, blow.ends) for blow in scene.run.blows]
        is_left = stretches[-1][1] == scene.run.ends  # the run was left in peace until all was over, and it is not
        excused = RECOVERY_SECONDS if is_left else MOST_RECOVERY_SECONDS
        at_least = scene.run.seconds(length(without(left, standing))) - excused
        return max(scene.run.seconds(length(undisturbed)), at_least)

    def _until_something_happens(self, scene: Scene) -> datetime:
        """After its expiry: the first moment at which the call may have been in another state than it was owed in."""
        expired = self.stretches[-1][1]
        later = (segment for segment in self.call.segments if segment.ends > expired)
        for segment in later:
            if not all(self._stands(known) for known in segment.knowns):
                return max(segment.begins, expired)
        return over_from(scene, self.call)

    def _stands(self, known: Known) -> bool:
        if known.verdict() is not Verdict.TEXT or known.number() != self.number:
            return False
        if self.kind == "survey":
            return known.cleared_at() is not None
        is_waiting = known.cleared_at() is None
        return is_waiting and (
            self.kind == "confirmation" or (not known.has_officer() and known.waiting_since() < self.due)
        )

    def __str__(self) -> str:
        return f"{self.call.call_id} {self.kind} to {self.number}, due {self.due.isoformat()}"


def struck(scene: Scene) -> Stretches:
    """When something was struck, or was getting up again."""
    recovery = scene.run.real(RECOVERY_SECONDS)
    return [(blow.begins, blow.ends + recovery) for blow in scene.run.blows]


def surely_owed(scene: Scene, call: Call) -> Iterator[SurelyOwed]:
    """Every text of the call that is owed for sure, if only for a moment; where the caller may be texted at all."""
    over = over_from(scene, call)
    for (kind, number, notice), (due, stretches, by_themselves) in _by_key(scene, call).items():
        begins = call.segments[0].begins if kind == "confirmation" else scene.confirmed(call, number)
        if begins is None or _speaks_against(scene, call, number, kind, by=stretches[-1][1]):
            continue
        if notice is not None and _is_told_enough(scene, call, notice, by=stretches[0][0]):
            continue
        ends = min([over, scene.run.ends, *_by_the_ledger(scene, call, (kind, number), stretches[0][0])])
        left = both(stretches, [(begins, ends)])
        if left:
            yield SurelyOwed(call, kind, number, due, left, by_expiry=left[-1][1] in by_themselves)


def _by_key(scene: Scene, call: Call) -> dict[_Key, tuple[datetime, Stretches, set[datetime]]]:
    """Of each text when it is due, when it is owed, and at which moments it would end by itself."""
    found: dict[_Key, tuple[datetime, Stretches, set[datetime]]] = {}
    for segment in call.segments:
        for key, (due, stretches, ends) in _in_segment(scene, segment).items():
            old_due, old, old_ends = found.get(key, (due, [], set()))
            found[key] = min(due, old_due), [*old, *stretches], ends | old_ends
    return found


def _in_segment(scene: Scene, segment: Segment) -> dict[_Key, tuple[datetime, Stretches, set[datetime]]]:
    until = min(segment.ends, scene.run.ends)
    if until <= segment.begins:
        return {}
    for_all: dict[_Key, tuple[datetime, Stretches, set[datetime]]] | None = None
    for known in segment.knowns:
        its = _of_known(scene, known, (segment.begins, until))
        if for_all is None:
            for_all = its
            continue
        common = {key: (its[key], for_all[key]) for key in its.keys() & for_all.keys()}
        for_all = {
            key: (min(one[0], other[0]), both(one[1], other[1]), one[2] & other[2])
            for key, (one, other) in common.items()
        }
    return {key: found for key, found in (for_all or {}).items() if found[1]}


def _of_known(
    scene: Scene, known: Known, within: tuple[datetime, datetime]
) -> dict[_Key, tuple[datetime, Stretches, set[datetime]]]:
    found: dict[_Key, tuple[datetime, Stretches, set[datetime]]] = {}
    for owed in scene.timetable.owed(known, until=within[1]):
        stretches = both([(owed.begins, owed.ends)], [within])
        if stretches:
            notice = (owed.due, owed.since, owed.place) if owed.kind == "delay" else None
            key = owed.kind, owed.number, notice
            due, old, ends = found.get(key, (owed.due, [], set()))
            found[key] = due, [*old, *stretches], ends | ({owed.ends} if owed.is_last else set())
    return found


def _speaks_against(scene: Scene, call: Call, number: str, kind: str, *, by: datetime) -> bool:
    """The person may have said STOP, or may have had as many texts as the policy allows."""
    received = min((at for known in call.last if (at := known.told("received_at")) is not None), default=FOR_EVER)
    if scene.people.may_be_stopped(number, received=received, at=by):
        return True
    others = [text for text in scene.by_phone.get(number, []) if text.on.at <= by]
    if len(others) >= scene.timetable.texts_a_day:
        return True
    return kind == "survey" and any(text.kind == "survey" and text.call is not call for text in others)


def _is_told_enough(scene: Scene, call: Call, notice: _Notice, *, by: datetime) -> bool:
    """As many notices as the policy has; or this one's place was taken when another threshold counted."""
    due, since, place = notice
    its = [text for text in scene.by_call.get(call.call_id, []) if text.kind == "delay"]
    rows = [row for row in scene.rows_by_call.get(call.call_id, []) if row["kind"] == "delay"]
    told = {text.on.mid for text in its if all(owed.due != due for owed in scene.owed_then(text))}
    told |= {
        str(row["id"]) for row in rows if row["state"] != "expired" and datetime.fromisoformat(row["due_at"]) != due
    }
    if len(told) >= scene.timetable.notices_at_most:
        return True
    dues = {
        row_due
        for row in rows
        if (row_due := datetime.fromisoformat(row["due_at"])) != due
        and datetime.fromisoformat(row["settled_at"] or row["due_at"]) <= by
    }
    return sum(since is not None and one > since for one in dues) > place


def over_from(scene: Scene, call: Call) -> datetime:
    """The first moment at which its workflow may have ended: from then on nothing is owed for sure."""
    moments = [FOR_EVER]
    may_have_begun, undecided_until = False, call.segments[0].begins + scene.timetable.undecided_for
    for segment in call.segments:
        may_have_begun = may_have_begun or any(known.verdict() is Verdict.TEXT for known in segment.knowns)
        if not segment.is_surely(Verdict.TEXT) and segment.begins <= undecided_until < segment.ends:
            moments.append(undecided_until)
        if may_have_begun:
            for known in segment.knowns:
                moments += _ends_in(scene, call, segment, known)
    return min(moments)


def _ends_in(scene: Scene, call: Call, segment: Segment, known: Known) -> Iterator[datetime]:
    if known.verdict() is Verdict.END:
        yield segment.begins
    if known.verdict() is not Verdict.TEXT:
        return
    cleared = known.cleared_at()
    if cleared is None:
        give_up = known.received_at() + scene.timetable.give_up_after
        if give_up < segment.ends:
            yield max(give_up, segment.begins)
        return
    confirmed = scene.confirmed(call, known.number())
    if confirmed is None or confirmed > segment.begins:
        yield segment.begins
    asked = scene.timetable.opening(cleared + scene.timetable.survey_after)
    if not (scene.timetable.has_surveys and known.is_surveyed()) and asked < segment.ends:
        yield max(asked, segment.begins)


def _by_the_ledger(scene: Scene, call: Call, of: tuple[str, str], begins: datetime) -> Iterator[datetime]:
    """A confirmation that expired, and a survey whatever came of it, end a call for every other text, and for what
    falls due again after that. (Whether they had reason to is asked elsewhere.)"""
    for row in scene.rows_by_call.get(call.call_id, []):
        is_end = row["kind"] == "survey" or (row["kind"] == "confirmation" and row["state"] == "expired")
        if is_end and row["settled_at"] is not None:
            settled = datetime.fromisoformat(row["settled_at"])
            is_itself = row["kind"] == of[0] and (of[0] == "survey" or row.get("phone") == of[1])
            is_still_true = is_itself and settled >= begins
            yield max(settled, datetime.fromisoformat(row["expires_at"])) if is_still_true else settled


def all_surely_owed(scene: Scene) -> Sequence[SurelyOwed]:
    return [owed for call in scene.calls.values() for owed in surely_owed(scene, call)]


def by_call(all_: Sequence[SurelyOwed]) -> dict[str, list[SurelyOwed]]:
    found: dict[str, list[SurelyOwed]] = defaultdict(list)
    for owed in all_:
        found[owed.call.call_id].append(owed)
    return found
