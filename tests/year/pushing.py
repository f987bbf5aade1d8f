"""CAD, as far as the service sees it: signed requests over HTTP, several at a time, each call's in order."""

import json
import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import requests

from local.box import Box
from starter.push.senders import KEY, SIGNATURE, TIME, signature
from tests.year.lives import Record

_PATH: Final = "/cad/v1/calls"
_MOST_AT_ONCE: Final = 50
_AGAIN_AFTER_SECONDS: Final = 0.5
LANES: Final = 2
"""Beside the rest of the service on two cores more do not commit faster."""


class Pushing:
    """Tells the service what CAD tells. What is not answered with 202 is sent again, as docs/cad-push.md says."""

    def __init__(self, box: Box) -> None:
        self._lanes = [_Lane(box.cad_url + _PATH, box.cad_secret) for _ in range(LANES)]

    def tell(self, record: Record) -> None:
        """Put the record in line."""
        self._lanes[hash(record.call) % LANES].put(record)

    @property
    def in_line(self) -> int:
        """Records that are not committed yet."""
        return sum(lane.waiting for lane in self._lanes)

    def told_until(self) -> datetime | None:
        """The moment of the oldest record that is not committed yet; `None`: all are."""
        return min((at for lane in self._lanes if (at := lane.oldest()) is not None), default=None)

    def raise_trouble(self) -> None:
        """Raise what ended a lane."""
        for lane in self._lanes:
            if lane.trouble is not None:
                raise lane.trouble

    def stop(self) -> None:
        """Send nothing more. What is in line is told by the next run."""
        for lane in self._lanes:
            lane.stop()


class Rejected(Exception):  # noqa: N818 - of our own making
    """The service says that a record is wrong: a fault of this test, or of the service."""


class _Lane:
    """One connection."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self._line: deque[Record] = deque()
        self._under_way: Sequence[Record] = ()
        self._stopped = threading.Event()
        self._wake = threading.Event()
        self.trouble: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, record: Record) -> None:
        self._line.append(record)
        self._wake.set()

    @property
    def waiting(self) -> int:
        return len(self._line) + len(self._under_way)

    def oldest(self) -> datetime | None:
        found = [record.at for record in (*list(self._under_way), *list(self._line))]
        return min(found, default=None)

    def stop(self) -> None:
        self._stopped.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with requests.Session() as session:
                while not self._stopped.is_set():
                    self._wake.wait()
                    self._wake.clear()
                    while self._line and not self._stopped.is_set():
                        self._under_way = [self._line.popleft() for _ in range(min(len(self._line), _MOST_AT_ONCE))]
                        self._push(session, self._under_way)
                        self._under_way = ()
        except Exception as error:  # noqa: BLE001 - told to the thread that asks
            self.trouble = error

    def _push(self, session: requests.Session, records: Sequence[Record]) -> None:
        body = json.dumps({"records": [record.told for record in records]}).encode()
        while not self._stopped.is_set():
            at = str(int(time.time()))
            signed = signature(self._secret, method="POST", path=_PATH, at=at, body=body)
            try:
                answer = session.post(
                    self._url, data=body, headers={KEY: "cad.1", TIME: at, SIGNATURE: signed}, timeout=15
                )
            except requests.RequestException:
                self._stopped.wait(_AGAIN_AFTER_SECONDS)
                continue
            if answer.status_code == requests.codes.accepted:
                return
            if answer.status_code != requests.codes.unavailable:
                raise Rejected(f"{answer.status_code}: {answer.text[:500]}")
            self._stopped.wait(_AGAIN_AFTER_SECONDS)


def real(at: datetime) -> str:
    """A moment for people."""
    return at.astimezone(UTC).strftime("%H:%M:%S")
