"""What is asked of the insights: each time something else."""

from collections.abc import Iterator
from random import Random
from typing import Final

from tests.insights.quarter import AREAS

_GROUPS: Final = ("noise", "theft", "traffic", "collision")


def addresses_of(path: str, more: str = "") -> Iterator[str]:
    """Each asks for something else: no chart and no page is a second time the same."""
    chance = Random(6)
    while True:
        if "reach" in path:
            yield f"{path}?month=2026-{chance.randint(1, 8):02}{more}"
            continue
        first, last = sorted(chance.choices(range(1, 39), k=2))
        filters = [f"from=2026-W{first:02}", f"to=2026-W{last:02}"]
        filters += [f"area={chance.choice(AREAS)}"] if chance.random() < 0.2 else []
        filters += [f"group={chance.choice(_GROUPS)}"] if chance.random() < 0.5 else []
        filters += [f"priority={chance.choice('34')}"] if chance.random() < 0.3 else []
        filters += [f"question={chance.choice(('Q1', 'Q5', 'Q7'))}"]
        yield f"{path}?{'&'.join(filters)}{more}"
