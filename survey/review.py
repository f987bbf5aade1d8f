"""What a person does with a comment before anybody else reads it. Pure.

The mask of `survey.masking` sees numbers and addresses of the mail; a name looks like any other word. So a person marks
the words, and only the text without them is kept.
"""

import re
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final

_PIECES: Final = re.compile(r"\S+|\s+")
_ENDS: Final = re.compile(r"[.,;:!?…»”\")]*$")
"""What belongs to the sentence and not to the word."""


class Decision(StrEnum):
    """What a person has said of a comment."""

    APPROVED = "approved"
    DECLINED = "declined"
    """Nobody else reads it, and it counts nowhere."""


class Mask(StrEnum):
    """What the words were that a person has marked. It stands in their place."""

    NAME = "[name]"
    PLACE = "[place]"
    DETAIL = "[detail]"


class Done(StrEnum):
    """What a person did about an urgent comment. No free words: they would stand in the audit log for ever."""

    NO_DANGER = "no_danger"
    HANDED_ON = "handed_on"
    """To the supervisor on duty, who can call 9-1-1's own people."""
    SUPPORT = "support"
    """To victim support or a crisis line."""
    ALREADY_KNOWN = "already_known"


def words_of(comment: str) -> list[str]:
    """The words of a comment, in order: what stands between blanks."""
    return comment.split()


def masked(comment: str, places: Collection[int], mask: Mask) -> str:
    """The comment without the words at these places (from 0); those side by side are masked together, blanks and
    lines elsewhere stay as they are. A place that there is not is nothing."""
    parts: list[str] = []
    place, kept_open = -1, False
    for piece in _PIECES.findall(comment):
        if piece.isspace():
            parts.append(piece)
            continue
        place += 1
        if place not in places:
            parts.append(piece)
            kept_open = False
            continue
        end = _ends(piece)
        if kept_open:
            parts.pop()  # the blank
            parts[-1] += end
        else:
            parts.append(mask + end)
        kept_open = not end
    return "".join(parts)


def marks(values: Sequence[str]) -> frozenset[int]:
    """The places that a form has sent; what is no number is nothing."""
    return frozenset(int(value) for value in values if value.isascii() and value.isdecimal() and len(value) < 6)


def _ends(piece: str) -> str:
    found = _ENDS.search(piece)
    end = found[0] if found else ""
    return "" if end == piece else end
