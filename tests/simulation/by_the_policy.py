"""What must be sent for a log, by the words of the policy: a second calculation, to compare the service with.

It shares no line with the service: it reads the agency's folder and the log itself, and lives each call through from
moment to moment. All that is known at a moment is applied before anything is sent at that moment.
"""

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from tests.folder_by_its_words import ENDS, SILENCE, YES, Folder, duration

TOLERANCE = timedelta(seconds=60)  # by which a step may lie before the receipt: clocks of CAD disagree that much
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?")
STEPS = ("call_ended", "dispatched", "arrived", "cleared", "reopened", "finally_cleared")


@dataclass(frozen=True, order=True)
class ExpectedText:
    call_id: str
    kind: str  # confirmation, delay, survey
    sequence: int  # from 1, within the kind
    due_at: datetime


@dataclass(frozen=True)
class Expected:
    decisions: dict[str, tuple[str, str]]  # by call: eligible ("true", "false", "undecided") and the rule that decided
    texts: list[ExpectedText]


def expected(log: Path, agency_folder: Path, *, start: datetime | None = None, hours: float | None = None) -> Expected:
    """`start` is local time of the agency; a call counts where its receipt lies in the `hours` from then on."""
    agency = Folder(agency_folder)
    rows: dict[str, list[_Row]] = {}
    for row in _rows(log, agency):
        rows.setdefault(row.call_id, []).append(row)
    calls = _within([_Call(agency, its) for its in rows.values()], agency, start, hours)
    return Expected(
        decisions={call.call_id: call.decision(call.last_moment) for call in calls},
        texts=sorted(text for call in calls for text in _life(call)),
    )


# The log


@dataclass(frozen=True)
class _Row:
    call_id: str
    case_number: str | None
    received: datetime
    steps: dict[str, datetime]
    first_type: str | None
    final_type: str | None
    priority: str | None
    source: str | None
    in_progress: str | None
    safety_flag: str | None
    dispositions: list[str | None]  # what each code means; None: nobody has listed it

    def types(self, now: datetime) -> list[str]:
        """The types that this row has told so far, the present one last."""
        final_known = self.first_type is None or ("cleared" in self.steps and self.steps["cleared"] <= now)
        return [told for told in (self.first_type, self.final_type if final_known else None) if told is not None]


def _rows(log: Path, agency: Folder) -> Iterator[_Row]:
    with _open(log) as lines:
        for cells in csv.DictReader(lines):
            told = {fact: _told(cells.get(column)) for fact, column in agency.columns.items()}
            row = _row(told, agency)
            if row is not None:
                yield row


def _open(log: Path) -> TextIO:
    if log.suffix == ".gz":
        return gzip.open(log, "rt", encoding="utf-8-sig", newline="")
    return log.open(encoding="utf-8-sig", newline="")


def _told(cell: str | None) -> str | None:
    cell = (cell or "").strip()
    return None if cell in {"", "NULL", "null"} else cell


def _row(told: dict[str, str | None], agency: Folder) -> _Row | None:
    """None where the row is no call."""
    call_id, receipt = told.get("cad_id"), told.get("received")
    if call_id is None or receipt is None:
        return None
    try:
        received = _utc(receipt, agency.zone)
        steps = {step: _step(cell, received, agency.zone) for step in STEPS if (cell := told.get(step)) is not None}
    except ValueError:
        return None
    if "cleared" in steps and steps["cleared"] < received - TOLERANCE:
        return None
    source = told.get("source")
    return _Row(
        call_id=call_id,
        case_number=told.get("case_number"),
        received=received,
        steps=steps,
        first_type=told.get("call_type"),
        final_type=told.get("final_call_type"),
        priority=told.get("priority"),
        source="" if source is None and "" in agency.source_of else source,
        in_progress=told.get("in_progress"),
        safety_flag=told.get("safety_flag"),
        dispositions=[agency.meaning_of(code) for code in (told.get("disposition") or "").split(",") if code],
    )


