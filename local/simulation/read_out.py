"""From the database of a finished simulation to what it found."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from calls.contracts import WENT_OUT, Kind, LedgerState, call_id
from calls.eligibility import Eligibility, Rule, decide
from calls.facts import CallFacts
from database.tables import CallRow, TextRow
from local.simulation.outcome import SENT, DecidedCall, Eligible, SegmentPrice, SimulatedText, Simulation
from local.simulation.owed import texts_owed
from policy.agency import Agency
from starter.csv_log import Log, LoggedCall
from starter.records import CadRecord
from watching.redaction import redact

LEFT_OUT: Final = "the row cannot be read"
"""The rule of a call that the log's rows do not tell clearly enough to play."""

_ELIGIBLE = {
    Eligibility.ELIGIBLE: Eligible.YES,
    Eligibility.INELIGIBLE: Eligible.NO,
    Eligibility.UNDECIDED: Eligible.UNDECIDED,
}
_STEPS = ("call_ended", "dispatched", "arrived", "cleared")


def read_out(
    engine: Engine, *, agency: Agency, log: Log, calls: Sequence[LoggedCall], records: Sequence[CadRecord], whole: bool
) -> Simulation:
    """Every call of `calls` with the last word on it, and every text that the ledger has.

    Args:
        whole: `calls` are all of the log; then the calls whose rows could not be read are told, too.
    """
    zone = agency.policy.timetable.zone_info
    with Session(engine) as session:
        rows = {row.call_id: row for row in session.exec(select(CallRow)).all()}
        texts = session.exec(select(TextRow).order_by(col(TextRow.recipient_version))).all()
    by_id = [(call_id(agency=agency.key, cad_id=call.cad_id), call) for call in calls]
    ids = {id_: call.cad_id for id_, call in by_id}
    first = _first_rules(records, agency)
    sent = [_text(row, ids, zone) for row in texts if row.call_id in ids]
    held_back = _held_back([(rows[id_], call) for id_, call in by_id], sent, first, agency)
    decided = [_decided(rows[id_], call, first[call.cad_id], zone) for id_, call in by_id]
    price = agency.identity.segment_price
    return Simulation(
        agency_key=agency.key,
        agency_name={language.value: name for language, name in agency.identity.name.items()},
        policy_version=agency.version,
        log_name=log.path.name,
        window=None if not calls else (_local(calls[0].received_at, zone), _local(calls[-1].received_at, zone)),
        rows=log.rows,
        problems=[redact(str(problem)) for problem in log.problems],
        segment_price=None if price is None else SegmentPrice(amount=price.amount, currency=price.currency),
        tells=_tells(log),
        calls=decided + ([_left_out(cad_id) for cad_id in log.left_out] if whole else []),
        texts=sorted([*sent, *held_back], key=_order),
        group_labels={
            name: {language.value: label for language, label in group.label.items()}
            for name, group in agency.policy.eligibility.groups.items()
        },
    )


def _decided(row: CallRow, call: LoggedCall, first_rule: str, zone: ZoneInfo) -> DecidedCall:
    facts = CallFacts.model_validate(row.facts)
    return DecidedCall(
        call_id=call.cad_id,
        received_at=_local(call.received_at, zone),
        dispatched_at=_local_or_none(call.dispatched_at, zone),
        arrived_at=_local_or_none(call.arrived_at, zone),
        cleared_at=_local_or_none(call.cleared_at, zone),
        priority=facts.priority,
        call_type_code=_code(facts.call_type_code),
        call_type_group=facts.call_type_group or None,
        eligible=_ELIGIBLE[Eligibility(row.eligibility)],
        rule=row.rule,
        reason=redact(row.reason),
        first_rule=first_rule,
        unknown_code=_unknown_code(row.rule, facts),
    )


def _unknown_code(rule: str, facts: CallFacts) -> str | None:
    return _code(
        {
            Rule.UNKNOWN_TYPE: facts.call_type_code,
            Rule.UNKNOWN_PRIORITY: facts.priority_code,
            Rule.UNKNOWN_SOURCE: facts.source_code,
        }.get(Rule(rule))
    )


