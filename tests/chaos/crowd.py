"""Those around the service, each in threads of its own: CAD, which pushes until it is taken; residents; staff."""

import heapq
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

import requests
from sqlalchemy.exc import SQLAlchemyError

from calls.clock import Clock
from local.box import Box
from tests.chaos.plan import Plan, StaffAct, Word
from tests.starter.pushing import Signs
from web.staff.switches import Switches

_SENDERS: Final = 3
_PATIENCE_SECONDS: Final = 6.0
_AGAIN_SECONDS: Final = 0.7
_HEARD_SECONDS: Final = 40.0
_SAYS_IT_AT_MOST: Final = 6
_REFUSED: Final = frozenset({400, 401, 413, 422})


class Crowd:
    """Plays what the plan says of people and of CAD. `told`, `said`: what they did, as the run's folder has it."""

    def __init__(self, plan: Plan, *, box: Box, clock: Clock, switches: Switches) -> None:
        self._plan, self._box, self._clock, self._switches = plan, box, clock, switches
        self._lock = threading.Lock()
        self._began = time.monotonic() + (clock.real_origin - datetime.now(UTC)).total_seconds()
        self._queue = [(push.after, n, push.records) for n, push in enumerate(_numbered(plan))]
        self._gives_up = threading.Event()
        self._saying = ThreadPoolExecutor(max_workers=6, thread_name_prefix="says")
        self.told: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.faults: list[str] = []
        threads = [self._send] * _SENDERS + [self._speak, self._act]
        self._threads = [threading.Thread(target=self._safely, args=(do,), daemon=True) for do in threads]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def end(self) -> None:
        """Whoever still tries gives up."""
        self._gives_up.set()
        for thread in self._threads:
            thread.join()

    def _safely(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as fault:  # noqa: BLE001 - the run says it, and is not clean
            self.faults.append(f"{do.__name__}: {fault!r}")

    def _wait_until(self, after: float) -> bool:
        return not self._gives_up.wait(max(self._began + after - time.monotonic(), 0))

    # CAD

    def _send(self) -> None:
        session, auth = requests.Session(), Signs(secret=self._box.cad_secret)
        while True:
            with self._lock:
                if not self._queue:
                    return
                after, _, numbered = heapq.heappop(self._queue)
            while self._wait_until(after) and not self._is_taken(session, auth, numbered):
                time.sleep(_AGAIN_SECONDS)

    def _is_taken(self, session: requests.Session, auth: Signs, numbered: Sequence[tuple[int, dict[str, Any]]]) -> bool:
        records = [record for _, record in numbered]
        body = records[0] if len(records) == 1 else {"records": records}
        sent, answered = self._clock.now(), None
        statuses: list[int | None] = [None] * len(records)
        try:
            url = f"{self._box.cad_url}/cad/v1/calls"
            answer = session.post(url, data=json.dumps(body), auth=auth, timeout=_PATIENCE_SECONDS)
            answered, statuses = self._clock.now(), _statuses(answer, len(records))
        except requests.RequestException:
            pass
        with self._lock:
            for (n, record), status in zip(numbered, statuses, strict=True):
                line = {"n": n, "feed": "cad", "record": record, "sent": _iso(sent), "status": status}
                self.told.append({**line, "answered": None if answered is None else _iso(answered)})
        return all(status == requests.codes.accepted or status in _REFUSED for status in statuses)

    # Residents

    def _speak(self) -> None:
        says = []
        for word in sorted(self._plan.words, key=lambda word: word.after):
            if self._wait_until(word.after):
                says.append(self._saying.submit(self._say, word))
        for one in says:
            one.result()

    def _say(self, word: Word) -> None:
        """Until it was heard: who gets no answer says it again."""
        for _ in range(_SAYS_IT_AT_MOST):
            at = self._clock.now()
            sid = self._sent_by(word)
            heard = sid is not None and self._is_heard(word.phone, sid)
            if sid is not None:
                done = _iso(self._clock.now()) if heard else None
                self._note(at, done, who="resident", phone=word.phone, body=word.body)
            if heard or self._gives_up.wait(3):
                return

    def _sent_by(self, word: Word) -> str | None:
        """The carrier's id; none: the carrier was away, and knows nothing of it, or perhaps does, and said nothing."""
        url = f"{self._box.phones_url}/carrier/phones/{word.phone}/texts"
        body = {"text": word.body, "to": self._box.agency.identity.sender}
        at = self._clock.now()
        try:
            return str(requests.post(url, json=body, timeout=_PATIENCE_SECONDS).json()["sid"])
        except requests.RequestException as error:
            if "refused" not in str(error):
                self._note(at, None, who="resident", phone=word.phone, body=word.body)
            return None

    def _is_heard(self, phone: str, sid: str) -> bool:
        end = time.monotonic() + _HEARD_SECONDS
        while time.monotonic() < end and not self._gives_up.wait(0.15):
            try:
                answer = requests.get(f"{self._box.phones_url}/carrier/phones/{phone}", timeout=_PATIENCE_SECONDS)
                mine = [entry for entry in answer.json()["messages"] if entry["sid"] == sid]
            except requests.RequestException:
                continue
            if mine and mine[0]["webhook"]:
                return bool(mine[0]["webhook"] == "heard")
        return False

    # Staff

    def _act(self) -> None:
        for act in sorted(self._plan.staff, key=lambda act: act.after):
            if not self._wait_until(act.after) and act.what in {"hold", "stop everything"}:
                continue
            self._do(act)

    def _do(self, act: StaffAct) -> None:
        """What ends a hold is tried until it does; with the run it is tried once more."""
        scope = "everything" if act.call_id is None else f"call:{act.call_id}"
        begins = act.what in {"hold", "stop everything"}
        while True:
            at, done = self._clock.now(), None
            try:
                (self._switches.stop if begins else self._switches.go)(scope, by="the plan", why="it says so")
                done = _iso(self._clock.now())
            except SQLAlchemyError:
                pass
            self._note(at, done, who="staff", what=act.what, call_id=act.call_id)
            if done is not None or begins or self._gives_up.wait(_AGAIN_SECONDS):
                return

    def _note(self, at: datetime, done: str | None, **what: str | None) -> None:
        with self._lock:
            self.said.append({"at": _iso(at), "done": done, **what})


class _Numbered:
    def __init__(self, after: float, records: Sequence[tuple[int, dict[str, Any]]]) -> None:
        self.after, self.records = after, records


def _numbered(plan: Plan) -> list[_Numbered]:
    """Each record with its number."""
    numbered, n = [], 0
    for push in sorted(plan.pushes, key=lambda push: push.after):
        numbered.append(_Numbered(push.after, [(n + place, record) for place, record in enumerate(push.records)]))
        n += len(push.records)
    return numbered


def _statuses(answer: requests.Response, count: int) -> list[int | None]:
    """Of each record its own, where some of a request were rejected."""
    if answer.status_code != requests.codes.unprocessable_entity or count == 1:
        return [answer.status_code] * count
    return [422 if one["result"] == "rejected" else 202 for one in answer.json()["records"]]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
