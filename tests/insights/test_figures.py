"""Figures of answers: counts, shares and their intervals, and few people not shown."""

from collections.abc import Hashable, Mapping, Sequence
from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.answers import About, Wanted, cube_of
from insights.small import Hidden, Sum, hidden, shown, shown_parts
from insights.wilson import share
from policy.agency import Agency
from survey.areas import closed_questions
from tests.insights.attacker import guesses


def test_a_share_lies_within_its_interval_95_times_in_100() -> None:
    for true in (0.1, 0.5, 0.9):
        covered = 0.0
        for count in range(41):
            found = share(count, 40)
            assert found is not None
            if found.low <= true <= found.high:
                covered += comb(40, count) * true**count * (1 - true) ** (40 - count)
        assert covered > 0.93


def test_of_nobody_there_is_no_share_and_of_all_it_is_not_certain() -> None:
    assert share(0, 0) is None
    everybody = share(5, 5)
    assert everybody is not None
    assert (everybody.share, everybody.high) == (1.0, 1.0)
    assert everybody.low == pytest.approx(0.5655, abs=1e-4)
    with pytest.raises(ValueError, match="6 of 5"):
        share(6, 5)


def test_few_people_are_not_shown_and_nobody_is() -> None:
    assert [shown(count, at_least=5) for count in (0, 1, 4, 5)] == [0, None, None, 5]


def test_what_the_total_less_the_others_would_tell_is_hidden_with_it() -> None:
    assert shown_parts({"a": 3, "b": 9, "c": 40}, at_least=5) == {"a": None, "b": None, "c": 40}
    assert shown_parts({"a": 3, "b": 2, "c": 40}, at_least=5) == {"a": None, "b": None, "c": 40}
    assert shown_parts({"a": 0, "b": 9}, at_least=5) == {"a": 0, "b": 9}


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 30), max_size=8))
def test_no_hidden_part_can_be_calculated_from_the_total(parts: dict[str, int]) -> None:
    told = shown_parts(parts, at_least=5)
    hidden = [key for key, count in told.items() if count is None]
    assert all(told[key] is None for key, count in parts.items() if 0 < count < 5)
    assert len(hidden) != 1 or all(count == 0 for key, count in parts.items() if key not in hidden)


def test_a_figure_counts_those_who_said_something_and_hides_too_few(ottawa: Agency) -> None:
    questions = {question.id: question for question in closed_questions(ottawa.survey)}
    assert list(questions) == [f"Q{number}" for number in range(1, 11)]
    somerset, kanata = About(week="2026-W04", area="Somerset"), About(week="2026-W05", area="Kanata")
    rows: list[tuple[About, Mapping[str, str | Sequence[str]], int]] = [
        *[
            (somerset, {"Q1": mark, "Q10": ["noise", *(["theft"] if mark == "5" else [])]}, 1)
            for mark in ("5", "5", "4", "3", "1", "na")
        ],
        (kanata, {"Q1": "1"}, 4),
    ]
    cube = cube_of(rows)
    everything = cube.figure(questions["Q1"], at_least=5)
    assert (cube.total, everything.base) == (10, 9)
    assert everything.favourable is not None
    assert (everything.favourable.count, everything.favourable.of) == (3, 9)
    assert cube.cut(Wanted(area="Kanata")).figure(questions["Q1"], at_least=5).base is None
    assert cube.cut(Wanted(first_week="2026-W05")).total == 4
    assert cube.cut(Wanted(last_week="2026-W04")).total == 6
    several = cube.figure(questions["Q10"], at_least=5)
    assert (several.base, several.options["noise"].count, several.options["hate"].count) == (6, 6, 0)
    assert cube.figure(questions["Q7"], at_least=5).base == 0
    assert [(area, part.total) for area, part in cube.by("area").items()] == [("Kanata", 4), ("Somerset", 6)]


def test_where_all_answered_alike_it_is_not_shown(ottawa: Agency) -> None:
    question = closed_questions(ottawa.survey)[0]
    cube = cube_of([(About(area="Bay"), {"Q1": "1"}, 40), (About(area="Orleans"), {"Q1": "na"}, 6)])
    figure = cube.figure(question, at_least=5)
    assert (figure.base, figure.are_alike, figure.options) == (None, True, {})
    assert cube.cut(Wanted(area="Orleans")).figure(question, at_least=5).base == 0


