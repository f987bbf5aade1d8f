"""Ten thousand texts that look for the places where a count of segments goes wrong. The same ones on every machine.

`python -m tests.texts.ten_thousand` prints them as JSON, for an implementation of somebody else's to count.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, TypeVar

from texts.segments import GSM7_BASIC, GSM7_EXTENSION

COUNT: Final = 10_000
_BASIC: Final = sorted(GSM7_BASIC - {"\r"})  # \r before \n is one sign for some and two for others
_EXTENSION: Final = sorted(GSM7_EXTENSION)
_OUTSIDE: Final = list("âçêëîïôœûÿÀÂÈÊËÎÏÔŒÙÛŸ’‘“”«»…–—\u00a0\u202f\u2011°º•½中я`\t")
_PAIRS: Final = list("😀🚓🎲𝒜𐍈")  # two code units each; no halves of flags: Twilio keeps the two halves together
_SENTENCES: Final = (
    "Ottawa Police: we received your call. Your case number is 26-123456. ",
    "Police d'Ottawa : votre appel est enregistré sous le numéro de dossier 26-123456. ",
    "Nous l’avons reçu à l’hôtel; un agent vous répondra bientôt. ",
    "Call 9-1-1 [now] {or} ~later~ | \\never^ € ",
)
_Item = TypeVar("_Item")


def ten_thousand_texts() -> Iterator[str]:
    """The texts, in order."""
    yield from ("", "\f", "€" * 80, "€" * 81, "😀" * 35, "😀" * 36, "".join(_BASIC), "".join(_BASIC + _EXTENSION))
    dice = Random(20260115)
    makers = (_edge_of_gsm7, _edge_of_ucs2, _any_gsm7, _any_ucs2, _sentences)
    for place in range(COUNT - 8):
        yield makers[place % len(makers)](dice)


# Only `random()` is promised to give the same numbers in every version of Python.
def _below(dice: Random, limit: int) -> int:
    return int(dice.random() * limit)


def _one_of(dice: Random, items: Sequence[_Item]) -> _Item:
    return items[_below(dice, len(items))]


def _near(dice: Random, single: int, joined: int) -> int:
    """A length on, or up to three beside, an edge."""
    edge = single if dice.random() < 0.3 else joined * (1 + _below(dice, 6))
    return max(0, edge + _below(dice, 7) - 3)


def _edge_of_gsm7(dice: Random) -> str:
    text = [_one_of(dice, _BASIC) for _ in range(_near(dice, 160, 153))]
    for _ in range(_below(dice, 4)):  # signs of two septets across the edges, each with a septet less before or not
        place = 153 * (1 + _below(dice, 6)) - _below(dice, 4)
        if place < len(text):
            text[place] = _one_of(dice, _EXTENSION)
    return "".join(text)


def _edge_of_ucs2(dice: Random) -> str:
    text = [_one_of(dice, _BASIC + _OUTSIDE) for _ in range(_near(dice, 70, 67))]
    text[_below(dice, len(text))] = _one_of(dice, _OUTSIDE)
    for _ in range(_below(dice, 4)):
        place = 67 * (1 + _below(dice, 6)) - _below(dice, 4)
        if place < len(text):
            text[place] = _one_of(dice, _PAIRS)
    return "".join(text)


def _any_gsm7(dice: Random) -> str:
    signs = _BASIC + _EXTENSION * _below(dice, 10)
    return "".join(_one_of(dice, signs) for _ in range(_below(dice, 500)))


def _any_ucs2(dice: Random) -> str:
    signs = _BASIC + _OUTSIDE + _EXTENSION + _PAIRS * _below(dice, 30)
    return "".join(_one_of(dice, signs) for _ in range(_below(dice, 400)))


def _sentences(dice: Random) -> str:
    text = "".join(_one_of(dice, _SENTENCES) for _ in range(1 + _below(dice, 8)))
    return text[: len(text) - _below(dice, 20)]


if __name__ == "__main__":
    json.dump(list(ten_thousand_texts()), sys.stdout)
