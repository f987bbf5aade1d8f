"""One look for all who watch: made in the background while somebody does, so that nobody waits for it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Generic, Protocol, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger()

T = TypeVar("T")
_WATCHED_FOR_SECONDS: Final = 15.0
"""So long after the last question somebody still watches: pages ask every three seconds, at worst every ten."""
_BACKGROUND_MAY_BE_LATE_SECONDS: Final = 5.0
_TICK_SECONDS: Final = 0.25
_REST: Final = 5
"""A look that takes long is followed by a pause so many times as long: watching leaves the process its time."""


class Watched(Generic[T]):
    """What `look` gives, at most `every` seconds old, and some more while a background is late."""

    def __init__(self, look: Callable[[], T], *, every: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._every = every
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._value: T | None = None
        self._made = self._asked = -1e9
        self._rest_until = -1e9
        self.has_background = False

    def get(self) -> T:
        """The latest. Whoever comes first, or after a long pause, or when the background is in trouble looks himself.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        self._asked = self._monotonic()
        allowed = self._every + (_BACKGROUND_MAY_BE_LATE_SECONDS if self.has_background else 0)
        value = self._value
        if value is not None and self._asked - self._made < allowed:
            return value
        with self._lock:
            if self._value is None or self._monotonic() - self._made >= allowed:
                self._renew()
            assert self._value is not None  # noqa: S101 - for the type checker
            return self._value

    def refresh(self) -> None:
        """Look, where somebody watches and it is time; and once at the start, which takes longest."""
        now = self._monotonic()
        is_time = now - self._made >= self._every and now >= self._rest_until
        if is_time and (self._value is None or now - self._asked < _WATCHED_FOR_SECONDS):
            with self._lock:
                self._renew()

    def _renew(self) -> None:
        began = self._monotonic()
        self._value = self._look()
        self._made = began
        self._rest_until = began + (self._monotonic() - began) * _REST


class Renewed(Protocol):
    """What a background keeps fresh."""

    has_background: bool

    def refresh(self) -> None: ...


@contextmanager
def in_background(watched: Sequence[Renewed]) -> Iterator[None]:
    """Keep them fresh until the block ends. While the database does not answer, whoever asks hears so himself."""
    stop = threading.Event()

    def keep() -> None:
        while not stop.wait(_TICK_SECONDS):
            for each in watched:
                try:
                    each.refresh()
                except Exception as error:  # noqa: BLE001 - whatever it is, it may be over at the next look
                    say = log.warning if isinstance(error, SQLAlchemyError) else log.error
                    say("the board could not be renewed", error=type(error).__name__)
                    stop.wait(_TICK_SECONDS * 4)

    thread = threading.Thread(target=keep, name="board", daemon=True)
    for each in watched:
        each.has_background = True
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for each in watched:
            each.has_background = False
