"""`doubled` and `forbidden`: texts that must not be on a phone."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from tests.chaos.on_phones import Scene, Text

_EDGE: Final = timedelta(minutes=5)
"""Of the service: how sharply the end of a day, or of a month, is seen, over which texts to a number are counted."""
_DAY: Final = timedelta(hours=24)


def doubled(scene: Scene) -> list[str]:
    """R2: by our ids, by the words, and by what the texts say."""
    mids = Counter(text.mid for text in scene.run.phones if text.mid is not None)
    found = [f"{mid} is on a phone {count} times" for mid, count in mids.items() if count > 1]
    once = [text for text in scene.texts if text.kind != "delay"]  # one notice after the other has the same words
    same = Counter((text.on.to, text.on.body) for text in once)
    found += [f"{to} has the same words {count} times: {body[:60]}…" for (to, body), count in same.items() if count > 1]
    for its in scene.by_call.values():
        found += _twice_to_a_call(scene, its)
    return found


def _twice_to_a_call(scene: Scene, texts: Sequence[Text]) -> Iterator[str]:
    seen: dict[tuple[object, ...], list[Text]] = defaultdict(list)
    for text in texts:
        for key in _keys(scene, text):
            if text not in seen[key]:
                seen[key].append(text)
    for key, its in seen.items():
        if len(its) > 1:
            yield f"{its[1]}: as {its[0]} ({', '.join(map(str, key))})"


def _keys(scene: Scene, text: Text) -> Iterator[tuple[object, ...]]:
    """What only one text of a call may be: the confirmation of a number, the survey, the notice of one waiting."""
    match text.kind:
        case "confirmation":
            yield "confirmation", text.on.to
        case "survey":
            yield ("survey",)
        case _:
            dues = scene.owed_then(text)
            if len(dues) == 1:
                yield "notice due", dues[0].due.isoformat()
            if text.row is not None:
                yield "notice", text.row["sequence"]


def forbidden(scene: Scene) -> list[str]:
    """R1, R5, R6 and the limits per number: nothing that may have been known allowed it."""
    found = [f"{on.to} at {on.at.isoformat()}: words that are none of the agency's" for on in scene.strange]
    found += _unasked_replies(scene)
    for text in scene.texts:
        found += [f"{text}: {why}" for why in _against(scene, text)]
    return found


def _against(scene: Scene, text: Text) -> Iterator[str]:
    if text.call is None:
        yield "R1: CAD told of no call with this case number"
        return
    if text.row is not None and (text.row["call_id"], text.row["kind"]) != (text.call.call_id, text.kind):
        yield f"R2: its id in the ledger is that of {text.row['call_id']} {text.row['kind']}"
    if not scene.owed_then(text):
        yield scene.why_not(text)
    if text.kind != "confirmation" and not scene.may_be_confirmed(text.call, text.on.to, by=text.on.at):
        yield "R2: no confirmation came before it"
    yield from _against_the_cap(scene, text)
    yield from _against_people(scene, text)
    yield from _against_limits(scene, text)


def _against_the_cap(scene: Scene, text: Text) -> Iterator[str]:
    assert text.call is not None
    notices = [other for other in scene.by_call[text.call.call_id] if other.kind == "delay"]
    if text.kind == "delay" and notices.index(text) >= scene.timetable.notices_at_most:
        yield "R2: more delay notices than the policy has"


def _against_people(scene: Scene, text: Text) -> Iterator[str]:
    assert text.call is not None
    checked = scene.checked_from(text.on)
    received = [known.told("received_at") for known in text.call.last]
    latest = max((at for at in received if at is not None), default=text.on.at)
    earliest = min((at for at in received if at is not None), default=text.on.at)
    stop = scene.people.is_surely_stopped(text.on.to, received=latest, at=checked)
    if stop is not None:
        yield f"R6: the phone said {stop.body!r} at {stop.at.isoformat()}, and it was taken"
    wrong = scene.people.is_wrong_number(text.on.to, received=latest, at=checked)
    if wrong is not None and wrong.at >= earliest:
        yield f"R6: the phone said {wrong.body!r}, and it was taken"
    for held in scene.people.held(text.call.call_id):
        if held.surely_from <= checked and text.on.at < held.surely_until:
            yield f"staff had stopped it at {held.surely_from.isoformat()}"


def _against_limits(scene: Scene, text: Text) -> Iterator[str]:
    before = [other for other in scene.by_phone[text.on.to] if other.on.at < text.on.at]
    if len(since(before, text.on.at - _DAY + _EDGE)) >= scene.timetable.texts_a_day:
        yield "more texts a day than the policy has"
    surveys = [other for other in before if other.kind == "survey"]
    if text.kind == "survey" and since(surveys, text.on.at - scene.timetable.one_survey_in + _EDGE):
        yield "a second survey to this number within the policy's days"


def since(texts: Sequence[Text], moment: datetime) -> list[Text]:
    return [text for text in texts if text.on.at >= moment]


def _unasked_replies(scene: Scene) -> Iterator[str]:
    """A reply answers something: at most one each."""
    counts: Counter[str] = Counter()
    for on in scene.replies:
        counts[on.to] += 1
        said = [said for said in scene.people.said(on.to) if said.at <= on.at]
        if counts[on.to] > len(said):
            yield f"{on.to} at {on.at.isoformat()}: a reply to nothing that was said"
