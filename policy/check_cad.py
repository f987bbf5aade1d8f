"""Contradictions in `cad.yaml`: of its columns and codes with each other, and with what the policy wants to know."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Final
from zoneinfo import ZoneInfo

from calls.facts import Language
from policy.agency import Agency
from policy.cad_columns import columns_of
from policy.cad_eido import EidoSource
from policy.cad_feeds import PollRule, SinceWritten
from policy.cad_mapping import CadMapping
from policy.cad_query import asks_since, trouble_with
from policy.findings import Findings, in_words

_FILE: Final = "cad.yaml"
_TIMES: Final = (
    *("received", "queued", "call_ended", "dispatched", "arrived", "cleared", "reopened", "finally_cleared"),
)
_CODES: Final = (
    *("cad_id", "priority", "call_type", "final_call_type", "source", "phone", "language"),
    *("disposition", "in_progress", "safety_flag", "call_taker_key", "officer_key"),
)
_SHORT_OVERLAP: Final = timedelta(minutes=1)
_MAY_BE_ONE: Final = frozenset({("call_type", "final_call_type"), ("cleared", "finally_cleared")})


def check_cad(agency: Agency, findings: Findings) -> None:
    """Everything that `cad.yaml` says."""
    for first, second in _same_columns(agency.cad):
        what = f"reads the same column as {first}; each fact has a column of its own"
        findings.error(_FILE, ("columns", second), what)
    _zone(agency, findings)
    _formats(agency.cad, findings)
    _codes(agency.cad, findings)
    _told(agency, findings)
    if agency.cad.poll is not None:
        _query(agency.cad, agency.cad.poll, findings)
        _since(agency.cad, agency.cad.poll, findings)
    _eido(agency.cad, findings)


def _same_columns(cad: CadMapping) -> Iterator[tuple[str, str]]:
    for names in (_TIMES, _CODES):
        for first, second in combinations(names, 2):
            one, other = (columns_of(getattr(cad.columns, name)) for name in (first, second))
            if one and one == other and (first, second) not in _MAY_BE_ONE:
                yield first, second


def _zone(agency: Agency, findings: Findings) -> None:
    cad, policy = agency.cad.zone, agency.policy.timetable.zone
    if cad != policy and cad != "UTC" and not cad.startswith("Etc/"):
        findings.warn(_FILE, ("zone",), f"times are read in {cad}, and policy.yaml has {policy}; one of them, or UTC")


def _formats(cad: CadMapping, findings: Findings) -> None:
    """03/04/2026 fits both ways, and the first format would read it."""
    orders = {text.index("%m") < text.index("%d") for text in cad.times.format if "%m" in text and "%Y" not in text[:2]}
    if len(orders) > 1:
        what = "one format has the month first, another the day: 03/04/2026 fits both, and the first one reads it"
        findings.warn(_FILE, ("times", "format"), what)


def _codes(cad: CadMapping, findings: Findings) -> None:
    if cad.dispositions and cad.columns.disposition is None:
        findings.warn(_FILE, ("dispositions",), "are listed, but columns.disposition names no column to find them in")
    if cad.languages is not None and cad.columns.language is None:
        findings.warn(_FILE, ("languages",), "are listed, but columns.language names no column to find them in")
    for language in Language:
        if cad.languages is not None and language not in cad.languages.values():
            findings.warn(_FILE, ("languages",), f"no code is {language}; both en and fr are served")


def _told(agency: Agency, findings: Findings) -> None:
    """What the policy asks for and this CAD does not tell."""
    columns, timetable = agency.cad.columns, agency.policy.timetable
    if timetable.delay.at_most and columns.dispatched is None and columns.arrived is None:
        what = "neither dispatched nor arrived is told: every caller gets delay notices, up to the cap"
        findings.warn(_FILE, ("columns",), what)
    if not timetable.survey.enabled:
        return
    if columns.cleared is None and columns.finally_cleared is None:
        findings.warn(_FILE, ("columns",), "cleared is not told: no call ends, and nobody gets a survey")
    if columns.disposition is not None and not agency.cad.dispositions:
        what = "none is listed: each is unknown, and after an unknown one there is no survey"
        findings.warn(_FILE, ("columns", "disposition"), what)
    if timetable.survey.only_after_arrival and columns.arrived is None:
        what = "arrived is not told, and policy.yaml wants a survey only after an arrival: nobody gets one"
        findings.error(_FILE, ("columns",), what)


def _query(cad: CadMapping, poll: PollRule, findings: Findings) -> None:
    place = ("poll", "query")
    if (trouble := trouble_with(poll.query)) is not None:
        findings.error(_FILE, place, trouble)
    if not asks_since(poll.query):
        what = f"has no :since: the whole view is read every {in_words(poll.every)}; fine where it is small"
        findings.warn(_FILE, place, what)
    elif cad.columns.updated is None:
        findings.error(_FILE, place, "has :since, and columns.updated names no column to take it from")
    if cad.columns.updated is None and not asks_since(poll.query):
        what = (
            "updated is not told: of two rows of a call the one with the latest event counts, not the one written last"
        )
        findings.warn(_FILE, ("columns",), what)


def _since(cad: CadMapping, poll: PollRule, findings: Findings) -> None:
    if poll.overlap < _SHORT_OVERLAP:
        what = f"{in_words(poll.overlap)} is short: a row that is committed later than that is never read"
        findings.warn(_FILE, ("poll", "overlap"), what)
    if not asks_since(poll.query):
        return
    if poll.since is SinceWritten.LOCAL and _changes_its_clocks(cad.zone):
        what = (
            "local times: in the night on which an hour comes twice nobody can tell which one is meant; utc or offset, "
            "where CAD itself keeps such times"
        )
        findings.warn(_FILE, ("poll", "since"), what)
    if poll.since is SinceWritten.UTC and _changes_its_clocks(cad.zone):
        what = f"is utc, and times without an offset are read in {cad.zone}; zone: UTC, or an offset in each time"
        findings.warn(_FILE, ("poll", "since"), what)


def _changes_its_clocks(zone: str) -> bool:
    """Twice in the year around now, as far as anybody has decided."""
    now = datetime.now(UTC)
    months = (now + timedelta(days=30 * number) for number in range(12))
    return len({month.astimezone(ZoneInfo(zone)).utcoffset() for month in months}) > 1


def _eido(cad: CadMapping, findings: Findings) -> None:
    """Codes that EIDOs are turned into, and that nobody listed: their calls would be silent."""
    if cad.eido is None:
        return
    for source in EidoSource:
        code = cad.eido.sources.get(source, source.value)
        if code not in cad.sources and (source in cad.eido.sources or source is EidoSource.CALL):
            what = f"{source} is read as {code!r}, which is no code of sources: nobody is texted"
            findings.warn(_FILE, ("eido", "sources"), what)
    for number, code in cad.eido.common_priorities.items():
        if code not in cad.priorities:
            what = f"is read as {code!r}, which is no code of priorities: nobody is texted"
            findings.warn(_FILE, ("eido", "common_priorities", number), what)
