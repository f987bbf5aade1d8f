"""Few people are not shown: a count below the policy's threshold is "fewer than", and so is what would give it away."""

from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

FEWEST_ANYWHERE: Final = 5
"""No policy may show a figure of fewer people than that to staff."""

Key = TypeVar("Key", bound=Hashable)


def shown(count: int, *, at_least: int) -> int | None:
    """The count; `None`: of too few people to be shown. That there are none is no news about anybody."""
    return None if 0 < count < at_least else count


def shown_parts(parts: Mapping[Key, int], *, at_least: int) -> dict[Key, int | None]:
    """The parts of a total that is shown as well. Where a single one is hidden, the total less the others would tell
    it: then the smallest of the others is hidden, too."""
    told = {key: shown(count, at_least=at_least) for key, count in parts.items()}
    hidden = [key for key, count in told.items() if count is None]
    if len(hidden) == 1:
        others = [key for key, count in told.items() if count]
        if others:
            told[min(others, key=lambda key: (parts[key], str(key)))] = None
    return told
