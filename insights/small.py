"""Few people are not shown: a count below the policy's threshold is "fewer than", and so is what would give it away."""

from collections.abc import Mapping, Sequence, Set
from enum import StrEnum
from typing import Final

from insights.certain import Key, Sum, first_certain

FEWEST_ANYWHERE: Final = 5
"""No policy may show a figure of fewer people than that to staff."""
FEWEST_MEMBERS_ANYWHERE: Final = 10
"""No policy may show a member of staff what fewer than that said."""


class Hidden(StrEnum):
    """Why a count is not shown."""

    FEW = "few"
    """Of too few people."""
    WITH_IT = "with it"
    """With what else is shown, one of too few could be calculated."""


__all__ = ["Hidden", "Sum", "hidden", "shown", "shown_parts"]


def shown(count: int, *, at_least: int) -> int | None:
    """The count; `None`: of too few people to be shown. That there are none is no news about anybody."""
    return None if 0 < count < at_least else count


def shown_parts(parts: Mapping[Key, int], *, at_least: int) -> dict[Key, int | None]:
    """The parts of a total that is shown as well. Where the total less the others would tell a single one that is
    hidden, or several that are too few together, then the smallest of the others is hidden, too."""
    keyed: dict[tuple[str, Key | None], int] = {("part", key): count for key, count in parts.items()}
    total: tuple[str, Key | None] = ("total", None)
    why = hidden({**keyed, total: sum(parts.values())}, [Sum(total, keyed)], at_least=at_least)
    return {key: None if ("part", key) in why else count for key, count in parts.items()}


def hidden(
    counts: Mapping[Key, int], sums: Sequence[Sum[Key]], *, at_least: int, besides: Set[Key] = frozenset()
) -> dict[Key, Hidden]:
    """What must not be shown of a table, and why. `besides`: what is not to be shown for another reason.

    Of every sum, what is hidden is two at least, and of enough people together; nothing that is shown can then be taken
    from another to leave too few. And no count of few follows from all sums together, with what the words say beside
    them (`insights.certain`). More is hidden until that holds; it ends, since all hidden is enough.
    """
    why = {key: Hidden.FEW for key, count in counts.items() if shown(count, at_least=at_least) is None}
    why |= {key: Hidden.WITH_IT for key in besides if key not in why}
    doubtful: set[Key] = set()
    while True:
        _hide_sum_by_sum(counts, sums, why, at_least)
        secrets = {key: reason is Hidden.FEW for key, reason in why.items()}
        known = first_certain(counts, sums, secrets, at_least, doubtful=doubtful)
        if known is None:
            return why
        more = _beside(known, counts, sums, why)
        if more is None:
            # All is hidden, and the words alone tell: four parts of fewer than five together are one each.
            return dict.fromkeys(why, Hidden.WITH_IT)
        why[more] = Hidden.WITH_IT


def _hide_sum_by_sum(
    counts: Mapping[Key, int], sums: Sequence[Sum[Key]], why: dict[Key, Hidden], at_least: int
) -> None:
    changed = True
    while changed:
        changed = False
        for each in sums:
            more = _one_more(each, counts, why, at_least)
            if more is not None:
                why[more] = Hidden.WITH_IT
                changed = True


def _one_more(each: Sum[Key], counts: Mapping[Key, int], why: Mapping[Key, Hidden], at_least: int) -> Key | None:
    """What has to be hidden next for one sum's sake; `None`: nothing."""
    secret = [key for key in each.parts if key in why]
    together = sum(counts[key] for key in secret) + each.rest
    number = len(secret) + bool(each.rest)
    if each.total in why:
        gives_away = number == 0 and counts[each.total] > 0
    else:
        gives_away = 0 < together < at_least or (number == 1 and bool(secret))
    if not gives_away:
        return None
    others = [key for key in each.parts if key not in why and counts[key]]
    if others:
        return min(others, key=lambda key: (counts[key], str(key)))
    return None if each.total in why else each.total


def _beside(known: Key, counts: Mapping[Key, int], sums: Sequence[Sum[Key]], why: Mapping[Key, Hidden]) -> Key | None:
    """The smallest count that is shown in a sum with one that can be calculated; then in any sum with a secret."""
    secrets: tuple[Set[Key], ...] = ({known}, why.keys())
    for secret in secrets:
        in_sums = [{each.total, *each.parts} for each in sums if not secret.isdisjoint({each.total, *each.parts})]
        others = [key for keys in in_sums for key in keys if key not in why and counts[key]]
        if others:
            return min(others, key=lambda key: (counts[key], str(key)))
    return None
