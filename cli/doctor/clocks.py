"""Clocks and zone data: does everybody who signs, checks or waits mean the same moment?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests
from sqlalchemy import Engine, text

from cli.finding import Finding

_MAY_DIFFER: Final = timedelta(seconds=5)
"""A worker two minutes ahead gives up a text that is on its way (docs/operators.md); a `Date` has whole seconds."""
_NTP: Final = "let NTP keep both clocks (chrony, systemd-timesyncd)"
_DAYS_AHEAD: Final = 2 * 366


def database_clock(engine: Engine) -> Finding:
    """This machine's clock against the database's."""
    with engine.connect() as connection:
        before = datetime.now(UTC)
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        after = datetime.now(UTC)
    return _compared("clock", "the database's", theirs=theirs, ours=before + (after - before) / 2)


def clock_against(address: str) -> Iterator[Finding]:
    """This machine's clock against that of a server on the web, by the `Date` of its answer; nothing without one."""
    host = urlsplit(address).hostname or address
    try:
        answer = requests.head(address, timeout=5, allow_redirects=False)
        theirs = parsedate_to_datetime(answer.headers["Date"])
    except (requests.RequestException, KeyError, ValueError):
        return
    yield _compared("clock", f"that of {host}", theirs=theirs, ours=datetime.now(UTC))


def _compared(what: str, whose: str, *, theirs: datetime, ours: datetime) -> Finding:
    ahead = ours - theirs
    if abs(ahead) <= _MAY_DIFFER:
        return Finding(what=what, detail=f"this machine's agrees with {whose}")
    side = "ahead of" if ahead > timedelta(0) else "behind"
    detail = f"this machine's is {abs(ahead).total_seconds():.0f} s {side} {whose}"
    return Finding(what=what, detail=detail, mend=_NTP)


def zone_data(zone: str) -> Finding:
    """The agency's zone in the machine's data, with its next changes, against those of the package `tzdata`.

    Python takes the machine's where there are any, and an old machine does not know of a law of this year.
    """
    ours, packaged = ZoneInfo(zone), _packaged(zone)
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    release = f"tzdata {version('tzdata')}"
    wrong = next((at for at in _days(start) if _offset(ours, at) != _offset(packaged, at)), None)
    if wrong is not None:
        theirs = f"{_offset(packaged, wrong):+.1f} by {release}"
        detail = (
            f"{zone} on {wrong:%Y-%m-%d} is UTC{_offset(ours, wrong):+.1f} by this machine's zone data, UTC{theirs}"
        )
        mend = "bring the machine's zone data up to date (apt-get install --only-upgrade tzdata), or the package tzdata"
        return Finding(what="zone data", detail=detail, mend=mend)
    changes = [f"{at.astimezone(ours):%Y-%m-%d %H:%M}" for at in _changes(ours, start)][:2]
    then = f"clocks change on {' and '.join(changes)}" if changes else "its clocks do not change"
    return Finding(what="zone data", detail=f"{zone}: {then} ({release})")


def _packaged(zone: str) -> ZoneInfo:
    with files("tzdata.zoneinfo").joinpath(*zone.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=zone)


def _days(start: datetime) -> Iterator[datetime]:
    yield from (start + timedelta(days=day) for day in range(_DAYS_AHEAD))


def _changes(zone: ZoneInfo, start: datetime) -> Iterator[datetime]:
    """The first hour of each new offset."""
    for day in _days(start):
        last = _offset(zone, day)
        if _offset(zone, day + timedelta(days=1)) != last:
            hours = (day + timedelta(hours=hour) for hour in range(25))
            yield next(at for at in hours if _offset(zone, at) != last)


def _offset(zone: ZoneInfo, at: datetime) -> float:
    """Hours east of Greenwich."""
    return (at.astimezone(zone).utcoffset() or timedelta(0)) / timedelta(hours=1)
