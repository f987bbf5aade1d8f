"""Which questions of a page depend on another that stands just above them: the page hides those until they are due."""

from collections.abc import Sequence
from dataclasses import dataclass

from survey.questions import Condition, Question


@dataclass(frozen=True, kw_only=True)
class Group:
    """A question, and those that follow it only after certain answers (`opens`)."""

    question: Question
    follow_ups: Sequence[Question] = ()
    opens: frozenset[str] = frozenset()


def grouped(questions: Sequence[Question]) -> list[Group]:
    """The questions of a page with those that depend on them.

    Only questions that directly follow their gate, with one condition, are grouped. Others are always shown, and the
    answers that do not count are dropped when they arrive.
    """
    groups: list[Group] = []
    for question in questions:
        last, condition = (groups[-1] if groups else None), question.only_if
        if condition is not None and last is not None and _belongs(condition, last):
            groups[-1] = Group(
                question=last.question,
                follow_ups=[*last.follow_ups, question],
                opens=frozenset(condition.answers),
            )
        else:
            groups.append(Group(question=question))
    return groups


def _belongs(condition: Condition, group: Group) -> bool:
    if not condition.answers:  # opened by any answer, also by a comment, which no style sheet can see
        return False
    return condition.question == group.question.id and group.opens in (frozenset(), frozenset(condition.answers))