@given(st.lists(st.lists(st.integers(0, 12), min_size=4, max_size=4), min_size=1, max_size=6))
def test_nothing_hidden_of_a_table_with_both_totals_follows_from_a_line_of_it(table: list[list[int]]) -> None:
    """Whoever knows a line but for what is hidden knows too few of it."""
    counts = {(row, column): count for row, line in enumerate(table) for column, count in enumerate(line)}
    rows, columns = range(len(table)), range(4)
    counts |= {(row, -1): sum(table[row]) for row in rows}
    counts |= {(-1, column): sum(line[column] for line in table) for column in columns}
    counts[-1, -1] = sum(map(sum, table))
    sums = [
        *[Sum((row, -1), [(row, column) for column in columns]) for row in (*rows, -1)],
        *[Sum((-1, column), [(row, column) for row in rows]) for column in (*columns, -1)],
    ]
    why = hidden(counts, sums, at_least=5)
    assert all(key in why for key, count in counts.items() if 0 < count < 5)
    assert all(counts[key] for key in why)
    for each in sums:
        secret = [key for key in each.parts if key in why]
        if each.total in why:
            assert secret or counts[each.total] == 0
        else:
            assert len(secret) != 1
            assert not 0 < sum(counts[key] for key in secret) < 5


def test_what_a_step_is_short_of_the_one_before_is_a_figure_too() -> None:
    counts = {"invited": 100, "delivered": 98}
    assert hidden(counts, [Sum("invited", ["delivered"], rest=2)], at_least=5) == {"delivered": Hidden.WITH_IT}
    assert hidden(counts, [Sum("invited", ["delivered"], rest=0)], at_least=5) == {}
    assert hidden({**counts, "delivered": 90}, [Sum("invited", ["delivered"], rest=10)], at_least=5) == {}


def random_table(chance: Random) -> tuple[dict[Hashable, int], list[Sum[Hashable]]]:
    """Lines and columns with both totals; a part of the counts is small."""
    rows, columns = range(chance.randint(1, 6)), range(chance.randint(2, 5))
    table = {
        (row, at): chance.choice([0, chance.randint(1, 4), chance.randint(0, 40)]) for row in rows for at in columns
    }
    counts: dict[Hashable, int] = dict(table)
    counts |= {(row, -1): sum(table[row, at] for at in columns) for row in rows}
    counts |= {(-1, at): sum(table[row, at] for row in rows) for at in columns}
    counts[-1, -1] = sum(table.values())
    sums: list[Sum[Hashable]] = [Sum((row, -1), [(row, at) for at in columns]) for row in (*rows, -1)]
    sums += [Sum((-1, at), [(row, at) for row in rows]) for at in (*columns, -1)]
    return counts, sums


def test_no_count_of_few_follows_from_all_sums_of_a_table_together() -> None:
    """Two hidden ones of eight together are four and four, where each is fewer than five; and a secret of two lines
    may follow from the columns."""
    chance, few = Random(30), 0
    for _ in range(35):
        counts, sums = random_table(chance)
        why = hidden(counts, sums, at_least=5)
        found = guesses(counts, sums, why, at_least=5)
        few += len(found)
        assert not [(key, counts[key]) for key, guess in found.items() if guess.is_certain], counts
    assert few > 100
    assert set(hidden({"a": 4, "b": 4, "c": 30, "all": 38}, [Sum("all", "abc")], at_least=5)) == {"a", "b", "c"}
    assert set(hidden({"a": 1, "b": 5, "c": 30, "all": 36}, [Sum("all", "abc")], at_least=5)) == {"a", "b", "c"}


def test_where_the_words_alone_tell_none_says_fewer() -> None:
    """Four parts of fewer than five together would be one each."""
    counts = {**dict.fromkeys("abcd", 1), "all": 4}
    assert set(hidden(counts, [Sum("all", "abcd")], at_least=5).values()) == {Hidden.WITH_IT}
