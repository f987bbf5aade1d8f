"""A log beside an agency's folder: which codes nobody has listed, and how many of its calls could be texted."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from calls.call_record import CallRecord
from calls.eligibility import Decision
from calls.policy import TypeRule
from policy.agency import Agency
from starter.code_check import Codes, UnknownCode, UnknownIn, decision_on, shown, taking, unknown_codes, unknown_in
from starter.csv_log import Log, LoggedCall
from starter.log_records import Window, records_of_log


@dataclass(frozen=True, kw_only=True)
class LogCheck:
    """What was found. `at_first`, `at_last`: calls by rule, on what CAD told first, and on all that it told."""

    rows: int
    calls: int
    problems: list[str]
    left_out: int
    """Rows that cannot be read. Other rows, too, may have something to be said about."""
    unknown: list[UnknownCode]
    """The most frequent first."""
    texted: dict[str, Counter[str]]
    """The call types in groups that are texted, as CAD writes them, with their rows: a pattern may take in too much."""
    at_first: Counter[str]
    at_last: Counter[str]


def check_log(log: Log, agency: Agency) -> LogCheck:
    """Compare the log's codes with the folder's, and decide every call as the service would."""
    rows = [row for call in log.calls for row in call.rows or (call,)]
    counted = Counter(found for row in rows for found in _unknown(row, agency))
    decisions = list(_decisions(log, agency))
    return LogCheck(
        rows=log.rows,
        calls=len(log.calls),
        problems=[str(problem) for problem in log.problems],
        left_out=sum(problem.left_out for problem in log.problems),
        unknown=unknown_codes(counted),
        texted=_texted(rows, agency),
        at_first=Counter(first.rule for first, _ in decisions),
        at_last=Counter(last.rule for _, last in decisions),
    )


def _unknown(row: LoggedCall, agency: Agency) -> Iterator[UnknownIn]:
    """Each code of the row that is not listed, those that are blank too; a call type once, first or final."""
    types = {row.call_type_code or row.final_call_type_code or "", row.final_call_type_code or ""} - {""}
    codes = Codes(
        types=types or {""},
        priority=row.priority_code or "",
        source=row.source_code or "",
        disposition=row.disposition,
        language=row.language_code,
    )
    yield from unknown_in(codes, agency)
    if agency.areas is not None and row.area and row.area not in agency.areas.smallest:
        yield "area", shown(row.area)


def _texted(rows: Iterable[LoggedCall], agency: Agency) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for row in rows:
        for code in sorted({row.call_type_code, row.final_call_type_code} - {None, ""}, key=str):
            group = agency.call_types.group_of(code or "")
            if group is not None and agency.call_types.groups[group].rule is TypeRule.ALLOWED:
                found.setdefault(group, Counter())[shown(code)] += 1
    return dict(sorted(found.items()))


def _decisions(log: Log, agency: Agency) -> Iterator[tuple[Decision, Decision]]:
    """Of each call the decision on its first record and on all of them."""
    records = records_of_log(log, agency, feed="check", window=Window(start=None, end=None))
    by_call = attrgetter("cad_id")
    for cad_id, of_call in groupby(sorted(records, key=by_call), key=by_call):
        call, first = CallRecord(agency=agency.key, cad_id=cad_id), None
        for record in of_call:
            call = taking(call, record, agency, now=record.stamp)
            first = first or decision_on(call, agency)
        last = decision_on(call, agency)
        yield first or last, last
