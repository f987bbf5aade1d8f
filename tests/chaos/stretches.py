"""Sets of moments: lists of stretches, each from its beginning until just before its end."""

from collections.abc import Sequence
from datetime import datetime, timedelta

Stretches = list[tuple[datetime, datetime]]


def both(one: Sequence[tuple[datetime, datetime]], other: Sequence[tuple[datetime, datetime]]) -> Stretches:
    """What lies in both; touching ones stay apart."""
    cut = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return sorted((begins, ends) for begins, ends in cut if begins < ends)


def without(one: Sequence[tuple[datetime, datetime]], other: Sequence[tuple[datetime, datetime]]) -> Stretches:
    """What lies in the one and not in the other."""
    left = list(one)
    for begins, ends in other:
        left = [piece for a, b in left for piece in ((a, min(b, begins)), (max(a, ends), b)) if piece[0] < piece[1]]
    return left


def length(of: Sequence[tuple[datetime, datetime]]) -> timedelta:
    """Of stretches that do not overlap."""
    return sum((ends - begins for begins, ends in of), timedelta(0))
