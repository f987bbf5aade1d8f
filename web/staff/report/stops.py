"""When texts did not go out in a month, and who wanted it so: switches, modes of the service, lines that were closed.

They are on record in real time; here they are told by the service's clock.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from sqlmodel import Session, col, select

from activities.stop_and_go import FOR_GOOD, OF_A_CALL, Mode
from calls.clock import Clock
from database.line import LineClosureRow
from database.tables import ServiceModeRow, SwitchRow
from insights.counted import Stop

CARRIER = "the carrier"


def read_stops(
    session: Session, *, clock: Clock, since: datetime, until: datetime, now: datetime
) -> tuple[Sequence[Stop], int, int]:
    """Those that have some time in the month, the earliest first; of single calls only how many were held, and how
    many stopped for good, in the month: which calls they are is for those who may see calls."""
    found: list[Stop] = []
    held, for_good = 0, 0
    times = [*_switches(session), *_modes(session), *_closures(session)]
    for what, of, by, why, began_real, ended_real in times:
        began, ended = clock.at(began_real), None if ended_real is None else clock.at(ended_real)
        begins_in_it = since <= began < until
        if of.startswith(OF_A_CALL) and what == "switch":
            held += begins_in_it
            continue
        if of.startswith(FOR_GOOD) and what == "switch":
            for_good += begins_in_it
            continue
        in_month = min(until, now, ended or now) - max(since, began)
        if began < until and (ended is None or ended > since) and began <= now:
            found.append(Stop(what=what, of=of, by=by, why=why, began=began, ended=ended, in_month=in_month))
    return sorted(found, key=lambda stop: (stop.began, stop.what, stop.of)), held, for_good


_Time = tuple[str, str, str, str, datetime, datetime | None]


def _switches(session: Session) -> Iterator[_Time]:
    for row in session.exec(select(SwitchRow)):
        yield "switch", row.scope, row.stopped_by, row.why, row.stopped_real, row.released_real


def _modes(session: Session) -> Iterator[_Time]:
    """Each lasts until the next one is set; before the first one the service is live."""
    rows = session.exec(select(ServiceModeRow).order_by(col(ServiceModeRow.id))).all()
    for row, after in pairwise([*rows, None]):
        if row is not None and row.mode != Mode.LIVE:
            yield "mode", row.mode, row.set_by, row.why, row.since_real, None if after is None else after.since_real


def _closures(session: Session) -> Iterator[_Time]:
    for row in session.exec(select(LineClosureRow)):
        yield "line", row.sender, CARRIER, row.because, row.closed_real, row.opened_real
