"""Which calls of the year a run takes: all of them, or one of so many equal parts, each on servers of its own."""

from dataclasses import dataclass
from typing import Final, Self

from tests.year.lives import CALLS_A_YEAR

_MOST: Final = 12


@dataclass(frozen=True, kw_only=True)
class Part:
    """The `number`-th (from 1) of `of` parts; the first of one is the year."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """What was typed: `2/6`.

        Raises:
            ValueError: it is no part of a year; says what is one.
        """
        number, _, of = text.partition("/")
        if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of) <= _MOST):
            raise ValueError(f"{text!r} is no part of a year; write 2/6, of twelve at most")
        return cls(number=int(number), of=int(of))

    @property
    def first(self) -> int:
        """The place of its first call in the year, from 0."""
        return CALLS_A_YEAR * (self.number - 1) // self.of

    @property
    def calls(self) -> int:
        """How many it has."""
        return CALLS_A_YEAR * self.number // self.of - self.first

    @property
    def name(self) -> str:
        """Of its folder and its file."""
        return f"{self.number}-of-{self.of}"
