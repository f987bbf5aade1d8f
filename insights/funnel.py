"""The response funnel: of those who were invited, how many had the text delivered, opened the link, began, and sent it.

By weeks that are over, each thing in the week in which it happened: who was invited on Sunday may answer on Monday.

Whatever weeks and language are asked for, what is shown is a sum of blocks: weeks that follow each other, as many as it
takes until no step, and nothing that one is short of the step before, is of few people. So no difference of two pages
is, either. A block is closed by what happened until its end, and does not change when more weeks come.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final

from insights.counts import Counts
from insights.small import shown
from insights.wilson import Share, share

STEPS: Final = ("invited", "delivered", "opened", "started", "submitted")
ALL_WEEKS: Final = ""
_NOT_TOLD: Final = ""
_Steps = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Week:
    """`first` to `last`: one week, or several that stand together; empty for all of them. `shares`: of the step
    before; `answered`: of those to whom the text was delivered."""

    first: str
    last: str
    steps: _Steps
    shares: Mapping[str, Share]
    answered: Share | None

    @property
    def week(self) -> str:
        """As it is written: `2026-W04`, or `2026-W04/2026-W06`."""
        return self.first if self.first == self.last else f"{self.first}/{self.last}"


@dataclass(frozen=True, kw_only=True)
class Funnel:
    whole: Week
    weeks: Sequence[Week]


@dataclass(frozen=True, kw_only=True)
class Block:
    """`by_language`: those that can be told apart; the others are together under the empty one."""

    first: str
    last: str
    by_language: Mapping[str, _Steps]


def blocks(counts: Counts, *, at_least: int) -> list[Block]:
    """`counts` by `week` and `language`, of the kinds `STEPS`. The newest weeks are in none while they are of few."""
    found: list[Block] = []
    first, kept = "", dict[str, dict[str, int]]()
    for week in counts.by("week"):
        first = first or week
        for language, kinds in counts.cut({"week": week}).by("language").items():
            before = kept.setdefault(language, dict.fromkeys(STEPS, 0))
            kept[language] = {step: before[step] + kinds.get(step, 0) for step in STEPS}
        if _is_fit(_sum(kept.values()), at_least):
            found.append(Block(first=first, last=week, by_language=_told_apart(kept, at_least)))
            first, kept = "", {}
    return found


def funnel(all_: Sequence[Block], *, language: str | None, first: str | None, last: str | None) -> Funnel:
    """Of the blocks that lie between two weeks, both included; of one language, where it is told apart."""
    weeks = []
    for block in all_:
        if (first is None or block.first >= first) and (last is None or block.last <= last):
            steps = _sum(block.by_language.values()) if language is None else block.by_language.get(language)
            if steps is not None:
                weeks.append(_week(block.first, block.last, steps))
    return Funnel(whole=_week(ALL_WEEKS, ALL_WEEKS, _sum(week.steps for week in weeks)), weeks=weeks)


def _told_apart(by_language: Mapping[str, _Steps], at_least: int) -> dict[str, _Steps]:
    """Languages of which every step is fit; what is left together is fit, too."""
    fit = {name: steps for name, steps in by_language.items() if _is_fit(steps, at_least)}
    others = [steps for name, steps in by_language.items() if name not in fit]
    for name in sorted(fit, key=lambda name: (fit[name]["invited"], name)):
        if _is_fit(_sum(others), at_least):
            break
        others.append(fit.pop(name))
    return {**fit, **({_NOT_TOLD: _sum(others)} if others else {})}


def _is_fit(steps: _Steps, at_least: int) -> bool:
    return all(shown(count, at_least=at_least) is not None for count in (*steps.values(), *_short(steps)))


def _short(steps: _Steps) -> Iterator[int]:
    """What a step is short of an earlier one: a figure, too, of those whom a text did not reach, for example."""
    return (max(0, steps[before] - steps[step]) for before, step in combinations(STEPS, 2))


def _sum(parts: Iterable[_Steps]) -> dict[str, int]:
    found = dict.fromkeys(STEPS, 0)
    for steps in parts:
        found = {step: found[step] + steps[step] for step in STEPS}
    return found


def _week(first: str, last: str, steps: _Steps) -> Week:
    shares = {}
    for before, step in pairwise(STEPS):
        of = _share(steps[step], steps[before])
        if of is not None:
            shares[step] = of
    return Week(
        first=first, last=last, steps=steps, shares=shares, answered=_share(steps["submitted"], steps["delivered"])
    )


def _share(count: int, of: int) -> Share | None:
    """More than all, in a week in which more was answered than sent: no share."""
    return None if count > of else share(count, of)
