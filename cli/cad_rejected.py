"""`communityconnect cad rejected`: the records that could not be read, for people to look at and to deal with."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from database.encryption import keyring_of
from database.engine import connect
from database.feeds import RejectedRecordRow
from policy.agency import load_agency
from settings import Settings, SettingsError
from starter.readers.json_text import NotJson, parse
from starter.rejected import MOST_BYTES, MOST_KEPT, RejectedRecords
from starter.rejected_again import Again, ReadAgain, RejectedAgain
from starter.rules import keep_rules
from watching.redaction import redact

Say = Callable[[str], None]
_MOST: Final = 200
_IN_WORDS: Final = {
    Again.TAKEN: "taken in, and off the list",
    Again.REPEATED: "read, and here already: off the list",
    Again.STILL: "still cannot be read",
    Again.NO_RECORD: "cannot be read again, being no record by itself: have it sent again",
    Again.NOT_KEPT: "cannot be read again, as the bytes are not kept: have it sent again",
}


@dataclass(frozen=True, kw_only=True)
class RejectedAct:
    """What to do. `feed`: only with this feed's. Nothing else named: list them."""

    feed: str | None = None
    show: int | None = None
    replay: bool = False
    leave: int | None = None
    by: str | None = None
    why: str | None = None


def act(settings: Settings, act: RejectedAct, *, say: Say) -> bool:
    """Do it and say it; False where records were read again and some of them stay.

    Raises:
        SettingsError: two things at once, or a record that is not there.
        AgencyError: the agency's folder cannot be read.
        KeyringError: a record's key is not among ours.
    """
    if sum((act.show is not None, act.replay, act.leave is not None)) > 1:
        raise SettingsError("one of --show, --replay and --leave at a time; nothing was done")
    with _database(settings) as engine:
        if act.replay:
            return _replay(settings, engine, act.feed, say=say)
        rejected = RejectedRecords(engine=engine, keyring=keyring_of(settings))
        if act.leave is not None:
            _leave(rejected, act, say=say)
        elif act.show is not None:
            _show(rejected, _open_row(rejected, act.show), zone=_zone(settings), say=say)
        else:
            _list(rejected, act.feed, zone=_zone(settings), say=say)
    return True


@contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    engine = connect(settings.database_url.get_secret_value(), pool_size=2)
    try:
        yield engine
    finally:
        engine.dispose()


def _zone(settings: Settings) -> ZoneInfo:
    return load_agency(settings.agency).policy.timetable.zone_info


def _list(rejected: RejectedRecords, feed: str | None, *, zone: ZoneInfo, say: Say) -> None:
    ids = rejected.open_ids(feed=feed)
    of_feed = "" if feed is None else f" of {feed}"
    if not ids:
        say(f"No record{of_feed} waits that could not be read.")
        return
    say(f"Records{of_feed} that could not be read, and that nobody has dealt with: {len(ids)}")
    for row in filter(None, map(rejected.row, ids[:_MOST])):
        say(f"{row.id}  {_about(row, zone)}")
        say(f"    {redact(row.reason)}")
    if len(ids) > _MOST:
        say(f"… and {len(ids) - _MOST} that came later")
    say("--show ID prints one; --replay reads all again, after a mend; --leave ID takes one off the list.")


def _about(row: RejectedRecordRow, zone: ZoneInfo) -> str:
    first, last = (
        f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in (row.rejected_real, row.last_rejected_real)
    )
    came = first if row.times == 1 else f"{first}, {row.times} times until {last}"
    kept = "" if row.raw_encrypted is not None else ", bytes not kept"
    return f"{row.feed}, {came}; {row.shape}, {row.size:,} bytes{kept}"


def _open_row(rejected: RejectedRecords, row_id: int) -> RejectedRecordRow:
    row = rejected.row(row_id)
    if row is None:
        raise SettingsError(f"there is no rejected record {row_id}, or it is forgotten; the list: cad rejected")
    if row.settled_real is not None:
        raise SettingsError(f"the rejected record {row_id} is dealt with: {row.settled}")
    return row


def _show(rejected: RejectedRecords, row: RejectedRecordRow, *, zone: ZoneInfo, say: Say) -> None:
    raw = rejected.raw(row)
    say(f"{row.id}  {_about(row, zone)}")
    say(f"    {redact(row.reason)}")
    if raw is None:
        too_many = (
            f"it had more than {MOST_BYTES // 1024} KiB" if row.size > MOST_BYTES else f"{MOST_KEPT:,} came since"
        )
        say(f"Its bytes are not kept: {too_many}. Only its sender has it.")
        return
    say("As it came. There may be a telephone number in it, a name or an address: not for mails and tickets.")
    say("")
    say(_legible(raw))


def _legible(raw: bytes) -> str:
    """JSON with a line for each value, anything else as it stands; signs that could steer a terminal are spelt out."""
    try:
        text = json.dumps(parse(raw), ensure_ascii=False, indent=2)
    except NotJson:
        text = raw.decode("utf-8", errors="backslashreplace").replace("\r\n", "\n")
    return "".join(sign if sign.isprintable() or sign in "\n\t" else ascii(sign)[1:-1] for sign in text)


def _leave(rejected: RejectedRecords, act: RejectedAct, *, say: Say) -> None:
    if act.by is None or act.why is None:
        raise SettingsError("--leave needs --by and --why, for those who read it later; nothing was done")
    row = _open_row(rejected, act.leave or 0)
    rejected.settle(row.id or 0, f"left by {act.by}: {act.why}")
    say(f"{row.id} is off the list, its bytes are deleted. But for a danger that it named nothing of it was taken")


def _replay(settings: Settings, engine: Engine, feed: str | None, *, say: Say) -> bool:
    agency = load_agency(settings.agency)
    keep_rules(engine, agency)
    again = RejectedAgain(engine=engine, keyring=keyring_of(settings), agency=agency, clock=settings.clock)
    became: Counter[Again] = Counter()
    for one in again.all_of(feed):
        became[one.became] += 1
        if one.became not in (Again.TAKEN, Again.REPEATED):
            say(f"{one.row.id}  {one.row.feed}: {_stays(one)}")
    say(f"{became.total()} read again{'' if feed is None else f' of {feed}'}, each as of when it came:")
    for outcome, words in _IN_WORDS.items():
        if became[outcome] or outcome in (Again.TAKEN, Again.STILL):
            say(f"{became[outcome]:>7} {words}")
    return became.total() == became[Again.TAKEN] + became[Again.REPEATED]


def _stays(one: ReadAgain) -> str:
    return _IN_WORDS[one.became] if one.reason is None else redact(one.reason)
