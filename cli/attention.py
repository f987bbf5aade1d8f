"""`communityconnect attention`: what needs a person first, on the terminal."""

from collections.abc import Callable, Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from cli.switches import carrier_stops, carrier_stops_of
from database.encryption import Keyring, KeyringError, keyring_of
from database.engine import connect
from insights.budget import Course
from policy.agency import Agency, load_agency
from settings import Settings
from watching.redaction import redact
from web.staff.attention import Attention, needs_attention
from web.staff.feeds import FeedTroubles, SilentFeed, StoppedFeed
from web.staff.report.running_cost import RunningCost
from web.staff.text_troubles import Difference, TextTroubles, UndeliveredText

_NAMES_SHOWN = 10
_DIFFERENCES = {
    "only_at_carrier": "only the carrier has",
    "only_in_ledger": "only the ledger has",
    "states_differ": "ended differently at the carrier:",
}


def show_attention(settings: Settings, *, say: Callable[[str], None]) -> bool:
    """Say it; False where the carrier has stopped something, a feed of CAD's is silent or in trouble or has records
    that could not be read, a call is stuck, a text is unknown for over an hour, or a resident's comment that sounds
    urgent has been seen by nobody.

    Raises:
        AgencyError: the agency's folder cannot be read.
    """
    agency = load_agency(settings.agency)
    zone: ZoneInfo = agency.policy.timetable.zone_info
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        found = needs_attention(engine, agency, keyring=_keyring(settings))
        cost = RunningCost(engine=engine, agency=agency, clock=settings.clock).ask()
        stopped = carrier_stops(carrier_stops_of(agency, engine), zone)
    finally:
        engine.dispose()

    def local(moment: datetime) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"

    of_all = [("What the carrier has stopped", stopped)]
    for title, lines in (
        *of_all,
        *_of_residents(found),
        *_of_feeds(found.feeds, local),
        *_of_texts(found.texts, local),
        *_of_calls(found, local),
        ("This month's budget for texts", _of_budget(cost, agency, local)),
    ):
        say(f"{title}:")
        shown = list(lines) or ["none"]
        for line in shown:
            say(f"  {line}")
    are_texts_well = not stopped and not any(text.is_old for text in found.texts.unknown)
    return are_texts_well and not found.stuck and not found.urgent and not found.feeds.need_somebody


def _keyring(settings: Settings) -> Keyring | None:
    """None: without keys all else can still be told."""
    try:
        return keyring_of(settings)
    except KeyringError:
        return None


def _of_budget(cost: Course | None, agency: Agency, local: Callable[[datetime], str]) -> Iterable[str]:
    """Nothing where it lasts."""
    price = agency.identity.segment_price
    if cost is None or price is None or not cost.alerts:
        return
    spent = f"{cost.spent:.2f} of {cost.budget:.2f} {price.currency} are spent"
    forecast = "" if cost.forecast is None else f", {cost.forecast:.2f} are to be expected by the end of the month"
    ends = (
        "it is used up" if cost.is_exceeded or cost.lasts_until is None else f"it lasts until {local(cost.lasts_until)}"
    )
    yield f"{ends}: {spent}{forecast}"


_Sections = Iterable[tuple[str, Iterable[str]]]


def _of_residents(found: Attention) -> _Sections:
    """How many, never a word of what they wrote."""
    yield (
        "Residents' comments that sound urgent and that nobody has seen (see: the console's page of comments, today)",
        ["not counted: the keys are missing"] if found.urgent is None else [f"{found.urgent}"] if found.urgent else [],
    )


def _of_feeds(found: FeedTroubles, local: Callable[[datetime], str]) -> _Sections:
    yield (
        "CAD's feeds that are silent or stopped: calls may go unheard (see: communityconnect cad feeds)",
        (
            *(f"{feed.feed}: {_silence(feed, local)}" for feed in found.silent),
            *(f"{feed.feed}: {redact(feed.trouble)}{_since(feed, local)}" for feed in found.stopped),
        ),
    )
    yield (
        "CAD's records that could not be read (see: communityconnect cad rejected)",
        (
            f"{feed.feed}: {feed.records}, the first on {local(feed.since)}; of the last: {redact(feed.reason)}"
            for feed in found.rejected
        ),
    )


