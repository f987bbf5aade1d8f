"""`communityconnect cad check`: what the records of a sample would become, before a feed is connected."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from calls.eligibility import Rule
from cli.agency_check import unknown_lines
from cli.cad_feeds import span
from database.tables import real_now
from policy.agency import load_agency
from policy.cad_feeds import FeedRule
from starter.code_check import most_frequent
from starter.pauses import Pauses
from starter.readers.samples import read_samples
from starter.sample_check import LACKS, SampleCheck, check_samples
from watching.redaction import redact

Say = Callable[[str], None]
_REJECTED_SHOWN: Final = 20


def check_sample(file: Path, *, folder: Path, say: Say) -> bool:
    """Say what is found. True where there are records, each can be read, and no number stands where an id belongs.

    Raises:
        AgencyError, LogError: the folder, or the file, cannot be read.
    """
    agency = load_agency(folder)
    now = real_now()
    check = check_samples(read_samples(file, agency.cad, now=now), agency, now=now)
    say(f"{file}, as a live feed of {folder}; nothing is kept, nobody is texted.")
    if not check.records:
        say("There is no record in it.")
        return False
    for line in (
        *_misplaced(check),
        *_codes(check),
        *_records(check),
        *_calls(check),
        *_lacks(check),
        *_pauses(check.pauses),
    ):
        say(line)
    return not (check.rejected or check.misplaced)


def _misplaced(check: SampleCheck) -> Iterator[str]:
    for name, records in check.misplaced.items():
        yield (
            f"In {records} record{'s' * (records != 1)} the caller's telephone number stands as {name}: it would be "
            "seen in Temporal and in logs. See which column cad.yaml takes it from."
        )


def _codes(check: SampleCheck) -> Iterator[str]:
    if check.unknown:
        yield from unknown_lines(check.unknown)
    elif check.taken:
        yield "Every code is listed in the folder."


def _records(check: SampleCheck) -> Iterator[str]:
    rejected = len(check.rejected)
    yield f"{check.records} rows = {check.taken} taken + {check.repeated} repeated + {rejected} rejected"
    for one in check.rejected[:_REJECTED_SHOWN]:
        yield f"  {one.place}: {redact(one.reason)}"
    if rejected > _REJECTED_SHOWN:
        yield f"  … and {rejected - _REJECTED_SHOWN} more that cannot be read"


def _calls(check: SampleCheck) -> Iterator[str]:
    first, last = (counted[Rule.ALL_MET] for counted in (check.at_first, check.at_last))
    calls = f"{check.calls} call{'s' * (check.calls != 1)}"
    yield f"{calls}: {first} could be texted on the first record, {last} on all that the sample tells:"
    yield "    first     all"
    for rule, _ in most_frequent(check.at_last | check.at_first):
        yield f"{check.at_first[rule]:>9} {check.at_last[rule]:>7}  {rule}"


def _lacks(check: SampleCheck) -> Iterator[str]:
    for name in check.lacks:
        what, consequence = LACKS[name]
        yield f"No record tells {what}: {consequence}."


def _pauses(pauses: Pauses | None) -> Iterator[str]:
    if pauses is None:
        return
    yield (
        f"In {span(pauses.span)} the longest pause between two records was {span(pauses.day)} by day, "
        f"{span(pauses.night)} from 22:00 to 07:00."
    )
    if pauses.proposal is None:
        yield "  That is too short to say what is normal: take a sample of some days."
        return
    yield "  Twice that, as what is normal for the feed, in cad.yaml (NAME is the feed's):"
    yield f"    feeds: {{NAME: {_rule(pauses.proposal)}}}"


def _rule(rule: FeedRule) -> str:
    night = "" if rule.silent_at_night is None else f", silent_at_night: {_length(rule.silent_at_night)}"
    return f"{{silent_after: {_length(rule.silent_after)}{night}}}"


def _length(length: timedelta) -> str:
    """As cad.yaml writes it: one number, one unit."""
    minutes = length // timedelta(minutes=1)
    return f"{minutes} min" if minutes % 60 else f"{minutes // 60} h"
