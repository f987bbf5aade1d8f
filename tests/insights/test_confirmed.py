"""What comments are about: counts of topics by month, none of few, and none that can be calculated."""

from hypothesis import given
from hypothesis import strategies as st

from insights.breakdown import Shown
from insights.confirmed import Confirmed, by_topic
from insights.small import Hidden
from insights.topics import Topic

MONTHS = ["2026-01", "2026-02"]


def noise(*counts: int, shared: tuple[int, ...] = (0, 0)) -> tuple[list[Shown], int | None]:
    keys = [(month, Topic.NOISE) for month in MONTHS]
    confirmed = Confirmed(all=dict(zip(keys, counts, strict=True)), shared=dict(zip(keys, shared, strict=True)))
    line = next(line for line in by_topic(confirmed, MONTHS, at_least=5) if line.topic is Topic.NOISE)
    return list(line.counts), line.change


def test_a_month_of_few_is_not_shown_nor_the_change_to_it() -> None:
    assert noise(12, 20) == ([12, 20], 8)
    assert noise(12, 4) == ([12, Hidden.FEW], None)
    assert noise(0, 9) == ([0, 9], 9)


def test_r7_what_those_that_are_shared_leave_is_not_of_few() -> None:
    """Whoever reads the shared ones of a month can count them."""
    assert noise(12, 20, shared=(8, 20)) == ([Hidden.WITH_IT, 20], None)
    assert noise(12, 20, shared=(7, 16)) == ([12, Hidden.WITH_IT], None)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=2))
def test_r7_no_figure_and_no_rest_is_of_one_to_four_comments(found: list[tuple[int, int]]) -> None:
    counts, change = noise(*(count for count, _ in found), shared=tuple(min(pair) for pair in found))
    for shown, (count, shared) in zip(counts, found, strict=True):
        if isinstance(shown, int):
            assert shown == count
            assert count not in range(1, 5)
            assert count - min(count, shared) not in range(1, 5)
    assert change is None or all(isinstance(shown, int) for shown in counts)


def test_every_topic_has_a_line_in_the_order_of_the_list() -> None:
    assert [line.topic for line in by_topic(Confirmed(all={}, shared={}), [], at_least=5)] == list(Topic)