def _silence(feed: SilentFeed, local: Callable[[datetime], str]) -> str:
    if feed.since is None:
        return "cad.yaml expects it, and it has never come"
    last = "it has never told a call" if feed.last is None else f"its last new record came on {local(feed.last)}"
    return f"{last}; that is too long since {local(feed.since)}"


def _since(feed: StoppedFeed, local: Callable[[datetime], str]) -> str:
    return "" if feed.since is None else f", since {local(feed.since)}"


def _of_calls(found: Attention, local: Callable[[datetime], str]) -> _Sections:
    yield (
        "Calls that are stuck",
        (
            f"{_call(call.call_id, call.case_number)}: {call.trouble}{f' ({call.ended})' if call.ended else ''}, "
            f"since {local(call.since)}"
            for call in found.stuck
        ),
    )
    yield (
        "Wrong numbers, as whoever has the phone says (the caller has heard nothing)",
        (f"{_call(wrong.call_id, wrong.case_number)}, told {local(wrong.said)}" for wrong in found.wrong),
    )
    yield (
        "Calls that wait for what CAD has not told",
        (f"{waiting.call_id}: {waiting.reason}, since {local(waiting.since)}" for waiting in found.waiting),
    )
    yield (
        "Codes that the agency's folder does not list, in the last 7 days",
        (f"{code.calls} x {redact(code.what)}" for code in found.unknown),
    )


def _of_texts(found: TextTroubles, local: Callable[[datetime], str]) -> _Sections:
    yield "Texts whose outcome is unknown: this resident may not have been told", _unknown(found, local)
    yield "Texts that did not arrive, in the last 7 days", _not_told(found.undelivered, local)
    yield "Texts that were due and could not be sent in time, in the last 7 days", _not_told(found.expired, local)
    yield "Days on which the ledger and the carrier's list differ", _differences(found)


def _not_told(texts: Iterable[UndeliveredText], local: Callable[[datetime], str]) -> Iterable[str]:
    for text in texts:
        sid = f", {text.sid}" if text.sid else ""
        yield f"{text.what}, {_call(text.call_id, text.case_number)}: {text.why}, {local(text.at)}{sid}"


def _unknown(found: TextTroubles, local: Callable[[datetime], str]) -> Iterable[str]:
    for text in found.unknown:
        yield f"{text.what}, {_call(text.call_id, text.case_number)}, since {local(text.since)}, text {text.text_id}"
    if found.older_unknown:
        yield f"and {found.older_unknown} that became unknown more than 7 days ago"


def _differences(found: TextTroubles) -> Iterable[str]:
    for difference in found.differences:
        yield (
            f"{difference.day}: {difference.texts_ours} texts ({difference.segments_ours} segments) in the ledger, "
            f"{difference.texts_theirs} ({difference.segments_theirs}) at the carrier"
        )
        yield from _named(difference)
    if found.sum_is_late:
        since = "ever" if found.last_sum is None else f"since {found.last_sum}"
        yield f"no day has been summed up {since}: do workers run, is the schedule there and not paused?"


def _named(difference: Difference) -> Iterable[str]:
    for what, words in _DIFFERENCES.items():
        count: int = getattr(difference, what)
        if count:
            names = difference.named.get(what, [])[:_NAMES_SHOWN]
            more = ", …" if count > len(names) else ""
            yield f"  {words} {count}: {', '.join(names)}{more}"


def _call(call_id: str | None, case_number: str | None) -> str:
    if call_id is None:
        return "no call"
    return f"{call_id}, case {case_number}" if case_number else call_id
