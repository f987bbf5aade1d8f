"""What callers say of one member of the service, month by month: only where enough of them have, and nothing beside it
that another member could be measured by. Pure.

A figure is the share of those who agree, or are satisfied, among those who chose a mark. Where all were of one mind, it
would tell what each of them has said, and is not shown (docs/decisions/0028-members-own-feedback.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from insights.wilson import Share, share

_FAVOURABLE: Final = frozenset("45")
_MARKS: Final = frozenset("12345")


@dataclass(frozen=True, kw_only=True)
class MemberFigure:
    """`base`: those who chose a mark; `None`: too few. `favourable`: the share who chose 4 or 5; `None`: not shown,
    since the base is too small, or, where `are_alike`, since all were of one mind."""

    question: str
    base: int | None
    favourable: Share | None = None
    are_alike: bool = False


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A month's. `callers`: who sent a survey about this member, whatever they answered."""

    month: str
    callers: int
    figures: Sequence[MemberFigure]


def monthly(
    rows: Iterable[tuple[str, Mapping[str, object]]], questions: Sequence[str], *, at_least: int
) -> list[Batch]:
    """The batches that may be shown, the newest first. `rows`: month and marks by question, a row a caller; also of
    those who said nothing of the member. A month of fewer than `at_least` callers is left out."""
    by_month: dict[str, list[Mapping[str, object]]] = {}
    for month, marks in rows:
        by_month.setdefault(month, []).append(marks)
    return [
        Batch(
            month=month,
            callers=len(of_month),
            figures=[_figure(question, of_month, at_least=at_least) for question in questions],
        )
        for month, of_month in sorted(by_month.items(), reverse=True)
        if len(of_month) >= at_least
    ]


def _figure(question: str, of_month: Sequence[Mapping[str, object]], *, at_least: int) -> MemberFigure:
    marks = [str(one[question]) for one in of_month if question in one and str(one[question]) in _MARKS]
    if len(marks) < at_least:
        return MemberFigure(question=question, base=None)
    good = sum(mark in _FAVOURABLE for mark in marks)
    if good in (0, len(marks)):
        return MemberFigure(question=question, base=len(marks), are_alike=True)
    return MemberFigure(question=question, base=len(marks), favourable=share(good, len(marks)))
