"""`communityconnect attention`: what needs a person first, on the terminal."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from database.engine import connect
from logs import redact
from policy.agency import load_agency
from settings import Settings
from web.staff.attention import needs_attention

_NONE = "  none"


def show_attention(settings: Settings, *, say: Callable[[str], None]) -> bool:
    """Say it; False where a call is stuck.

    Raises:
        AgencyError: the agency's folder cannot be read.
    """
    zone: ZoneInfo = load_agency(settings.agency).policy.timetable.zone_info
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        found = needs_attention(engine)
    finally:
        engine.dispose()
    say("Calls that are stuck:")
    for call in found.stuck:
        ended = f" ({call.ended})" if call.ended else ""
        case = f", case {call.case_number}" if call.case_number else ""
        say(f"  {call.call_id}{case}: {call.trouble}{ended}, since {call.since.astimezone(zone):%Y-%m-%d %H:%M}")
    say(_NONE) if not found.stuck else None
    say("Wrong numbers, as whoever has the phone says (the caller has heard nothing):")
    for wrong in found.wrong:
        case = f", case {wrong.case_number}" if wrong.case_number else ""
        say(f"  {wrong.call_id}{case}, told {wrong.said.astimezone(zone):%Y-%m-%d %H:%M}")
    say(_NONE) if not found.wrong else None
    say("Calls that wait for what CAD has not told:")
    for waiting in found.waiting:
        say(f"  {waiting.call_id}: {waiting.reason}, since {waiting.since.astimezone(zone):%Y-%m-%d %H:%M}")
    say(_NONE) if not found.waiting else None
    say("Codes that the agency's folder does not list, in the last 7 days:")
    for code in found.unknown:
        say(f"  {code.calls} x {redact(code.what)}")
    say(_NONE) if not found.unknown else None
    return not found.stuck