def _code(code: str | None) -> str | None:
    """CAD's own text: a number may have slipped into it (R3)."""
    return None if code is None else redact(code)


def _first_rules(records: Sequence[CadRecord], agency: Agency) -> dict[str, str]:
    """By call, what is decided on its first record alone."""
    rules: dict[str, str] = {}
    for record in records:
        if record.cad_id not in rules:
            known = {"agency": agency.key, "cad_id": record.cad_id, "recipient_version": 1}
            rules[record.cad_id] = decide(CallFacts.model_validate({**record.facts, **known}), agency.policy).rule
    return rules


def _left_out(cad_id: str) -> DecidedCall:
    return DecidedCall(
        call_id=cad_id,
        received_at=None,
        dispatched_at=None,
        arrived_at=None,
        cleared_at=None,
        priority=None,
        call_type_code=None,
        call_type_group=None,
        eligible=Eligible.UNDECIDED,
        rule=LEFT_OUT,
        reason="the log's row was left out; the report says what is wrong with it",
        first_rule=LEFT_OUT,
    )


def _text(row: TextRow, ids: dict[str, str], zone: ZoneInfo) -> SimulatedText:
    """The simulation's clock is exact to a hundredth of a second, the log to a second: what is finer is noise."""
    sent_at = None
    if row.state in WENT_OUT and row.settled_at is not None:
        sent_at = max(row.due_at, row.settled_at.replace(microsecond=0))
    return SimulatedText(
        call_id=ids[row.call_id or ""],
        kind=Kind(row.kind),
        sequence=row.sequence,
        language=row.language,
        segments=row.segments,
        due_at=_local(row.due_at, zone),
        sent_at=_local_or_none(sent_at, zone),
        outcome=SENT if row.state in WENT_OUT else LedgerState(row.state).value,
        rule=row.rule,
        reason=row.reason,
    )


def _held_back(
    calls: Sequence[tuple[CallRow, LoggedCall]],
    ledger: Sequence[SimulatedText],
    first: dict[str, str],
    agency: Agency,
) -> Iterator[SimulatedText]:
    """Texts that a call was owed which was eligible and then silenced: its workflow ended, the ledger has no row.

    One that was cancelled before its confirmation was owed nothing: so the timetable says.
    """
    timetable = agency.policy.timetable
    known = {(text.call_id, text.kind, text.sequence) for text in ledger}
    for row, call in calls:
        was_told = (call.cad_id, Kind.CONFIRMATION, 1) in known
        was_eligible = was_told or (first[call.cad_id] == Rule.ALL_MET and row.rule != Rule.CANCELLED)
        if not was_eligible or row.eligibility == Eligibility.ELIGIBLE:
            continue
        for key, due_at in texts_owed(call, CallFacts.model_validate(row.facts), timetable):
            if (call.cad_id, key.kind, key.sequence) not in known:
                yield SimulatedText(
                    call_id=call.cad_id,
                    kind=key.kind,
                    sequence=key.sequence,
                    language=None,
                    segments=None,
                    due_at=_local(due_at, timetable.zone_info),
                    sent_at=None,
                    outcome=LedgerState.SUPPRESSED,
                    rule=row.rule,
                    reason=redact(row.reason),
                )


def _order(text: SimulatedText) -> tuple[datetime, str, str, int]:
    return text.due_at.astimezone(UTC), text.call_id, text.kind, text.sequence


def _tells(log: Log) -> frozenset[str]:
    """Which steps at least one call of the log tells."""
    rows = [row for call in log.calls for row in (call, *call.rows)]
    steps = {step for step in _STEPS if any(getattr(row, f"{step}_at") is not None for row in rows)}
    if any(row.language_code is not None for row in rows):
        steps.add("language")
    if any(row.disposition is not None for row in rows):
        steps.add("disposition")
    return frozenset(steps)


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone)


def _local_or_none(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else _local(moment, zone)
