"""What both tables share: a row per call, a row per text, and how one text is sent.

What neither has, and our service does:

- no history: a row says what a call is now, and nobody can ask what happened to it, or run it again;
- no check before a POST (eligible, held, opted out, expired, capped), and no reason on record where nothing is sent;
- a text may go out twice (R2): whoever dies between POST and commit has sent a text that the table does not know;
- no policy of retries: what fails is tried again at the next look, or when its lease ends, for ever;
- no corrections: a record that comes late, twice or out of order is taken as it is, and a number does not change;
- telephone numbers and words stand in clear, and nothing forgets them.

Each further step of a call's life is a column more, and a branch in each statement below.
"""

import argparse
import logging
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp

from benchmarks.life import DELAY_SECONDS
from benchmarks.notices import tell
from benchmarks.pool import Pool, Values

SCHEMA: Final = """
CREATE TABLE life (
    number bigint PRIMARY KEY,
    phone text NOT NULL,
    case_number text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    dispatched_at timestamptz,
    cleared_at timestamptz,
    next_text text NOT NULL DEFAULT 'confirmation',
    due_at timestamptz DEFAULT now()
);
CREATE INDEX life_due ON life (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE text (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint NOT NULL REFERENCES life,
    kind text NOT NULL,
    body text NOT NULL,
    state text NOT NULL,
    sid text,
    UNIQUE (number, kind)
);
"""
RECEIVED: Final = "INSERT INTO life (number, phone, case_number) VALUES (%s, %s, %s)"
DISPATCHED: Final = """
UPDATE life SET dispatched_at = now(), due_at = CASE WHEN next_text <> 'delay' THEN due_at END WHERE number = %s
"""
CLEARED: Final = """
UPDATE life SET cleared_at = now(), next_text = 'survey', due_at = now() WHERE number = %s AND next_text <> 'nothing'
"""

_SENDING: Final = """
INSERT INTO text (number, kind, body, state) VALUES (%s, %s, %s, 'sending')
ON CONFLICT (number, kind) DO UPDATE SET state = 'sending' RETURNING id
"""
_SENT: Final = """
WITH sent AS (UPDATE text SET state = 'accepted', sid = %(sid)s WHERE id = %(text)s)
UPDATE life SET
    next_text = CASE next_text WHEN 'confirmation' THEN 'delay' WHEN 'delay' THEN 'survey' ELSE 'nothing' END,
    due_at = CASE WHEN next_text = 'confirmation' AND dispatched_at IS NULL THEN received_at + %(delay)s END
WHERE number = %(number)s AND next_text = %(kind)s
RETURNING due_at
"""
_WORDS: Final[Mapping[str, str]] = {  # Ottawa's, for the POST to have as many bytes as ours
    "confirmation": "Ottawa Police: we received your call, case {case}. We will respond as soon as we can, most urgent "
    "first. If it gets worse or anyone is in danger, call 911. We never ask for personal details by text. Unsure this "
    "is us? Call 613-236-1222. STOP ends these texts. We may text you a short survey. If it stops, call us.",
    "delay": "Ottawa Police: we are sorry you are still waiting. Your call, case {case}, is not forgotten. More urgent "
    "calls come first and we will respond as soon as we can. If it gets worse or anyone is in danger, call 911. No "
    "longer need us, or unsure this is us? Call 613-236-1222. STOP ends these texts.",
    "survey": "Ottawa Police: thank you for calling us, case {case}. How did we do? A short, voluntary survey; it "
    "never asks who you are: https://texts.example.org/s/0123456789ab Unsure this is us? Call 613-236-1222. "
    "Emergency: 911. STOP ends these texts.",
}
_ACCOUNT: Final = "AC" + "0" * 32
_CONNECTIONS: Final = 16
AT_A_TIME: Final = 32

log = logging.getLogger("rival")


@dataclass(frozen=True, kw_only=True)
class Options:
    """`delay`: how long after a call the notice is due that nobody has been dispatched."""

    database: str
    carrier: str
    delay: timedelta


@dataclass(frozen=True)
class Due:
    """A text whose time has come, in the order of a statement's columns."""

    number: int
    phone: str
    case_number: str
    kind: str


COLUMNS: Final = "number, phone, case_number, next_text"


class Table:
    """The two tables, and the carrier."""

    def __init__(self, options: Options, pool: Pool) -> None:
        self._delay = options.delay
        self._url = f"{options.carrier}/2010-04-01/Accounts/{_ACCOUNT}/Messages.json"
        self._pool = pool
        self._http = aiohttp.ClientSession(headers={"Authorization": aiohttp.encode_basic_auth(_ACCOUNT, "0" * 32)})

    async def close(self) -> None:
        await self._http.close()
        await self._pool.close()

    async def rows(self, statement: str, values: Values = None) -> list[tuple[Any, ...]]:
        """What a statement returns, after its commit. No connection is held across a POST."""
        return await self._pool.rows(statement, values)

    async def send(self, due: Due) -> datetime | None:
        """Send one text, with a commit before and after the POST; when the call's next one is due.

        Raises:
            aiohttp.ClientError, TimeoutError: the carrier did not take it, or did not say so.
        """
        body = _WORDS[due.kind].format(case=due.case_number)
        ((text,),) = await self.rows(_SENDING, (due.number, due.kind, body))
        form = {
            "To": due.phone,
            "From": "+16135550100",
            "StatusCallback": f"https://texts.example.org/twilio/status?mid={text}",
            "ValidityPeriod": "3600",
            "Body": body,
        }
        async with self._http.post(self._url, data=form) as answer:
            answer.raise_for_status()
            sid = (await answer.json())["sid"]
        about = {"sid": sid, "text": text, "number": due.number, "kind": due.kind, "delay": self._delay}
        changed = await self.rows(_SENT, about)
        tell(workflow(due.number), "sent")
        if due.kind == "survey":
            tell(workflow(due.number), "ended")
        return changed[0][0] if changed else None


def workflow(number: int) -> str:
    """What the driver calls the life of a call: here it is a row."""
    return f"call-row-{number}"


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Table]:
    """The tables, which must be there, with connections of their own."""
    table = Table(options, await Pool.of(options.database, connections=_CONNECTIONS))
    try:
        yield table
    finally:
        await table.close()


def options_from(arguments: Sequence[str] | None = None) -> Options:
    """From the command line: `--database URL --carrier URL`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--carrier", required=True)
    parser.add_argument("--delay-seconds", type=float, default=DELAY_SECONDS)
    given = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    return Options(database=given.database, carrier=given.carrier, delay=timedelta(seconds=given.delay_seconds))
