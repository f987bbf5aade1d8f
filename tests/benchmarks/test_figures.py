"""What is made of what a case saw."""

import pytest

from benchmarks.figures import percentiles


def test_a_percentile_is_what_so_many_of_a_hundred_stay_under_and_few_have_no_99th() -> None:
    figures = percentiles([one / 1_000 for one in range(1_000, -1, -1)], what="page")
    assert figures == pytest.approx({"page_p50": 500, "page_p95": 950, "page_p99": 990, "page_n": 1001})
    assert set(percentiles([0.1] * 599)) == {"p50", "p95", "n"}


def test_what_came_before_it_was_asked_for_is_no_figure() -> None:
    """Where a text is lost, another text of the same call would be taken for it."""
    with pytest.raises(ValueError, match="survey took -2 ms"):
        percentiles([0.010, -0.002], what="survey")
