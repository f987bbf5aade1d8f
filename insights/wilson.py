"""How sure a share is: Wilson's interval, which holds for few answers and for none or all of them."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

_Z: Final = 1.959964
"""95 of 100."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """`count` of `of`. `low` and `high`: the true share lies between them 95 times in 100. Nobody: no share."""

    count: int
    of: int
    share: float
    low: float
    high: float


def share(count: int, of: int) -> Share | None:
    """The share with its interval; `None` of nobody.

    Raises:
        ValueError: more than all.
    """
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of}")
    if of == 0:
        return None
    p, z2 = count / of, _Z * _Z
    centre = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return Share(count=count, of=of, share=p, low=max(0.0, centre - half), high=min(1.0, centre + half))
