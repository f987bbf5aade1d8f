"""What was aimed at, and whether it was reached: by the medians of what was measured."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from benchmarks.contestants import Bare
from benchmarks.our_contestants import WholeService, WorkerAlone
from benchmarks.results import Results, Spread, number, range_of, times

_BARE: Final = Bare().name
_TUNED: Final = Bare(is_tuned=True).name
_BARE_POSTS: Final = Bare(posts_raw=True).name
_TUNED_POSTS: Final = Bare(posts_raw=True, is_tuned=True).name
_WORKER: Final = WorkerAlone.name
_WHOLE: Final = WholeService.name


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure of a contestant's, or its ratio to another's (`to`), round by round, and its bound. `where`: of which
    lines."""

    says: str
    case: str
    contestant: str
    figure: str
    to: str | None = None
    where: Mapping[str, float] = field(default_factory=dict)
    bound: float
    is_floor: bool = False
    """The bound is the least that will do; else the most."""

    def measured(self, results: Results) -> Spread | None:
        """`None`: it was not."""
        own = results.chosen(self.case, self.contestant, self.where)
        if self.to is None:
            return results.spread(self.figure, own)
        return results.ratio(self.figure, own, results.chosen(self.case, self.to, self.where))

    def is_reached_by(self, figure: float) -> bool:
        """Is it on the right side of the bound?"""
        return figure >= self.bound if self.is_floor else figure <= self.bound

    def verdict(self, found: Spread) -> str:
        """By the median; and what single rounds say, where they differ."""
        if not self.is_reached_by(found.median):
            return "**missed**"
        worst = found.low if self.is_floor else found.high
        return "reached" if self.is_reached_by(worst) else "reached, not in every round"

    @property
    def in_words(self) -> str:
        """The bound."""
        return f"at {'least' if self.is_floor else 'most'} {self.bound:g}"


def _late(contestant: str, figure: str, says: str) -> Goal:
    return Goal(says=says, case="latency", contestant=contestant, figure=figure, to=_BARE_POSTS, bound=3)


def _beside_tuned(as_it_comes: Goal, *, tuned: str) -> tuple[Goal, Goal]:
    """Beside the engine as it comes, and beside one that was tuned as ours was."""
    return as_it_comes, replace(as_it_comes, says="the same, to one tuned as ours", to=tuned)


def _closed(contestant: str, figure: str, says: str, *, bound: float, is_floor: bool = False) -> tuple[Goal, Goal]:
    as_it_comes = Goal(
        says=says, case="closed", contestant=contestant, figure=figure, to=_BARE, bound=bound, is_floor=is_floor
    )
    return _beside_tuned(as_it_comes, tuned=_TUNED)


GOALS: Final = (
    *_closed(
        _WORKER,
        "lifecycles_per_s",
        "lifecycles a second, worker with ledger and POST, to the bare engine",
        bound=0.8,
        is_floor=True,
    ),
    *_closed(
        _WHOLE,
        "lifecycles_per_s",
        "lifecycles a second, whole service, to the bare engine",
        bound=0.55,
        is_floor=True,
    ),
    *_closed(
        _WORKER,
        "cpu_ms_worker",
        "the worker's processor time per lifecycle, to the bare engine's",
        bound=1.6,
    ),
    *_beside_tuned(
        Goal(
            says="memory per open call that is kept, to the bare engine's, with 10,000",
            case="open, all cached",
            contestant=_WORKER,
            figure="kb_per_open_call",
            to=_BARE_POSTS,
            where={"open": 10_000},
            bound=1.5,
        ),
        tuned=_TUNED_POSTS,
    ),
    _late(_WORKER, "confirmation_p50", "record to confirmation at ten a second, worker, to the bare engine's, p50"),
    _late(_WORKER, "confirmation_p99", "the same, p99"),
    _late(_WORKER, "survey_p50", "cleared to survey, worker, p50"),
    _late(_WORKER, "survey_p99", "the same, p99"),
    _late(_WHOLE, "confirmation_p50", "record to confirmation, whole service, p50"),
    _late(_WHOLE, "confirmation_p99", "the same, p99"),
    _late(_WHOLE, "survey_p50", "cleared to survey, whole service, p50"),
    _late(_WHOLE, "survey_p99", "the same, p99"),
    *(
        Goal(
            says=f"{what} at a hundred times Ottawa's worst hour, p99, ms",
            case="worst hour x 100",
            contestant=_WHOLE,
            figure=figure,
            bound=1_000,
        )
        for what, figure in (("record to confirmation", "confirmation_p99"), ("cleared to survey", "survey_p99"))
    ),
    Goal(
        says="a thousand of 10,000 open calls told something without a worker: all handled by a fresh one, s",
        case="recovery",
        contestant=_WORKER,
        figure="all_handled_s",
        bound=15,
    ),
)


def rows(results: Results) -> Iterator[tuple[str, str, str, str, str]]:
    """Each goal, its bound, what was measured, in how many rounds, and whether that reaches it."""
    for goal in GOALS:
        found = goal.measured(results)
        if found is None:
            yield goal.says, goal.in_words, "not measured", "", ""
        else:
            said = range_of(found, number if goal.to is None else times)
            yield goal.says, goal.in_words, said, str(found.rounds), goal.verdict(found)
