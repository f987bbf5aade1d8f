"""How often something may be tried: by one, and by all together. In memory, and never more of it than was said."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

_MOST_CLIENTS: Final = 20_000
"""Some 4 MB. Who is forgotten beyond that may begin anew; what all do together is limited all the same."""

_MOST_TOLD: Final = 20_000
_TOLD_FOR_SECONDS: Final = 3600.0


@dataclass(frozen=True, kw_only=True)
class Limit:
    """`at_once` tries, and one more whenever so many seconds have passed."""

    at_once: int
    seconds_for_one_more: float


class Tries:
    """Counts tries of one kind. `now` is any clock of seconds that never goes back."""

    def __init__(
        self,
        *,
        of_one: Limit,
        of_all: Limit,
        most_clients: int = _MOST_CLIENTS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.of_one, self.of_all, self._now = of_one, of_all, now
        self._most_clients = most_clients
        # When all the tries that were used will have come back (GCRA): one figure is all that is kept of anybody.
        self._all_back = 0.0
        self._back: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()

    def take(self, client: bytes) -> float:
        """Use one try of the client's and one of all; 0. Where there is none left: nothing is used, and in so many
        seconds there is one."""
        with self._lock:
            now = self._now()
            back = max(self._back.get(client, now), now)
            all_back = max(self._all_back, now)
            wait = max(_wait(back - now, self.of_one), _wait(all_back - now, self.of_all))
            if wait <= 0:
                self._all_back = all_back + self.of_all.seconds_for_one_more
                self._keep(client, back + self.of_one.seconds_for_one_more)
            return max(wait, 0.0)

    def give_back(self, client: bytes) -> None:
        """It was no wrong try."""
        with self._lock:
            self._all_back -= self.of_all.seconds_for_one_more
            if client in self._back:
                self._keep(client, self._back[client] - self.of_one.seconds_for_one_more)

    def __len__(self) -> int:
        return len(self._back)

    def _keep(self, client: bytes, back: float) -> None:
        self._back[client] = back
        self._back.move_to_end(client)
        while len(self._back) > self._most_clients:
            self._back.popitem(last=False)


def _wait(seconds_until_all_are_back: float, limit: Limit) -> float:
    return round(seconds_until_all_are_back - (limit.at_once - 1) * limit.seconds_for_one_more, 6)


class Told:
    """What was said to be unknown a while ago. To say it again tells nobody anything, so that it is no try."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic, most: int = _MOST_TOLD) -> None:
        self._now, self._most = now, most
        self._until: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, code_hash: str) -> bool:
        with self._lock:
            return self._until.get(code_hash, 0.0) > self._now()

    def note(self, code_hash: str) -> None:
        """It was said now, for the first time or after it was forgotten."""
        with self._lock:
            self._until[code_hash] = self._now() + _TOLD_FOR_SECONDS
            self._until.move_to_end(code_hash)
            while len(self._until) > self._most:
                self._until.popitem(last=False)

    def __len__(self) -> int:
        return len(self._until)


def tries_of_codes(now: Callable[[], float]) -> Tries:
    """Wrong codes, each once. Of 728 million a service as large as Ottawa's has at most 135,000 in force: one guess in
    5,400 hits, so one or two a day for all together, and a hit tells no more than that there is such a code.

    The hoard of one is for the thousands of phones behind one address of a mobile network; what it may do in a day is
    decided by the seconds. docs/was-it-you.md has the figures.
    """
    return Tries(
        of_one=Limit(at_once=100, seconds_for_one_more=60),
        of_all=Limit(at_once=1000, seconds_for_one_more=12),
        now=now,
    )


def tries_of_links(now: Callable[[], float]) -> Tries:
    """Links to surveys that there are not."""
    return Tries(
        of_one=Limit(at_once=20, seconds_for_one_more=30),
        of_all=Limit(at_once=300, seconds_for_one_more=1),
        now=now,
    )
