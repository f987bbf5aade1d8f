"""How many SMS segments a text costs, counted as the networks cut it (3GPP TS 23.038 and 23.040)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GSM7_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The alphabet of one septet a character, without the escape itself."""
GSM7_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""Characters that take two septets: the escape and one more, which stay together."""
_GSM7: Final = GSM7_BASIC | GSM7_EXTENSION


class Encoding(StrEnum):
    """The alphabet in which a text travels."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


_ROOM: Final = {
    Encoding.GSM7: (160, 153),  # the header that joins segments takes 7 septets
    Encoding.UCS2: (70, 67),  # or 3 code units
}
"""What one segment holds by itself, and joined with others."""


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """What a text costs. `units` are septets or UTF-16 code units.

    `forced_by` are the characters outside GSM-7, each once, and `forced_at` where each stands first, from 0.
    """

    encoding: Encoding
    segments: int
    units: int
    forced_by: tuple[str, ...]
    forced_at: tuple[int, ...]

    @property
    def room(self) -> int:
        """How many units these segments hold at most."""
        single, joined = _ROOM[self.encoding]
        return single if self.segments == 1 else self.segments * joined


def segmentation(body: str) -> Segmentation:
    """How the networks cut this text. An empty text is one empty segment."""
    letters = set(body)
    outside = letters - _GSM7
    encoding = Encoding.UCS2 if outside else Encoding.GSM7
    wide = {char for char in outside if ord(char) > 0xFFFF} if outside else letters & GSM7_EXTENSION
    single, joined = _ROOM[encoding]
    units = len(body) + sum(map(body.count, wide))
    if units <= single:
        segments = 1
    elif wide:  # neither an escape and its letter nor a surrogate pair is split
        segments = _filled([2 if char in wide else 1 for char in body], joined)
    else:
        segments = -(-units // joined)
    forced_by = tuple(sorted(outside, key=body.index))
    return Segmentation(
        encoding=encoding,
        segments=segments,
        units=units,
        forced_by=forced_by,
        forced_at=tuple(body.index(char) for char in forced_by),
    )


def _filled(sizes: list[int], capacity: int) -> int:
    """How many segments of this capacity are filled in order, when nothing may be split."""
    segments, used = 1, 0
    for size in sizes:
        if used + size > capacity:
            segments, used = segments + 1, 0
        used += size
    return segments
