"""What a target is, and what is watched while it has an input."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.log_lines import logged_lines

NUMBER: Final = "+16135550142"
"""The caller's, in what a fuzzer begins with. However it is written, it must stand in no log line and in no error."""
SECRET: Final = "Zebra-crossing-7"
"""Stands in comments and texts: must be in no log line and in no error."""
_BEFORE: Final = r"(?:(?<!\d)|(?<=%[0-9A-Fa-f]{2})|(?<=\\x[0-9a-f]{2})|(?<=\\u[0-9a-f]{4}))"
_NUMBER: Final = re.compile(rf"{_BEFORE}(?:(?:00|011)?1\D{{0,4}})?613\D{{0,4}}555\D{{0,4}}0142(?!\d)")
"""No part of a longer row of digits: that is an id. The digits of an escape (`%20`) are no part of it."""

Target = Callable[[bytes], None]
Database = Callable[[], AbstractContextManager[str]]
"""Gives the URL of a database with our tables, and nothing in them."""
HERE: Final = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Door:
    """One way in. `open`: gives the target, with the servers that it needs. `seeds`: what a fuzzer begins with.

    `words`: what may be put in anywhere. `seconds`: an input that takes more of the processor is a finding (the clock
    of a busy machine says nothing). `besides`: the tests of the same door that generate their inputs otherwise.
    """

    name: str
    what: str
    held: str
    open: Callable[[Database], AbstractContextManager[Target]]
    seeds: Callable[[], Iterable[bytes]]
    words: Sequence[str] = ()
    seconds: float = 1.0
    longest: int = 4096
    besides: Sequence[str] = ()

    @property
    def corpus(self) -> Path:
        return HERE / "corpus" / self.name

    @property
    def found(self) -> Path:
        return HERE / "found" / self.name


class TooSlowError(AssertionError):
    """An input that takes more than its door's seconds."""


@contextmanager
def watched(door: Door, database: Database) -> Iterator[Target]:
    """The door's target. What it writes into the log is read after each input: nothing of the caller's is there."""
    with logged_lines(service="fuzz") as lines, door.open(database) as target:

        def run(given: bytes) -> None:
            begun = time.process_time()
            target(given)
            took = time.process_time() - begun
            says_nothing_personal(lines.getvalue())
            lines.seek(0)
            lines.truncate()
            if took > door.seconds:
                raise TooSlowError(f"{len(given)} bytes took {took:.1f} s")

        yield run


def says_nothing_personal(said: str) -> None:
    """R3: neither the caller's number nor a word of a comment."""
    assert SECRET not in said, said
    assert _NUMBER.search(said) is None, said


class Fed:
    """Decides by the bytes of an input, one after the other; of none that are left always the first."""

    def __init__(self, given: bytes) -> None:
        self._given = iter(given)

    def below(self, count: int) -> int:
        return next(self._given, 0) % count
