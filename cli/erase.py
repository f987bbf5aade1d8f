"""`communityconnect erase`: the number comes by standard input, never as an argument (R3).

An argument stands in the shell's history and in the list of processes.
"""

import getpass
import io
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

from activities.carrier_client import NotProcessed
from activities.forget_at_carrier import delete_messages
from activities.services import TextServices
from cli.blocked_numbers import numbers_of
from database.tables import InboundMessageRow, TextRow, real_now
from settings import Settings, SettingsError
from web.staff.access.roles import Member, Role
from web.staff.erasure import Erased, Erasure, Found
from worker import text_services

Say = Callable[[str], None]

_WHAT_GOES = {
    "calls": "calls lose the number for good",
    "open_calls": "of them are open: they are stopped, no text of theirs goes out any more",
    "texts": "texts lose number and words; that they were sent stays in the ledger",
    "inbound": "texts or calls that came from the phone are deleted",
    "strays": "messages that no call explained after a restore are deleted",
    "cad_records": "CAD records of these calls are deleted",
    "survey_links": "survey links are closed; what was typed and not sent is deleted",
    "list_entries": "entries of lists that are over are deleted",
    "opt_outs_kept": "opt-outs STAY with the number: else a STOP would be forgotten, and the person texted again",
    "refusals_kept": "refusals by the carrier STAY with the number: they say STOP, too",
    "blocks_kept": "entries STAY on the list of numbers that must not be texted",
}
_NOT_FOUND = (
    "Not found by a number, and so not erased: survey answers (they are cut from their calls; nobody can tell whose "
    "they are), counts, entries of the audit log (calls by id).",
    "Gone by itself: CAD records that could not be read, after the agency's retention.rejected; backups, and archives "
    "of the write-ahead log, when they are deleted (docs/data-flow.md).",
    "The call itself (id, case number, type, area, times) stays without the number; so does the police's own record "
    "in CAD, which this service does not change.",
    "A text that was handed to the carrier in that very moment may still arrive. Whoever calls the police again is "
    "texted again: this is no opt-out.",
)


def erase(
    settings: Settings, number: TextIO, *, by: str, why: str, sure: Callable[[], bool], out: Path | None, say: Say
) -> bool:
    """Show what would go; where somebody is `sure`, let it go, and write the certificate. False: nothing was done.

    Raises:
        SettingsError: what came in is not one number.
    """
    phone = _one(number)
    services = text_services(settings)
    erasure = Erasure(engine=services.engine, keyring=services.keyring, policy=services.agency.policy)
    try:
        found = erasure.look(phone)
        for line in in_words(found):
            say(line)
        if found.is_nothing or not sure():
            say("nothing was erased")
            return False
        who = Member(subject=f"command:{by}", name=by, roles=frozenset({Role.ADMINISTRATOR}))
        erased = erasure.erase(phone, who=who, why=why)
        left = _at_carrier(services, erased.found)
    finally:
        services.engine.dispose()
    lines = certificate(erased, agency=services.agency.key, by=by, at=real_now(), left_at_carrier=left)
    for line in lines:
        say(line)
    if out is not None:
        out.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return True


def in_words(found: Found) -> list[str]:
    """What there is, and what stays, a line each."""
    lines = [f"{count:6}  {_WHAT_GOES[name]}" for name, count in found.counts().items() if count]
    return lines or ["nothing is found by this number"]


def certificate(erased: Erased, *, agency: str, by: str, at: datetime, left_at_carrier: Sequence[str]) -> Sequence[str]:
    """What, how many, when, by whom, what stays and why: nothing personal of whoever was erased."""
    deleted = len(erased.found.sids) + len(erased.found.inbound_sids) - len(left_at_carrier)
    at_carrier = [f"{deleted:6}  messages were deleted at the carrier"]
    if left_at_carrier:
        names = ", ".join(left_at_carrier)
        at_carrier.append(f"{len(left_at_carrier):6}  messages are still there; delete them by their names: {names}")
    return [
        f"Certificate of erasure {erased.id}",
        f"{agency}, {at:%Y-%m-%d %H:%M} UTC, by {by}. The same number stands in the audit log.",
        "",
        *in_words(erased.found),
        *at_carrier,
        "",
        *_NOT_FOUND,
    ]


def _at_carrier(services: TextServices, found: Found) -> Sequence[str]:
    """Ask for each; the names of those that are not deleted."""
    left: list[str] = []
    for of, sids in ((TextRow, found.sids), (InboundMessageRow, found.inbound_sids)):
        for sid in sids:
            try:
                delete_messages(services, of, [sid], beat=lambda: None)
            except NotProcessed:
                left.append(sid)
    return left


def _one(number: TextIO) -> str:
    found = numbers_of(number)
    if len(found) != 1:
        raise SettingsError(f"one number, please, by standard input; {len(found)} came, and nothing was done")
    return found[0]


def typed_or_piped() -> TextIO:
    """Where a person sits in front of it, the number is asked for, and not shown."""
    if not sys.stdin.isatty():
        return sys.stdin
    return io.StringIO(getpass.getpass("The number (not shown): "))
