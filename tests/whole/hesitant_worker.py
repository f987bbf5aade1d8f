"""The real worker on a machine that hesitates: every second text that was checked waits three seconds in its hand, as
when the machine swaps, or others take its cores, at the worst moment."""

import asyncio
import itertools
import time

import worker
from activities.in_hand import Ready
from activities.texts import TextActivities
from calls.contracts import SendText, TextOutcome
from logs import configure_logging
from settings import load_settings

SECONDS = 3.0
_turn = itertools.count()
_post = TextActivities._post


def _after_a_while(self: TextActivities, order: SendText, ready: Ready) -> TextOutcome:
    if next(_turn) % 2:
        time.sleep(SECONDS)
    return _post(self, order, ready)


if __name__ == "__main__":
    TextActivities._post = _after_a_while  # type: ignore[method-assign]
    configure_logging(service="worker", format_="json")
    asyncio.run(worker.run(load_settings()))
