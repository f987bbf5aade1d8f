"""A carrier that takes every text at once and says when it saw it, in the driver's own process.

It speaks Twilio's API as far as a text needs it: a POST, and the list that a search asks for. It refuses nothing, asks
for no credentials and keeps no limits. A POST costs it a tenth of a millisecond of processor time. The carrier in a box
(local/carrier) writes each text into a file, and would be measured instead of the service.
"""

import asyncio
import itertools
import re
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs

from aiohttp import web

from local.carrier.callbacks import Postman, status_parameters
from local.carrier.entries import Entry
from local.carrier.messages import message_json
from local.ports import LOOPBACK

Seen = Callable[[str, str, float], None]
"""Who is told of each POST: the phone, the kind of the text, and `time.monotonic()` before its body was read."""

KINDS: Final = ("confirmation", "delay", "survey")
"""What the first, second and third text to a phone is, where a life has one delay notice; the fourth begins another
life: of fictional numbers there are some four thousand."""

_MESSAGES: Final = re.compile(r"/2010-04-01/Accounts/(?P<account>[^/]+)/Messages\.json")
_LISTED_AT_MOST: Final = 50


@dataclass(kw_only=True)
class StubCarrier:
    """What it saw. `posts` counts the texts by phone."""

    origin: str = ""
    posts: Counter[str] = field(default_factory=Counter)
    reports: Counter[str] = field(default_factory=Counter)
    """Status callbacks by what the service answered: "204", or "0" where it did not."""

    _seen: Seen
    _kinds: Sequence[str]
    _report: Callable[[Entry], None]
    _taken: defaultdict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        at = time.monotonic()
        if request.method == "POST" and request.path == "/raw":
            return self._raw(await request.text(), at)
        if (found := _MESSAGES.fullmatch(request.path)) is None:
            return web.json_response({"code": 20404, "message": "not found", "status": 404}, status=404)
        if request.method == "POST":
            return self._take(await request.text(), at, account=found["account"])
        return self._list(request.query.get("To", ""), account=found["account"])

    def _raw(self, body: str, at: float) -> web.Response:
        """The whole body is a phone and a kind, one blank between them."""
        to, _, kind = body.partition(" ")
        self.posts[to] += 1
        self._seen(to, kind, at)
        return web.Response(text="ok")

    def _take(self, body: str, at: float, *, account: str) -> web.Response:
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        to = form["To"]
        before = self.posts[to]
        self.posts[to] += 1
        self._seen(to, self._kinds[before % len(self._kinds)], at)
        entry = _entry(next(self._ids), form)
        self._taken[to].append(entry)
        self._report(entry)
        return web.json_response(message_json(entry, account), status=201)

    def _list(self, to: str, *, account: str) -> web.Response:
        """The newest first. Of one phone only: what asks for all is a daily sum, which no case is long enough for."""
        newest = self._taken.get(to, [])[::-1][:_LISTED_AT_MOST]
        return web.json_response(
            {"messages": [message_json(entry, account) for entry in newest], "page": 0, "next_page_uri": None}
        )


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Status callbacks, sent and delivered for each text, as the whole service gets them."""

    account_sid: str
    auth_token: str
    after_seconds: float = 0.2
    """How long after its POST a text is sent, and once more until it is delivered."""
    at_a_time: int = 16


@asynccontextmanager
async def stub_carrier(
    seen: Seen, *, kinds: Sequence[str] = KINDS, reports: Reports | None = None
) -> AsyncIterator[StubCarrier]:
    """Listens on a free port of this machine, in the running loop. `reports`: None, and no text has a callback."""
    async with AsyncExitStack() as stack:
        # Reports that are still due at the end are not made: the service is gone by then.
        reporting = None if reports is None else await stack.enter_async_context(_reporting(reports))
        carrier = StubCarrier(
            _seen=seen, _kinds=kinds, _report=(lambda _: None) if reporting is None else reporting.begin
        )
        if reporting is not None:
            carrier.reports = reporting.answers
        server = web.Server(carrier.answer, access_log=None)
        listening = await asyncio.get_running_loop().create_server(server, LOOPBACK, 0)
        stack.push_async_callback(server.shutdown, 0.01)  # connections that are kept alive are waited for
        stack.callback(listening.close)
        carrier.origin = f"http://{LOOPBACK}:{listening.sockets[0].getsockname()[1]}"
        yield carrier


@dataclass(kw_only=True)
class _Reporting:
    options: Reports
    postman: Postman
    due: "asyncio.Queue[Entry]" = field(default_factory=asyncio.Queue)
    answers: Counter[str] = field(default_factory=Counter)

    def begin(self, entry: Entry) -> None:
        if entry.callback_url:
            self._later(replace(entry, status="sent"))

    def _later(self, entry: Entry) -> None:
        asyncio.get_running_loop().call_later(self.options.after_seconds, self.due.put_nowait, entry)

    async def work(self) -> None:
        while True:
            entry = await self.due.get()
            now = time.time()
            entry = replace(entry, updated=now, sent=entry.sent or now)
            answer = await self.postman.post(entry.callback_url, status_parameters(entry))
            self.answers[str(answer.status)] += 1
            if entry.status == "sent":
                self._later(replace(entry, status="delivered"))


@asynccontextmanager
async def _reporting(options: Reports) -> AsyncIterator[_Reporting]:
    async with Postman(account_sid=options.account_sid, auth_token=options.auth_token) as postman:
        reporting = _Reporting(options=options, postman=postman)
        working = [asyncio.create_task(reporting.work()) for _ in range(options.at_a_time)]
        try:
            yield reporting
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)


def _entry(number: int, form: dict[str, str]) -> Entry:
    now, body = time.time(), form["Body"]
    return Entry(
        id=number,
        sid=f"SM{number:032x}",
        kind="text",
        direction="outbound-api",
        phone=form["To"],
        sender=form.get("From", form.get("MessagingServiceSid", "")),
        body=body,
        redacted=False,
        deleted=False,
        status="queued",
        error_code=None,
        segments=1 + len(body) // 153,  # near enough: nobody pays
        callback_url=form.get("StatusCallback", ""),
        created=now,
        shown=datetime.fromtimestamp(now, UTC),
        sent=None,
        updated=now,
        webhook="",
        said=(),
    )
