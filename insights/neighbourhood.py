"""What people of an area answered to a question that takes several answers; nothing that few said, or did not."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from insights.small import shown_parts


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

    def of(self, area: str, options: Sequence[str], *, at_least: int) -> Said | None:
        """`None`: too few have answered there, or their number would tell that of another area, where too few have."""
        answered = shown_parts(self.people, at_least=at_least).get(area)
        if not answered:
            return None
        chose = {option: self.options.get((area, option), 0) for option in options}
        return Said(
            answered=answered,
            chose={option: count if _is_fit(count, answered, at_least) else None for option, count in chose.items()},
        )


def counted(answers: Iterable[tuple[str, str | Sequence[str], int]]) -> Answered:
    """`answers`: area, what was chosen, and how many chose just that."""
    people: Counter[str] = Counter()
    options: Counter[tuple[str, str]] = Counter()
    for area, chosen, times in answers:
        people[area] += times
        for option in {chosen} if isinstance(chosen, str) else set(chosen):
            options[area, option] += times
    return Answered(people=people, options=options)


def _is_fit(count: int, answered: int, at_least: int) -> bool:
    """Neither those who chose it nor those who did not are few; nobody, or everybody, is no news about anybody."""
    return all(number == 0 or number >= at_least for number in (count, answered - count))
