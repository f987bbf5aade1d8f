"""`communityconnect cad feeds`: how CAD's ways in are doing, feed by feed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from activities.feed_health import UNUSED_AFTER, Condition, FeedHealth, feeds_now, forget_feed
from database.engine import connect
from database.feeds import CadFeedRow
from database.tables import real_now
from policy.agency import load_agency
from settings import Settings, SettingsError
from watching.redaction import redact

Say = Callable[[str], None]
_REPEATS_FROM: Final = timedelta(minutes=1)


def show_feeds(settings: Settings, *, say: Say) -> bool:
    """Say it; False where a feed needs somebody: silent, in trouble, or with records that could not be read.

    Raises:
        AgencyError: the agency's folder cannot be read.
    """
    agency = load_agency(settings.agency)
    zone: ZoneInfo = agency.policy.timetable.zone_info
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        feeds = feeds_now(engine, agency.cad.feeds, zone)
    finally:
        engine.dispose()
    now = real_now()
    for feed in feeds:
        say(f"{feed.feed}{_way(feed)}: {_condition(feed, now)}")
        for line in _lines(feed, now=now, zone=zone):
            say(f"  {line}")
    say(_sum(feeds))
    return not any(feed.needs_somebody for feed in feeds)


def forget(settings: Settings, feed: str, *, say: Say) -> None:
    """Take a feed off the list that is not used any more.

    Raises:
        SettingsError: there is no such feed, it is in use, or cad.yaml expects it.
    """
    agency = load_agency(settings.agency)
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        found = {one.feed: one for one in feeds_now(engine, agency.cad.feeds, agency.policy.timetable.zone_info)}
        one = found.get(feed)
        if one is None or one.seen is None:
            raise SettingsError(f"{feed}: there is no such feed; there are: {', '.join(sorted(found)) or 'none'}")
        if one.has_rule:
            raise SettingsError(f"{feed}: cad.yaml expects it (feeds.{feed}); take it out there first")
        if not one.is_silent and one.condition is not Condition.UNUSED:
            raise SettingsError(f"{feed}: it still speaks; stop what sends it first")
        forget_feed(engine, feed)
    finally:
        engine.dispose()
    say(f"{feed} is off the list; its calls stay. Should it speak again, it is there again")


def _way(feed: FeedHealth) -> str:
    return "" if feed.seen is None else f" ({feed.seen.way})"


def _condition(feed: FeedHealth, now: datetime) -> str:
    match feed.condition:
        case Condition.NEVER_CAME:
            return f"NEVER CAME: cad.yaml expects it (feeds.{feed.feed}), and nobody has heard of it"
        case Condition.SILENT:
            return f"SILENT for too long, by {span(now - (feed.silent_from or now))}"
        case Condition.UNUSED:
            return f"not used any more: not heard of for {UNUSED_AFTER.days} days, and cad.yaml has no rule for it"
        case _:
            return "STOPPED" if feed.trouble is not None else "well"


def _lines(feed: FeedHealth, *, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    if feed.trouble is not None and feed.seen is not None:
        since = feed.seen.trouble_since_real
        yield f"trouble: {redact(feed.trouble)}" + ("" if since is None else f", since {_local(since, zone)}")
    if feed.seen is not None:
        yield _last(feed.seen, now=now, zone=zone)
        yield _counts(feed.seen)
    if feed.condition is Condition.SILENT:
        yield from _silence(feed, now=now)
    if feed.rejected_open:
        waits = "record waits that" if feed.rejected_open == 1 else "records wait that"
        yield f"{feed.rejected_open} {waits} could not be read: communityconnect cad rejected --feed {feed.feed}"


def _last(seen: CadFeedRow, *, now: datetime, zone: ZoneInfo) -> str:
    last = seen.last_record_real
    if last is None:
        return f"no new record since it was set up, {_ago(seen.since_real, now=now, zone=zone)}"
    return f"last new record {_ago(last, now=now, zone=zone)}{_lag(seen.lag_seconds)}"


def _silence(feed: FeedHealth, *, now: datetime) -> Iterator[str]:
    """What is normal; and where it repeats itself, that it does: then the way is open, and CAD says nothing new."""
    night = feed.normal.silent_at_night
    normal = span(feed.normal.silent_after) + ("" if night is None else f", from 22:00 to 07:00 {span(night)}")
    where = f"feeds.{feed.feed} in cad.yaml" if feed.has_rule else f"cad.yaml has no rule feeds.{feed.feed}"
    yield f"normal is at most {normal} ({where})"
    if feed.seen is not None and feed.seen.last_heard_real is not None:
        heard, last = feed.seen.last_heard_real, feed.seen.last_record_real or feed.seen.since_real
        if heard > last + _REPEATS_FROM:
            yield f"it was heard {span(now - heard)} ago, and said nothing new"


def _lag(seconds: float | None) -> str:
    if seconds is None:
        return ", lag not known"
    return (
        f", lag {span(timedelta(seconds=seconds))}"
        if seconds > -1
        else (f", CAD's clock is {span(timedelta(seconds=-seconds))} ahead of ours")
    )


def _counts(seen: CadFeedRow) -> str:
    return (
        f"{seen.taken:,} taken, {seen.repeated:,} repeated, {seen.rejected:,} rejected; "
        f"{seen.unknown:,} with a code that nobody has listed"
    )


def _sum(feeds: Sequence[FeedHealth]) -> str:
    if not feeds:
        return "No feed has spoken yet, and cad.yaml expects none."
    wrong = sum(feed.needs_somebody for feed in feeds)
    count = f"{len(feeds)} feed{'s' * (len(feeds) != 1)}"
    return f"{count}, nothing to do." if not wrong else f"{wrong} of {count} need{'s' * (wrong == 1)} somebody."


def _ago(moment: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    return f"{span(now - moment)} ago ({_local(moment, zone)})"


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def span(length: timedelta) -> str:
    """A length of time as people say it: the two largest units."""
    seconds = max(round(length.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    first = next(place for place, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)