def _utc(cell: str, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    """The first of two, and the old clock where the clocks have just gone forward: both are what fold=0 means."""
    if TIME.fullmatch(cell) is None:
        raise ValueError(f"not a time: {cell}")
    return datetime.fromisoformat(cell).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _step(cell: str, received: datetime, zone: ZoneInfo) -> datetime:
    first, second = _utc(cell, zone), _utc(cell, zone, fold=1)
    is_twice = first < second  # where the time does not exist, fold=1 is the earlier
    return second if is_twice and first < received - TOLERANCE else first


def _within(calls: list["_Call"], agency: Folder, start: datetime | None, hours: float | None) -> list["_Call"]:
    if start is not None:
        begin = start.replace(tzinfo=agency.zone, fold=0).astimezone(UTC)
        calls = [call for call in calls if call.received >= begin]
    elif calls:
        begin = min(call.received for call in calls)
    if hours is not None and calls:
        calls = [call for call in calls if call.received < begin + timedelta(hours=hours)]
    return calls


# One call: what is known of it at a moment


class _Call:
    """All rows with one id."""

    def __init__(self, agency: Folder, rows: list[_Row]) -> None:
        self.agency = agency
        self.rows = rows
        self.call_id = rows[0].call_id
        self.received = min(row.received for row in rows)
        self.call_ended = min(self._all("call_ended"), default=None)
        self.dispatched = min(self._all("dispatched"), default=None)
        self.arrived = min(self._all("arrived"), default=None)
        cleared = self._all("cleared")
        self.cleared = max(cleared) if len(cleared) == len(rows) else None
        self.reopened = max(self._all("reopened"), default=None)
        self.finally_cleared = max(self._all("finally_cleared"), default=None)
        if self.reopened is not None and (self.cleared is None or self.reopened < self.cleared):
            self.reopened = None
        self.give_up = self.received + duration(agency.timetable["give_up_after"])
        told = {moment for row in rows for moment in (row.received, *row.steps.values())}
        self.moments = sorted(moment for moment in told | {self.give_up} if moment > self.received)
        self.last_moment = max(self.received, *told)

    def _all(self, step: str) -> list[datetime]:
        return [row.steps[step] for row in self.rows if step in row.steps]

    # Its codes

    def _latest(self, told: list[tuple[datetime, int, str]]) -> str | None:
        """The value of the latest receipt; of several at one moment the most silent."""
        return max(told)[2] if told else None

    def call_type(self, now: datetime) -> str | None:
        told = [(row.received, row.types(now)[-1]) for row in self.seen(now) if row.types(now)]
        return self._latest([(at, SILENCE[self.agency.rule_of(code)], code) for at, code in told])

    def priority(self, now: datetime) -> str | None:
        agency = self.agency
        told = [(row.received, row.priority) for row in self.seen(now) if row.priority is not None]
        return self._latest([(at, 2 * agency.is_outside(p) + (p not in agency.priority_of), p) for at, p in told])

    def source(self, now: datetime) -> str | None:
        wanted = {code for code, source in self.agency.source_of.items() if source in self.agency.sources}
        told = [(row.received, row.source) for row in self.seen(now) if row.source is not None]
        return self._latest([(at, code not in wanted, code) for at, code in told])

    def flag(self, name: str, now: datetime) -> bool:
        told = [(row.received, _is_yes(cell)) for row in self.seen(now) if (cell := getattr(row, name)) is not None]
        return max(told)[1] if told else False

    def seen(self, now: datetime) -> list[_Row]:
        return [row for row in self.rows if row.received <= now]

    def is_cancelled(self, now: datetime) -> bool:
        """A disposition is told with the clearing; where none is told, it is there from the beginning."""
        cancelled = [row for row in self.rows if ENDS & set(row.dispositions)]
        return any((row.received if self.cleared is None else self.cleared) <= now for row in cancelled)

    def is_surveyed_after(self) -> bool:
        """What came of it, as the last row that says so has it; and whether somebody came, where the policy asks."""
        rules = self.agency.timetable["survey"]
        told = [row.dispositions for row in self.rows if row.dispositions]
        if told and (None in told[-1] or set(told[-1]) & set(rules.get("not_after") or [])):
            return False
        return rules.get("only_after_arrival", "false").lower() not in YES or self.arrived is not None

    def is_latched(self, now: datetime) -> bool:
        return any(
            _is_yes(row.in_progress)
            or _is_yes(row.safety_flag)
            or any(self.agency.rule_of(code) in {"sensitive", "excluded"} for code in row.types(now))
            or (row.priority is not None and self.agency.is_outside(row.priority))
            for row in self.seen(now)
        )

    # The decision

    def decision(self, now: datetime) -> tuple[str, str]:
        """The first rule that speaks."""
        for rule in (self._flagged, self._by_type, self._by_priority, self._by_source):
            name = rule(now)
            if name is not None:
                return "false", name
        if self.is_latched(now):
            return "false", "silenced for ever"
        if self.is_cancelled(now):
            return "false", "cancelled"
        case_number = any(row.case_number is not None for row in self.seen(now))
        if not case_number or None in (self.call_type(now), self.priority(now), self.source(now)):
            return "undecided", "a fact is missing"
        return "true", "all rules met"

    def _flagged(self, now: datetime) -> str | None:
        if self.flag("in_progress", now):
            return "in progress"
        return "safety flag" if self.flag("safety_flag", now) else None

    def _by_type(self, now: datetime) -> str | None:
        code = self.call_type(now)
        rule = "allowed" if code is None else self.agency.rule_of(code)
        return None if rule == "allowed" else f"{rule} call type"

    def _by_priority(self, now: datetime) -> str | None:
        code = self.priority(now)
        if code is None:
            return None
        if code not in self.agency.priority_of:
            return "unknown priority"
        return "priority outside the policy" if self.agency.is_outside(code) else None

    def _by_source(self, now: datetime) -> str | None:
        code = self.source(now)
        if code is None:
            return None
        if code not in self.agency.source_of:
            return "unknown source"
        return None if self.agency.source_of[code] in self.agency.sources else "not from a resident"

    # Its steps

    def reopened_at(self, now: datetime) -> datetime | None:
        return _if_past(self.reopened, now)

    def closed_at(self, now: datetime) -> datetime | None:
        """When it was cleared, where it is clear now."""
        reopened = self.reopened_at(now)
        if reopened is None:
            return _if_past(self.cleared, now)
        again = _if_past(self.finally_cleared, now)
        return None if again is None or again < reopened else again

    def has_officer(self, now: datetime) -> bool:
        """A reopened call waits for an officer of its own."""
        past = [at for step in (self.dispatched, self.arrived) if (at := _if_past(step, now)) is not None]
        reopened = self.reopened_at(now)
        return any(reopened is None or at >= reopened for at in past)


def _is_yes(cell: str | None) -> bool:
    return cell is not None and cell.lower() in YES


def _if_past(moment: datetime | None, now: datetime) -> datetime | None:
    return None if moment is None or moment > now else moment


# One call: its texts


class _Over(Exception):  # noqa: N818
    """Nothing more will be sent."""


def _life(call: _Call) -> list[ExpectedText]:
    sent: list[ExpectedText] = []
    now, has_begun = call.received, False
    while True:
        text = None
        if call.decision(now)[0] == "true":
            has_begun = True
            try:
                text = _next_text(call, now, sent)
            except _Over:
                return sent
        elif has_begun:
            return sent
        coming = next((moment for moment in call.moments if moment > now), None)
        if text is not None and (coming is None or max(text.due_at, now) < coming):
            sent.append(text)
            now = max(text.due_at, now)
        elif coming is None:
            return sent
        else:
            now = coming


def _next_text(call: _Call, now: datetime, sent: list[ExpectedText]) -> ExpectedText | None:
    """The text that is due next if nothing happens. None: none, but the call is not over."""
    closed_at = call.closed_at(now)
    is_confirmed = any(text.kind == "confirmation" for text in sent)
    is_given_up = closed_at is None and now >= call.give_up
    is_surveyed = any(text.kind == "survey" for text in sent)
    if is_given_up or is_surveyed or (closed_at is not None and not is_confirmed):
        raise _Over
    if not is_confirmed:
        return _confirmation(call, now)
    if closed_at is not None:
        return _survey(call, closed_at)
    return None if call.has_officer(now) else _delay(call, now, sent)


def _confirmation(call: _Call, now: datetime) -> ExpectedText:
    rules = call.agency.timetable["confirmation"]
    due = call.received + duration(rules["after_received"])
    hung_up = _if_past(call.call_ended, now)
    if hung_up is not None and "after_hang_up" in rules:
        due = hung_up + duration(rules["after_hang_up"])
    if now > due + duration(rules["expires_after"]):
        raise _Over
    return ExpectedText(call.call_id, "confirmation", 1, due)


def _delay(call: _Call, now: datetime, sent: list[ExpectedText]) -> ExpectedText | None:
    rules = call.agency.timetable["delay"]
    first_after = call.agency.first_after(call.priority(now) or "")
    notices = [text for text in sent if text.kind == "delay"]
    if first_after is None or len(notices) >= int(rules["at_most"]):
        return None
    since = call.reopened_at(now) or call.received
    place = sum(notice.due_at > since for notice in notices)
    due = since + first_after + place * duration(rules["repeat_every"])
    return ExpectedText(call.call_id, "delay", len(notices) + 1, due)


def _survey(call: _Call, closed_at: datetime) -> ExpectedText | None:
    rules = call.agency.timetable["survey"]
    if rules["enabled"].lower() not in YES:
        raise _Over
    if not call.is_surveyed_after():
        return None
    due = _in_window(closed_at + duration(rules["after_cleared"]), call.agency)
    if due > closed_at + duration(rules["expires_after"]):
        raise _Over
    return ExpectedText(call.call_id, "survey", 1, due)


def _in_window(moment: datetime, agency: Folder) -> datetime:
    rules = agency.timetable["survey"]
    opens, closes = time.fromisoformat(rules["opens"]), time.fromisoformat(rules["closes"])
    local = moment.astimezone(agency.survey_zone)
    if opens <= local.time() < closes:
        return moment
    day = local.date() + timedelta(days=int(local.time() >= closes))
    return datetime.combine(day, opens, tzinfo=agency.survey_zone).astimezone(UTC)
