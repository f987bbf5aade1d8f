"""A log beside an agency's folder: which codes nobody has listed, and how many of its calls could be texted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

from calls.call_record import CallRecord, as_told, stamped
from calls.eligibility import Decision, decide
from calls.merge import PHONE_HASH
from calls.numbers import untextable
from calls.policy import TypeRule
from logs import redact
from policy.agency import Agency
from starter.csv_log import Log, LoggedCall
from starter.log_records import Window, records_of_log
from starter.records import LogRecord

BLANK: Final = "(blank)"


@dataclass(frozen=True, kw_only=True)
class UnknownCode:
    """A code of the log that the folder does not list, and how many rows have it."""

    what: str
    code: str
    rows: int


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
        unknown=[
            UnknownCode(what=what, code=code, rows=count)
            for (what, code), count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        ],
        texted=_texted(rows, agency),
        at_first=Counter(first.rule for first, _ in decisions),
        at_last=Counter(last.rule for _, last in decisions),
    )


def _unknown(row: LoggedCall, agency: Agency) -> Iterator[tuple[str, str]]:
    """What and code, of each code of the row that is not listed; a call type once, first or final."""
    cad = agency.cad
    types = {row.call_type_code or row.final_call_type_code or "", row.final_call_type_code or ""} - {""}
    for code in sorted(types) or [""]:
        if agency.call_types.group_of(code) is None:
            yield "call type", _shown(code)
    if row.priority_code is None or row.priority_code not in cad.priorities:
        yield "priority", _shown(row.priority_code)
    if (row.source_code or "") not in cad.sources:
        yield "source", _shown(row.source_code)
    for code in cad.unknown_dispositions(row.disposition):
        yield "disposition", _shown(code)
    if row.language_code is not None and cad.language(row.language_code) is None:
        yield "language", _shown(row.language_code)


def _texted(rows: Iterable[LoggedCall], agency: Agency) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for row in rows:
        for code in sorted({row.call_type_code, row.final_call_type_code} - {None, ""}, key=str):
            group = agency.call_types.group_of(code or "")
            if group is not None and agency.call_types.groups[group].rule is TypeRule.ALLOWED:
                found.setdefault(group, Counter())[_shown(code)] += 1
    return dict(sorted(found.items()))


def _shown(code: str | None) -> str:
    """CAD's own text: a number may have slipped into it (R3)."""
    return redact(" ".join(code.split())) if code else BLANK


def _decisions(log: Log, agency: Agency) -> Iterator[tuple[Decision, Decision]]:
    """Of each call the decision on its first record and on all of them."""
    records = records_of_log(log, agency, feed="check", window=Window(start=None, end=None))
    by_call = attrgetter("cad_id")
    for cad_id, of_call in groupby(sorted(records, key=by_call), key=by_call):
        told = list(of_call)
        first = _decision(cad_id, told[:1], agency)
        yield first, first if len(told) == 1 else _decision(cad_id, told, agency)


def _decision(cad_id: str, records: Sequence[LogRecord], agency: Agency) -> Decision:
    record = CallRecord(agency=agency.key, cad_id=cad_id)
    for one in records:
        told = as_told(one.facts, stamp=one.stamp, now=one.stamp)
        number = {} if one.phone is None else {PHONE_HASH: one.phone}
        record = record.taking(stamped({**told, **number}, stamp=one.stamp), policy=agency.policy)
    facts = record.facts(recipient_version=int(record.number is not None), held=False)
    if record.number is not None:
        facts = facts.model_copy(update={"untextable": untextable(record.number, agency.policy.numbers)})
    return decide(facts, agency.policy)


def most_frequent(counted: Counter[str]) -> Iterable[tuple[str, int]]:
    """By count, then by name."""
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))
