"""The cut of the day: every cell that is written has six, nothing is lost and nothing twice, whatever was held."""

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from survey.context import DelayBand, context_of, delay_band, iso_week
from survey.cut import COMPANY_AFTER, LONGEST, NO_LANGUAGE, Parting, Response, cut
from survey.held import Context, HeldAnswer
from tests.builders import NOON, hours, minutes, some_facts

WEEK = "2026-W04"
NUMBERS = iter(range(10**9))


def held(count: int = 1, **values: Any) -> list[HeldAnswer]:
    """Answers that are told apart by a number in them; of one context, unless told otherwise."""
    context = {"priority": 4, "call_type_group": "noise", "area": "7", "delay_band": "1 to 2 h", "channel": "text"}
    context |= values.pop("context", {})
    fields: dict[str, Any] = {
        "agency": "ottawa",
        "survey_version": "2026-1",
        "language": "en",
        "week": WEEK,
        "context": Context.model_validate(context),
    }
    return [
        HeldAnswer.model_validate({**fields, "answers": {"Q1": str(next(NUMBERS))}, **values}) for _ in range(count)
    ]


def cells(parting: Parting) -> Counter[tuple[str, str, str]]:
    return Counter(
        (one.survey_version, one.language, one.context.model_dump_json(exclude_none=True)) for one in parting.responses
    )


def told(response: Response) -> dict[str, Any]:
    return response.context.model_dump(exclude_none=True)


_CONTEXTS = st.builds(
    Context,
    priority=st.sampled_from([None, 3, 4]),
    call_type_group=st.sampled_from([None, "noise", "theft"]),
    area=st.sampled_from([None, "1", "2", "3"]),
    area_version=st.sampled_from([None, "2025"]),
    delay_band=st.sampled_from([None, *(band for band in DelayBand if band is not DelayBand.OFFICER)]),
    arrived=st.sampled_from([None, True, False]),
    channel=st.sampled_from([None, "text"]),
)
_HELD = st.lists(
    st.builds(
        HeldAnswer,
        agency=st.just("ottawa"),
        survey_version=st.sampled_from(["2026-1", "2026-2"]),
        language=st.sampled_from(["en", "en", "en", "fr"]),
        week=st.sampled_from([WEEK, WEEK, "2026-W03", "2026-W01", "2025-W40"]),
        answers=st.integers().map(lambda number: {"Q1": str(number)}),
        comment=st.one_of(st.none(), st.just("a comment")),
        context=_CONTEXTS,
    ),
    max_size=60,
)


@given(_HELD)
def test_r7_every_cell_that_is_written_has_six_answers_and_every_comment_six_of_its_language(
    answers: list[HeldAnswer],
) -> None:
    parting = cut(answers, week=WEEK)
    assert all(count >= 6 for count in cells(parting).values())
    written = Counter(str(one.answers) for one in parting.responses)
    languages = Counter(answer.language for answer in answers if str(answer.answers) in written)
    assert all(languages[comment.language] >= 6 for comment in parting.comments)


@given(_HELD)
def test_nothing_is_lost_and_nothing_is_twice(answers: list[HeldAnswer]) -> None:
    parting = cut(answers, week=WEEK)
    waits = [answers[place] for place in parting.waits]
    assert len(parting.responses) + len(waits) + parting.dropped == len(answers)
    before = Counter(str(answer.answers) for answer in answers)
    after = Counter(str(response.answers) for response in parting.responses)
    after += Counter(str(answer.answers) for answer in waits)
    assert not after - before
    assert (before - after).total() == parting.dropped
    assert len(set(parting.waits)) == len(parting.waits)
    waiting_comments = sum(answer.comment is not None for answer in waits)
    dropped_or_kept = len(parting.comments) + parting.silenced + waiting_comments
    in_all = sum(answer.comment is not None for answer in answers)
    assert in_all - parting.dropped <= dropped_or_kept <= in_all


