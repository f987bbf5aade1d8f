"""How long steps take: quantile functions through what was measured in real logs."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, log
from typing import Final


class Curve:
    """A quantile function: from a rank (0 to 1) to minutes, log-linear between its knots."""

    def __init__(self, knots: Mapping[float, float]) -> None:
        self._ranks = list(knots)
        self._logs = [log(minutes) for minutes in knots.values()]
        if (self._ranks[0], self._ranks[-1]) != (0.0, 1.0) or self._ranks != sorted(self._ranks):
            raise ValueError("the ranks of a curve go from 0 to 1")
        if self._logs != sorted(self._logs):
            raise ValueError("a curve never falls")

    def at(self, rank: float) -> float:
        """The minutes that a share of `rank` stays below."""
        above = min(bisect_right(self._ranks, rank), len(self._ranks) - 1)
        low, high = self._ranks[above - 1], self._ranks[above]
        share = (rank - low) / (high - low)
        return exp(self._logs[above - 1] + share * (self._logs[above] - self._logs[above - 1]))


@dataclass(frozen=True, kw_only=True)
class Course:
    """How calls of one kind go. Curves count from receipt, each among the calls that have the step.

    closed_first: share closed without dispatch, reopened and only then dispatched: the longest waits of all.
    never_dispatched: share that is closed without anybody having been sent, ever.
    no_arrival: share of the dispatched without an arrival, up to the rank 0.975 of the wait and above it. Those whose
        first close falls before an officer could be there come on top (some 2 in 100).
    reopened: share of the others that is reopened after it was closed.
    storm: the dispatch on a storm day; all that follows it is later by as much.
    """

    dispatch: Curve
    arrive: Curve
    close: Curve
    closed_first: float
    never_dispatched: float
    no_arrival: tuple[float, float]
    reopened: float
    storm: Curve | None = None


# Minutes. The knots at 0.5, 0.9, 0.99 and 1 are the measured quantiles: Alexandria, residents' calls, 1,591 of priority
# 3 and 4,014 of priority 4. The knots between them make both together have the shares still waiting that were measured
# (after 5, 15, 30, 60, 120, 240 min 80, 55, 38, 24, 12, 5 %; after a day 29 calls, after two 7) and the quantiles of
# both together (dispatch 18.6 / 138 / 1,169, arrival 30 / 165 / 1,207, close 68 / 294 / 663), in Alexandria's mix of
# the two and in Ottawa's. Arrivals follow the dispatches on a way of 7 to some 50 min; the way and the lowest knots of
# the close (10 % within 10 min of hang-up) are fitted by eye.
# fmt: off
DISPATCH_3: Final = {
    0.0: 0.5, 0.03: 2, 0.26: 5, 0.5: 13, 0.535: 15, 0.72: 30, 0.86: 60, 0.9: 75, 0.945: 120, 0.975: 240,
    0.99: 426, 0.993: 460, 0.9975: 1_440, 0.9994: 2_880, 1.0: 3_347,
}
DISPATCH_4: Final = {
    0.0: 0.5, 0.02: 2, 0.176: 5, 0.416: 15, 0.5: 21, 0.58: 30, 0.72: 60, 0.854: 120, 0.886: 140, 0.9: 167,
    0.94: 240, 0.975: 520, 0.988: 1_169, 0.99: 1_259, 0.9938: 1_440, 0.9985: 2_880, 1.0: 6_979,
}
ARRIVE_3: Final = {
    0.0: 2.0, 0.26: 12, 0.5: 23, 0.535: 25.5, 0.72: 42, 0.86: 74, 0.9: 90, 0.945: 135, 0.975: 230,
    0.99: 381, 0.993: 480, 0.9975: 1_480, 0.9994: 2_960, 1.0: 3_602,
}
ARRIVE_4: Final = {
    0.0: 2.0, 0.176: 12, 0.416: 26, 0.5: 33, 0.58: 43, 0.72: 75, 0.854: 139, 0.886: 161, 0.9: 188,
    0.94: 264, 0.975: 545, 0.988: 1_207, 0.99: 1_306, 0.9938: 1_490, 0.9985: 2_950, 1.0: 7_182,
}
# fmt: on
CLOSE_3: Final = {0.0: 3.0, 0.1: 12, 0.5: 55, 0.9: 199, 0.99: 508, 1.0: 977}
CLOSE_4: Final = {0.0: 3.0, 0.1: 18, 0.5: 76, 0.889: 294, 0.9: 322, 0.99: 683, 1.0: 2_162}

# Shares of Alexandria's low calls: 139 of 5,605 (2.5 %) closed first (some come by chance of the coupling: `lives.py`),
# 5.5 % reopened in all, 21 % without arrival. Alexandria's extract has dispatched calls only; as many as San Diego
# cancels at low priority, 5.7 %, are never dispatched here (SLO has no dispatch time for 34 %, most of them on view).
_NEVER_DISPATCHED = 0.057


def _low(dispatch: Curve, arrive: Curve, close: Curve, *, no_arrival: tuple[float, float]) -> Course:
    return Course(
        dispatch=dispatch,
        arrive=arrive,
        close=close,
        closed_first=0.0245,
        never_dispatched=_NEVER_DISPATCHED,
        no_arrival=no_arrival,
        reopened=0.033,
    )


# Alexandria's P3 arrives sooner at p99 than it is dispatched: of the longest waits fewer end in an arrival.
ORDINARY: Final = {
    3: _low(Curve(DISPATCH_3), Curve(ARRIVE_3), Curve(CLOSE_3), no_arrival=(0.155, 0.55)),
    4: _low(Curve(DISPATCH_4), Curve(ARRIVE_4), Curve(CLOSE_4), no_arrival=(0.16, 0.16)),
}

# A storm day. P3 is dispatched as Seattle's P3 (50 / 354 / 1,259 min; four times Alexandria's). P4: Seattle's median of
# 107, and Alexandria's p90 and p99 lengthened as its P3 is to Seattle's. That the rest takes as long as ever after the
# dispatch is an assumption.
_STORM_DISPATCH: Final = {
    3: Curve({0.0: 1.0, 0.5: 50, 0.9: 354, 0.99: 1_259, 1.0: 3_347}),
    4: Curve({0.0: 1.0, 0.5: 107, 0.9: 788, 0.99: 3_721, 1.0: 6_979}),
}
STORM: Final = {priority: replace(ORDINARY[priority], storm=curve) for priority, curve in _STORM_DISPATCH.items()}

# Alexandria's 7,746 residents' calls of priority 2; 33 of 13,384 that are not low closed first, 163 were reopened.
URGENT: Final = Course(
    dispatch=Curve({0.0: 0.3, 0.5: 4.9, 0.9: 27, 0.99: 125, 1.0: 1_176}),
    arrive=Curve({0.0: 1.5, 0.5: 12, 0.9: 39, 0.99: 153, 1.0: 1_177}),
    close=Curve({0.0: 1.5, 0.1: 10, 0.5: 41, 0.9: 202, 0.99: 596, 1.0: 9_545}),
    closed_first=0.0025,
    never_dispatched=0.02,
    no_arrival=(0.08, 0.08),
    reopened=0.01,
)

# Priority 1 and what officers begin themselves, below priority 3 and 4: at once. Assumptions.
AT_ONCE: Final = Course(
    dispatch=Curve({0.0: 0.01, 0.5: 0.05, 0.9: 2, 1.0: 10}),
    arrive=Curve({0.0: 0.2, 0.5: 5, 0.9: 12, 1.0: 30}),
    close=Curve({0.0: 2.0, 0.5: 25, 0.9: 120, 0.99: 400, 1.0: 1_440}),
    closed_first=0.0,
    never_dispatched=0.0,
    no_arrival=(0.02, 0.02),
    reopened=0.01,
)

# Alexandria, low: the telephone call lasts 2.6 / 10 / 35 min.
CALL_LENGTH: Final = Curve({0.0: 0.4, 0.5: 2.6, 0.9: 10, 0.99: 35, 1.0: 90})

# Close to reopen of those that were dispatched before: with those that were not, 5.6 h / 22 h / at most 6.2 days for
# all, and 3.8 of 5.5 % later than an hour, as measured.
REOPEN: Final = Curve({0.0: 2.0, 0.5: 60, 0.72: 336, 0.97: 1_320, 1.0: 8_928})
