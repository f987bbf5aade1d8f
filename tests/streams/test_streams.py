"""Thousands of streams of records, each beside an independent calculation and beside the rules themselves; a sample of
them through the real service.

A failure names the stream's seed: `stream(seed)` is that stream.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest

from calls.call_record import CallRecord
from calls.facts import CallFacts
from database.encryption import load_keyring, new_key
from policy.agency import load_agency
from starter.records import CadRecord
from tests.builders import NOON, minutes
from tests.conftest import AGENCIES, FIGURES
from tests.streams.by_the_words import SentText, broken_rules, expected
from tests.streams.lives import Heard, differences, sent
from tests.streams.service import sent_by_the_service, with_numbers_of_its_own
from tests.streams.streams import Arrival, Stream, stream
from tests.streams.test_anomalies import ALICE, BOB, received, says

OTTAWA = AGENCIES / "ottawa"
POLICY = load_agency(OTTAWA).policy
MANY, A_SAMPLE = 5_000, 100
A_HUNDRED_TIMES, A_LARGE_SAMPLE, AT_ONCE = 500_000, 2_000, 500


def check(seeds: Iterable[int]) -> str:
    """Each stream on the state machine: no rule broken, and what the words say; how many there were."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        one = stream(seed)
        texts = sent(one, POLICY)
        assert broken_rules(one, texts) == [], f"stream({seed})"
        assert not (found := differences(texts, expected(one))), f"stream({seed}):\n{found}"
        counts["streams"] += 1
        counts["records"] += len(one.arrivals)
        counts.update(f"{text.kind} texts" for text in texts)
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def check_the_service(seeds: Iterable[int]) -> str:
    """Each stream through PostgreSQL, Temporal, the workflow, the worker and the ledger: the same texts."""
    keys = {"encryption_keys": f"k:{new_key()}", "lookup_key": new_key()}
    hash_of = load_keyring(**keys).phone_hash
    streams = [with_numbers_of_its_own(stream(seed, cad_id=str(seed)), place) for place, seed in enumerate(seeds)]
    streams = [one for one in streams if one.arrivals]
    found = sent_by_the_service(streams, OTTAWA, keys=keys)
    counts: Counter[str] = Counter()
    for one in streams:
        mine = sent(one, POLICY, hash_of=hash_of)
        its = _as_exact(found.get(str(one.seed), []), mine)
        assert not (wrong := differences(mine, its)), f"stream({one.seed}):\n{wrong}"
        assert broken_rules(one, its) == [], f"stream({one.seed})"
        counts["streams"] += 1
        counts["records"] += len(one.arrivals)
        counts.update(f"{text.kind} texts" for text in its)
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def _as_exact(its: list[SentText], mine: list[SentText]) -> list[SentText]:
    """The service's, with the other's time of sending where the two lie within a second: its clock is a real one."""
    times = {(text.kind, text.sequence, text.number): text.sent_at for text in mine}

    def exact(text: SentText) -> SentText:
        at = times.get((text.kind, text.sequence, text.number), text.sent_at)
        near = abs((text.sent_at - at).total_seconds()) <= 1
        return SentText(text.kind, text.sequence, text.number, text.due_at, at if near else text.sent_at)

    return [exact(text) for text in its]


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Said at the end of the run: the figures."""

    def say(what: str) -> None:
        record_property(FIGURES, what)

    return say


def test_r1_to_r6_five_thousand_streams_break_no_rule_and_come_out_as_the_words_say(say: Callable[[str], None]) -> None:
    say(f"state machine: {check(range(MANY))}")


@pytest.mark.timeout(600)
def test_a_hundred_of_them_come_out_the_same_through_the_real_workflow(say: Callable[[str], None]) -> None:
    say(f"real workflow: {check_the_service(range(A_SAMPLE))}")


@pytest.mark.deep
@pytest.mark.timeout(2 * 3600)
def test_a_hundred_times_as_many_streams(say: Callable[[str], None]) -> None:
    say(f"state machine: {check(range(MANY, MANY + A_HUNDRED_TIMES))}")


@pytest.mark.deep
@pytest.mark.timeout(2 * 3600)
def test_two_thousand_through_the_real_workflow(say: Callable[[str], None]) -> None:
    for first in range(A_SAMPLE, A_SAMPLE + A_LARGE_SAMPLE, AT_ONCE):
        say(f"real workflow: {check_the_service(range(first, first + AT_ONCE))}")


class TestOneCall:
    """One call's records, a thousand times shuffled and repeated: all of it made within three minutes of receipt."""

    RECORDS = tuple(
        arrival.record
        for arrival in (
            received(phone=None, case_number=None),
            says(0.2, phone=ALICE),
            says(0.3, case_number="26-104233"),
            says(0.5, call_type_code="ZOMBIES", call_type_group=""),
            says(0.7, call_type_code="THEFT", call_type_group="theft"),
            says(0.8, source_code="radio", source="officer"),
            says(0.9, source_code="phone", source="resident"),
            says(1.0, dispatched_at=1.0, language="fr"),
            says(1.2, requeued_at=1.2),
            says(1.2, priority_code="3", priority=3),
            says(1.2, priority_code="X", priority=None),
            says(1.4, priority_code="3", priority=3),
            says(1.5, phone=BOB),
            says(1.6, dispatched_at=1.6),
            says(1.8, cleared_at=1.8, disposition="R", outcome="ordinary"),
            says(1.8, cleared_at=1.7),
            says(2.0, reopened_at=2.0, phone=ALICE),
            says(2.5, call_ended_at=2.5),
        )
    )
    SILENCING = says(1.1, call_type_code="DVA", call_type_group="intimate_partner_violence").record

    def shuffled(self, dice: random.Random, *more: CadRecord) -> list[CadRecord]:
        records = [*self.RECORDS, *more, *dice.choices(self.RECORDS, k=dice.randrange(10))]
        dice.shuffle(records)
        return records

    def test_r4_a_thousand_orders_and_repetitions_end_in_one_record(self) -> None:
        dice = random.Random(7)
        ends: list[tuple[CallRecord, CallFacts]] = []
        for _ in range(1000):
            heard = Heard(POLICY)
            for record in self.shuffled(dice):
                heard.take(record, at=NOON + minutes(2.6))
            ends.append((heard.record, heard.facts))
        assert all(end == ends[0] for end in ends)

    def test_where_all_arrive_before_the_first_text_is_due_the_texts_are_the_same(self) -> None:
        dice = random.Random(8)
        ends = [sent(arriving(self.shuffled(dice), lambda: 0), POLICY) for _ in range(1000)]
        assert [text.kind for text in ends[0]] == ["confirmation", "delay", "delay", "delay"]
        assert all(end == ends[0] for end in ends)

    def test_r1_otherwise_nothing_is_sent_after_any_prefix_that_forbids_it(self) -> None:
        """The same records in any order, seconds to hours apart; in half of the runs one of them silences."""
        dice = random.Random(9)
        texts, silenced = 0, 0
        for turn in range(1000):
            records = self.shuffled(dice, *([self.SILENCING] if turn % 2 else []))
            one = arriving(records, lambda: dice.choice((0, 1, 2, 5, 300)))
            found = sent(one, POLICY)
            assert broken_rules(one, found) == []
            if self.SILENCING in records:
                since = next(arrival.at for arrival in one.arrivals if arrival.record == self.SILENCING)
                assert all(text.sent_at < since for text in found)
                silenced += 1
            texts += len(found)
        assert silenced == 500
        assert texts > 500


def arriving(records: Iterable[CadRecord], seconds_between: Callable[[], int]) -> Stream:
    """The records in this order, the first two and a half minutes after receipt."""
    at, arrivals = NOON + minutes(2.6), []
    for record in records:
        arrivals.append(Arrival(at, record))
        at += timedelta(seconds=seconds_between())
    return Stream(seed=0, arrivals=tuple(arrivals))
