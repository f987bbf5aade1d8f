"""`records`: whether what CAD has told is kept, and adds up to what it says; and what people have said (R4, R6, R1)."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from tests.chaos.knowledge import FOR_EVER, Told
from tests.chaos.on_phones import Scene
from tests.chaos.people import words
from tests.chaos.reading import STEPS, counts_as_of
from tests.chaos.run_folder import Row, lines, maybe, moment
from tests.streams.known_by_the_words import Known, Verdict

_CODES: Final = ("case_number", "call_type_code", "priority_code", "source_code", "disposition")
_PAIR_OF: Final = {
    "call_type_code": "type",
    "priority_code": "priority",
    "source_code": "source",
    "disposition": "disposition",
}
_SAID_SECONDS: Final = 1.0
"""Real: by which the times of what was said are sharp."""


def records(scene: Scene) -> list[str]:
    return [*_taken(scene), *_kept(scene), *_facts(scene), *_opt_outs(scene)]


def _taken(scene: Scene) -> Iterator[str]:
    """Every record was taken in the end, or refused and kept as it came."""
    refused = 0
    for push in scene.run.pushes:
        refused += push.refused
        if push.taken is None and not push.refused:
            yield f"record {push.n} of {push.feed}: nobody ever took it"
    kept = _table(scene, "rejected_record")
    if len(kept) < min(refused, 1):
        yield f"{refused} records were refused, and none of them is kept"


def _kept(scene: Scene) -> Iterator[str]:
    """A record that was taken stands there as it was told; nothing stands there that nobody told."""
    rows: Counter[str] = Counter()
    for row in _table(scene, "cad_record"):
        rows[_key(row["call_id"], moment(row["stamp"]), row["body"])] += 1
        rows[_key(row["call_id"], None, row["body"])] += 0
    told: dict[str, set[str]] = defaultdict(set)
    maybe_told: set[str] = set()
    for call in scene.calls.values():
        for one in call.told:
            main = one.arrivals[-1]
            key = _key(call.call_id, counts_as_of(one.push.record, at=one.at), main.record.facts)
            maybe_told.add(key)
            if one.push.taken is not None:
                told[key].add(json.dumps([one.push.feed, *_content(one)], sort_keys=True))
    for key, contents in told.items():
        known = rows[key] if rows[key] or key not in rows else len(contents)
        if known < len(contents):
            yield f"{len(contents) - known} record(s) that were answered 202 are not kept: {key}"
    for key, count in rows.items():
        if count and key not in maybe_told and _without_stamp(key) not in maybe_told:
            yield f"a record that nobody told: {key}"


def _content(one: Told) -> list[Any]:
    return [[str(heard.record.stamp), heard.record.phone, dict(heard.record.facts)] for heard in one.arrivals]


def _key(call_id: str, stamp: datetime | None, facts: Mapping[str, Any]) -> str:
    """What is compared of a record: its call, its time, codes and steps."""
    told = {name: facts.get(name) for name in _CODES}
    told |= {name: maybe(facts.get(name)) for name in STEPS}
    shown = {name: str(value) for name, value in told.items() if value is not None}
    return f"{call_id} as of {stamp} {json.dumps(shown, sort_keys=True)}"


def _without_stamp(key: str) -> str:
    call, _, rest = key.partition(" as of ")
    return f"{call} as of None {rest[rest.index('{') :]}"


# The facts of a call


def _facts(scene: Scene) -> Iterator[str]:
    for call_id, call in scene.calls.items():
        row = scene.run.calls.get(call_id)
        if row is None:
            if any(one.push.taken is not None for one in call.told):
                yield f"{call_id}: CAD told of it, and it is not there"
            continue
        wrong = [list(_differences(row, known, is_sharp=not call.unsharp_by)) for known in call.last]
        if all(wrong):
            yield f"{call_id}: {'; '.join(wrong[-1])}"
    for call_id in scene.run.calls.keys() - scene.calls.keys():
        yield f"{call_id}: nobody told of it"


def _differences(row: Row, known: Known, *, is_sharp: bool) -> Iterator[str]:
    """Only what is for ever, where the order of its records hangs on when exactly they came (not `is_sharp`)."""
    facts = row["facts"]
    if known.is_latched != (row["latch"] is not None):
        yield f"its latch is {row['latch']!r}, and by the records it is {'up' if known.is_latched else 'not'} (R1)"
    if known.is_cancelled != (facts.get("cancelled") is not None):
        yield f"cancelled is {facts.get('cancelled')!r}, and by the records {known.is_cancelled}"
    if not is_sharp:
        return
    for name in STEPS:
        is_told, is_kept = known.told(name), maybe(facts.get(name))
        if is_told != is_kept:
            yield f"{name} is {is_kept}, and by the records {is_told}"
    for name in _CODES:
        pair = known.told(_PAIR_OF.get(name, name))
        is_told = pair[0] if name in _PAIR_OF and pair is not None else pair
        if is_told != facts.get(name):
            yield f"{name} is {facts.get(name)!r}, and by the records {is_told!r}"
    yield from _decision(row, known)


def _decision(row: Row, known: Known) -> Iterator[str]:
    may = known.verdict() is Verdict.TEXT
    is_closed = row["ended_reason"] is not None and row["rule"] == "no number to text"
    if may != (row["eligibility"] == "eligible") and not (may and is_closed):
        yield f"it is {row['eligibility']} ({row['rule']}), and by the records: {known.verdict().value}"
    phone = row.get("phone")
    if phone is not None and known.told("phone") is not None and phone != known.number():
        yield "its number is not the one that was told last"
    if phone is None and may and row["ended_reason"] is None:
        yield "it has no number, though the caller may be texted"


# What people said


def _opt_outs(scene: Scene) -> Iterator[str]:
    rows: dict[str, list[Row]] = defaultdict(list)
    row: Row
    for row in _table(scene, "opt_out"):
        rows[row["phone"]].append(row)
    sharp = scene.run.real(_SAID_SECONDS)
    for phone in scene.people.phones:
        for stop in scene.people.stops(phone):
            if stop.done is not None and not any(
                moment(row["since"]) <= stop.done + sharp and (maybe(row["ended_at"]) or FOR_EVER) >= stop.at - sharp
                for row in rows[phone]
            ):
                yield f"{phone} said {stop.body!r} at {stop.at.isoformat()}, and no opt-out is kept"
        yield from _last_word(scene, phone, rows[phone])
    for phone, its in rows.items():
        for row in its:
            said = [one for one in scene.people.said(phone) if one.at <= moment(row["since"]) + sharp]
            if not said and row.get("entered_by") is None:
                yield f"{phone} is opted out since {row['since']}, and had said nothing"


def _last_word(scene: Scene, phone: str, rows: list[Row]) -> Iterator[str]:
    """STOP or START, whichever came last; where it is sure which one did."""
    said = [*scene.people.stops(phone), *scene.people.starts(phone)]
    last = max(said, key=lambda one: one.at, default=None)
    if last is None or last.done is None or any((one.done or FOR_EVER) > last.at for one in said if one is not last):
        return
    is_out, is_stop = any(row["ended_at"] is None for row in rows), last in scene.people.stops(phone)
    if is_out != is_stop:
        yield f"{phone} said {words(last.body)!r} last, and is {'' if is_out else 'not '}opted out"


def _table(scene: Scene, name: str) -> list[dict[str, Any]]:
    file = scene.run.tables / f"{name}.jsonl"
    return list(lines(file)) if file.exists() else []