@given(_HELD)
def test_only_what_has_waited_too_long_is_dropped(answers: list[HeldAnswer]) -> None:
    fresh = [answer.model_copy(update={"week": WEEK}) for answer in answers]
    assert cut(fresh, week=WEEK).dropped == 0
    assert cut(fresh, week=WEEK).silenced == 0
    assert all(response.language != NO_LANGUAGE for response in cut(fresh, week=WEEK).responses)


@given(_HELD, st.randoms(use_true_random=False))
def test_r7_what_was_answered_has_no_say_in_what_is_told_of_the_call(answers: list[HeldAnswer], chance: Any) -> None:
    """Else those who know the calls could tell answers by the cells that they are not in."""
    mixed = [answer.answers for answer in answers]
    chance.shuffle(mixed)
    others = [answer.model_copy(update={"answers": given}) for answer, given in zip(answers, mixed, strict=True)]
    one, other = cut(answers, week=WEEK), cut(others, week=WEEK)
    assert [replace(r, answers={}) for r in one.responses] == [replace(r, answers={}) for r in other.responses]
    assert one.waits == other.waits


@given(_HELD, st.randoms(use_true_random=False))
def test_the_order_in_which_they_came_has_no_say_either(answers: list[HeldAnswer], chance: Any) -> None:
    mixed = list(answers)
    chance.shuffle(mixed)
    assert cells(cut(answers, week=WEEK)) == cells(cut(mixed, week=WEEK))


def test_six_of_one_context_say_all_of_it() -> None:
    responses = cut(held(6, context={"area_version": "2025"}), week=WEEK).responses
    assert told(responses[0]) == {
        "priority": 4,
        "call_type_group": "noise",
        "area": "7",
        "area_version": "2025",
        "delay_band": "1 to 2 h",
        "channel": "text",
    }


def test_the_area_is_the_first_that_is_not_told_then_the_wait_then_the_type_of_call() -> None:
    areas = [one for area in "123456" for one in held(context={"area": area})]
    told_of_one = told(cut(areas, week=WEEK).responses[0])
    assert set(told_of_one) == {"priority", "call_type_group", "delay_band", "channel"}
    bands = [one for band in [*list(DelayBand)[:5], "1 to 2 h"] for one in held(context={"delay_band": band})]
    assert [told(one) for one in cut(bands, week=WEEK).responses] == [
        {"priority": 4, "call_type_group": "noise", "delay_band": "an officer", "channel": "text"}
    ] * 6
    groups = [one for group in "abcdef" for one in held(context={"call_type_group": group})]
    assert told(cut(groups, week=WEEK).responses[0]) == {"priority": 4, "delay_band": "an officer", "channel": "text"}
    priorities = [*held(3), *held(3, context={"priority": 3})]
    assert told(cut(priorities, week=WEEK).responses[0]) == {"delay_band": "an officer"}


def test_whether_an_officer_came_is_always_told_for_the_answers_tell_it_too() -> None:
    """Of six answers in one cell, five of calls without an officer, the one that speaks of him would be known."""
    without = held(5, context={"delay_band": "no officer"})
    assert cut([*without, *held(1)], week=WEEK).responses == []
    assert told(cut([*without, *held(1, context={"delay_band": "no officer"})], week=WEEK).responses[0])[
        "delay_band"
    ] == ("no officer")


def test_r7_who_was_only_sent_an_officer_is_not_written_with_those_who_had_one_there() -> None:
    """Of six answers, five of calls where one was, "in person" would never be the fifth's."""
    there = [context_of(some_facts(area="7", dispatched_at=NOON, arrived_at=NOON + minutes(5)))] * 6
    sent = [context_of(some_facts(area="7", dispatched_at=NOON))] * 6
    assert there[0].delay_band == sent[0].delay_band

    def written(*contexts: Context) -> list[dict[str, Any]]:
        answers = [one for context in contexts for one in held(context=context.model_dump())]
        return [told(one) for one in cut(answers, week=WEEK).responses]

    assert written(*there[:5], *sent[:1]) == []
    assert len(written(*there, *sent)) == 12
    assert not any("arrived" in one for one in written(*there, *sent))


