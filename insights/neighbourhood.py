"""What people of an area answered to a question that takes several answers; nothing that few said, or did not."""

from collections.abc import Mapping
from dataclasses import dataclass

from insights.answers import counted_as
from insights.small import shown_parts
from survey.questions import Question


@dataclass(frozen=True, kw_only=True)
class Said:
    """`answered`: so many chose anything; `chose`: by option, `None` where it is not shown."""

    answered: int
    chose: Mapping[str, int | None]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """By area (empty: not told): how many answered the question, and chose each option."""

    people: Mapping[str, int]
    options: Mapping[tuple[str, str], int]

    def of(self, area: str, question: Question, *, at_least: int) -> Said | None:
        """`None`: too few have answered there, or their number would tell that of another area, where too few have."""
        answered = shown_parts(self.people, at_least=at_least).get(area)
        if not answered:
            return None
        chose = {option.id: self.options.get((area, option.id), 0) for option in question.options}
        alone = {option.id for option in question.options if option.alone}
        fit = {option for option, count in chose.items() if _is_fit(count, answered, at_least)}
        # Who says "No such problem" says nothing else: without them, too, few may be left who did not choose an option.
        others = answered - sum(chose[option] for option in alone & fit)
        if not all(_is_fit(chose[option], others, at_least) for option in fit - alone):
            fit -= alone
        return Said(answered=answered, chose={option: chose[option] if option in fit else None for option in chose})


def counted(kinds: Mapping[str, Mapping[str, int]], question: Question) -> Answered:
    """Of what is counted by area (`insights.areas.counts_by_area`): by area, how many of each kind."""
    return Answered(
        people={area: of_area.get(counted_as(question.id, ""), 0) for area, of_area in kinds.items()},
        options={
            (area, option.id): of_area.get(counted_as(question.id, option.id), 0)
            for area, of_area in kinds.items()
            for option in question.options
        },
    )


def _is_fit(count: int, answered: int, at_least: int) -> bool:
    """Neither those who chose it nor those who did not are few; nobody, or everybody, is no news about anybody."""
    return all(number == 0 or number >= at_least for number in (count, answered - count))
