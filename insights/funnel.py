"""The response funnel: of those who were invited, how many had the text delivered, opened the link, began, and sent it.

By weeks that are over, each thing in the week in which it happened: who was invited on Sunday may answer on Monday.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from insights.breakdown import Shown
from insights.counts import Counts
from insights.small import Sum, hidden
from insights.wilson import Share, share

STEPS: Final = ("invited", "delivered", "opened", "started", "submitted")
ALL_WEEKS: Final = ""
_Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Week:
    """`week` is empty for all of them together. `shares`: of the step before, where both are shown; `answered`: of
    those to whom the text was delivered."""

    week: str
    steps: Mapping[str, Shown]
    shares: Mapping[str, Share]
    answered: Share | None


@dataclass(frozen=True, kw_only=True)
class Funnel:
    whole: Week
    weeks: Sequence[Week]


def funnel(counts: Counts, *, at_least: int) -> Funnel:
    """`counts` by `week`, of the kinds `STEPS`."""
    by_week = counts.by("week")
    found: dict[_Key, int] = {(week, step): kinds.get(step, 0) for week, kinds in by_week.items() for step in STEPS} | {
        (ALL_WEEKS, step): counts.total().get(step, 0) for step in STEPS
    }
    sums = [Sum((ALL_WEEKS, step), [(week, step) for week in by_week]) for step in STEPS]
    for week in (*by_week, ALL_WEEKS):
        # What a step is short of the one before is a figure, too: of those whom a text did not reach, for example.
        for before, step in pairwise(STEPS):
            short = found[week, before] - found[week, step]
            if short > 0:
                sums.append(Sum((week, before), [(week, step)], rest=short))
    why = hidden(found, sums, at_least=at_least)
    shown: dict[_Key, Shown] = {key: why.get(key, count) for key, count in found.items()}
    return Funnel(whole=_week(ALL_WEEKS, shown), weeks=[_week(week, shown) for week in by_week])


def _week(week: str, shown: Mapping[_Key, Shown]) -> Week:
    shares = {}
    for before, step in pairwise(STEPS):
        found = _share(shown[week, step], shown[week, before])
        if found is not None:
            shares[step] = found
    return Week(
        week=week,
        steps={step: shown[week, step] for step in STEPS},
        shares=shares,
        answered=_share(shown[week, "submitted"], shown[week, "delivered"]),
    )


def _share(count: Shown, of: Shown) -> Share | None:
    """More than all, in a week in which more was answered than sent: no share."""
    if not isinstance(count, int) or not isinstance(of, int) or count > of:
        return None
    return share(count, of)
