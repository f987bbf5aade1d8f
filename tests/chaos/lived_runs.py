"""A run's folder lived by the service's own pure parts (record, decision, state machine), on the random streams of
tests/streams: without servers, but with outages and with records of which nobody outside knows when they were heard."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from calls.contracts import LedgerState, TextRecord
from calls.policy import Policy
from calls.timetable import End, Send, Wait, next_step
from starter.records import CadRecord
from tests.campaign.script import phone_number
from tests.chaos.made_run import Line, MadeRun, words
from tests.streams.lives import Heard
from tests.streams.streams import NUMBERS, Arrival, stream

_NAMES: Final = {"priority_code": "priority", "call_type_code": "call_type", "source_code": "source"}
_READINGS: Final = {"priority", "call_type_group", "source", "outcome"}
_LONG: Final = timedelta(days=60)

Outages = Sequence[tuple[datetime, datetime]]


@dataclass
class _One:
    """A call, with numbers and a case number of its own."""

    cad_id: str
    arrivals: Sequence[Arrival]
    heard: Heard


def lived_run(seeds: Iterable[int], policy: Policy, *, outages: int = 0) -> MadeRun:
    """The same for the same seeds. `outages`: how many for each call, of minutes to hours."""
    run = MadeRun()
    calls = [_one(seed, policy) for seed in seeds]
    moments = [arrival.at for call in calls for arrival in call.arrivals]
    run.plan |= {"begins": min(moments).isoformat(), "ends": (max(moments) + _LONG).isoformat()}
    for call in calls:
        dice = random.Random(call.cad_id)
        its = _outages(call, dice, outages)
        for begins, ends in its:
            seconds = (ends - begins).total_seconds() / run.plan["speed"]
            run.blows.append({"at": begins.isoformat(), "whom": "worker", "how": "stop", "seconds": seconds})
        for arrival in call.arrivals:
            _push(run, call, arrival, dice)
        _live(run, call, policy, its)
        _keep(run, call, policy)
    return run


def _one(seed: int, policy: Policy) -> _One:
    numbers = {number: phone_number(3 * seed + place) for place, number in enumerate(NUMBERS)}

    def own(record: CadRecord) -> CadRecord:
        facts = {**record.facts} | ({"case_number": f"26-{seed}"} if record.facts.get("case_number") else {})
        phone = numbers.get(record.phone or "", record.phone)
        return record.model_copy(update={"facts": facts, "phone": phone, "cad_id": str(seed)})

    arrivals = [Arrival(arrival.at, own(arrival.record)) for arrival in stream(seed, cad_id=str(seed)).arrivals]
    return _One(str(seed), arrivals, Heard(policy))


def _outages(call: _One, dice: random.Random, count: int) -> Outages:
    if not call.arrivals:
        return []
    first = call.arrivals[0].at
    begins = sorted(first + timedelta(minutes=dice.randrange(60 * 12)) for _ in range(count))
    return [(at, at + timedelta(minutes=dice.choice((5, 40, 120)))) for at in begins]


def _push(run: MadeRun, call: _One, arrival: Arrival, dice: random.Random) -> None:
    """Sent before it was heard, answered after it; sometimes the answer was lost, and it was sent again."""
    record = arrival.record
    told = {_NAMES.get(name, name): value for name, value in record.facts.items() if name not in _READINGS}
    told |= {} if record.phone is None else {"phone": record.phone}
    body = {"cad_id": call.cad_id, "updated_at": record.stamp and record.stamp.isoformat(), **told}
    line: Line = {"n": len(run.told), "feed": "cad", "record": body}
    sent, answered = (arrival.at + sign * timedelta(seconds=dice.randrange(90)) for sign in (-1, 1))
    if dice.random() < 0.2:
        run.told.append({**line, "sent": sent.isoformat(), "answered": None, "status": None})
        sent = answered + timedelta(seconds=dice.randrange(300))
        answered = sent + timedelta(seconds=1)
    run.told.append({**line, "sent": sent.isoformat(), "answered": answered.isoformat(), "status": 202})
    stamp = record.counts_as_of(now=arrival.at)
    row = {"call_id": f"ottawa-{call.cad_id}", "stamp": stamp.isoformat(), "body": dict(record.facts)}
    if row not in run.cad_records or record.content_hash(phone_hash=record.phone) not in call.heard.contents:
        run.cad_records.append(row)


def _live(run: MadeRun, call: _One, policy: Policy, outages: Outages) -> None:
    """As in tests/streams/lives.py; in an outage nothing is done, though records are taken in."""
    coming = list(call.arrivals)

    def hear(until: datetime) -> None:
        while coming and coming[0].at <= until:
            arrival = coming.pop(0)
            call.heard.take(arrival.record, at=arrival.at)

    while coming:
        now = coming[0].at
        hear(now)
        if call.heard.call.decision.is_eligible:
            break
    else:
        return
    texts: list[TextRecord] = []
    while True:
        now = next((ends for begins, ends in outages if begins <= now < ends), now)
        hear(now)
        step = next_step(call=call.heard.call, texts=texts, timetable=policy.timetable, now=now)
        match step:
            case End():
                break
            case Send():
                texts.append(_send(run, call, step, now))
            case Wait():
                now = min(step.until, coming[0].at) if coming else step.until
    hear(max(now, *(arrival.at for arrival in call.arrivals)))
    told = [f"{text.key.title}: {text.state}" for text in texts]
    run.histories.append(
        {"workflow_id": f"call-ottawa-{call.cad_id}", "run_id": f"run-{call.cad_id}", "status": "COMPLETED"}
        | {"reason": "over", "events": {}, "replays": True, "texts": told}
    )


def _send(run: MadeRun, call: _One, step: Send, now: datetime) -> TextRecord:
    is_expired = now >= step.expires_at
    number, identity = call.heard.number or "", str(UUID(int=len(run.texts) + 1))
    row: Line = {"id": identity, "call_id": f"ottawa-{call.cad_id}", "kind": step.key.kind.value, "phone": number}
    row |= {"sequence": step.key.sequence, "state": "expired" if is_expired else "delivered"}
    row |= {"rule": "expired" if is_expired else None, "settled_at": now.isoformat()}
    run.texts.append(row | {"due_at": step.due_at.isoformat(), "expires_at": step.expires_at.isoformat()})
    if not is_expired:
        body = words(step.key.kind.value, call.cad_id)
        run.phones.append({"to": number, "body": body, "sid": identity, "at": now.isoformat(), "mid": identity})
    state = LedgerState.EXPIRED if is_expired else LedgerState.ACCEPTED
    return TextRecord(key=step.key, state=state, due_at=step.due_at)


def _keep(run: MadeRun, call: _One, policy: Policy) -> None:
    if not call.arrivals:
        return
    known = call.heard.call
    run.calls[f"ottawa-{call.cad_id}"] = {
        "call_id": f"ottawa-{call.cad_id}",
        "eligibility": known.decision.eligibility.value,
        "rule": known.decision.rule,
        "latch": call.heard.record.latch,
        "ended_reason": "over",
        "facts": known.facts.model_dump(mode="json"),
        "phone": call.heard.number if known.decision.is_eligible else None,
    }