def test_fewer_than_six_wait_for_the_next_cut_and_are_written_with_its_week() -> None:
    five = held(5, week="2026-W03")
    parting = cut(five, week="2026-W03")
    assert (parting.responses, list(parting.waits)) == ([], [0, 1, 2, 3, 4])
    assert len(cut([*five, *held(1)], week=WEEK).responses) == 6


def test_a_rare_language_waits_then_is_written_without_it_in_company() -> None:
    """French answers count, however few they are; they are not left waiting for others until they are thrown away."""
    french = held(2, language="fr", week="2026-W03", comment="merci")
    english = [*held(7), *held(6, context={"area": "8"}, comment="thanks")]
    soon = cut([*french, *english], week="2026-W04")
    assert list(soon.waits) == [0, 1]
    later = cut([*french, *english], week=f"2026-W0{3 + COMPANY_AFTER}")
    assert list(later.waits) == []
    alike = [one for one in later.responses if one.language == NO_LANGUAGE]
    assert [told(one) for one in alike] == [{"delay_band": "an officer"}] * 8
    assert {str(one.answers) for one in alike} >= {str(one.answers) for one in french}
    # Their words would tell their language after all.
    assert [comment.language for comment in later.comments] == ["en"] * 6
    assert later.silenced == 2


def test_where_there_is_no_company_those_who_wait_are_it() -> None:
    old = held(2, language="fr", week="2026-W01")
    parting = cut([*old, *held(4)], week=WEEK)
    assert len(parting.responses) == 6
    assert {one.language for one in parting.responses} == {NO_LANGUAGE}


def test_what_no_six_share_after_eight_weeks_is_dropped() -> None:
    five = held(5, week="2025-W48")
    assert cut(five, week="2026-W04").dropped == 0  # 2025 has 52 weeks
    assert cut(five, week="2026-W05").dropped == 5
    assert LONGEST == 8


def test_versions_of_the_survey_do_not_mix() -> None:
    assert cut([*held(5), *held(5, survey_version="2026-2")], week=WEEK).responses == []


def test_a_comment_leaves_its_answer_and_takes_what_belongs_to_it() -> None:
    parting = cut([*held(5), *held(1, comment="a weapon", may_share=True, urgent=True)], week=WEEK)
    [comment] = parting.comments
    assert (comment.comment, comment.may_share, comment.urgent) == ("a weapon", True, True)
    assert "a weapon" not in str(parting.responses)


def test_the_wait_ends_when_an_officer_is_there_or_else_was_sent() -> None:
    assert delay_band(some_facts()) == "no officer"
    for wait, band in ((29, "under 30 min"), (30, "30 to 60 min"), (60, "1 to 2 h"), (120, "2 to 4 h")):
        assert delay_band(some_facts(arrived_at=NOON + minutes(wait))) == band
    sent, came = NOON + minutes(5), NOON + hours(30)
    assert delay_band(some_facts(dispatched_at=sent)) == "under 30 min"
    assert delay_band(some_facts(dispatched_at=sent, arrived_at=came)) == "4 h and more"
    assert delay_band(some_facts(received_at=None, dispatched_at=sent)) == "under 30 min"
    assert delay_band(some_facts(received_at=came, dispatched_at=sent)) == "under 30 min"


def test_the_snapshot_says_of_a_call_what_others_may_share_and_no_more() -> None:
    context = context_of(some_facts(area="7", arrived_at=NOON + hours(1)), area_version="2025")
    assert context.model_dump() == {
        "priority": 4,
        "call_type_group": "noise",
        "area": "7",
        "area_version": "2025",
        "delay_band": "1 to 2 h",
        "arrived": True,
        "channel": "text",
    }
    assert context_of(some_facts(), area_version="2025").area_version is None
    assert iso_week(NOON) == "2026-W03"
