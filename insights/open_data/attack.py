"""R7: how close somebody comes to what was counted who has every bundle, a public list with a row for each call, the
agency's folder and this code, but not the secret: the smallest and the largest value of every cell that fit all of it.

What everybody knows besides the figures: one measure's calls are among another's; how many calls there were in each
cell; a question that is asked only after an answer; what is counted by area are some of all answers.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from insights.open_data.attack_answers import AnswersAttack
from insights.open_data.attack_calls import CallsAttack
from insights.open_data.intervals import Interval
from insights.open_data.places import Map
from insights.open_data.program import CannotBe
from insights.open_data.quarters import Quarter
from insights.open_data.released import Released
from insights.open_data.shown import Known
from survey.questions import Question


@dataclass(frozen=True, kw_only=True)
class World:
    """What is public besides. `calls`: of each quarter, when its first version was made, by priority and area.
    `listed`: when that version was made. `most_notices`: of delay, of one call."""

    map: Map
    questions: Sequence[Question]
    calls: Mapping[Quarter, Known]
    listed: Mapping[tuple[Quarter, int], Known]
    least_calls: int
    least_calls_survey: int
    most_notices: int


def attack(bundles: Sequence[Released], world: World) -> list[Interval]:
    """Of every cell of every bundle, the narrowest first. Versions of one quarter are read as told of the same calls,
    wherever that can be."""
    quarters: dict[Quarter, list[Released]] = defaultdict(list)
    for bundle in sorted(bundles, key=lambda one: (one.quarter, one.version)):
        quarters[bundle.quarter].append(bundle)
    calls = CallsAttack(world)
    for quarter, versions in quarters.items():
        calls.add(quarter, versions)
    found = calls.intervals()
    try:
        found += _answers(quarters, world, calls.invited, with_links=True)
    except CannotBe:  # by area they are counted by months, else by weeks: at the edges one may be without the other
        found += _answers(quarters, world, calls.invited, with_links=False)
    return sorted(found, key=lambda one: one.width - one.needed)


def _answers(
    quarters: Mapping[Quarter, Sequence[Released]],
    world: World,
    invited: Mapping[Quarter, float],
    *,
    with_links: bool,
) -> list[Interval]:
    answers = AnswersAttack(world, invited=invited, with_links=with_links)
    for quarter, versions in quarters.items():
        answers.add(quarter, versions)
    return answers.intervals()
