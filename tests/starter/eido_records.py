"""What becomes of a snapshot: the facts, the latch and the decision, without a database."""

from calls.call_record import CallRecord
from calls.eligibility import Decision, decide
from calls.facts import CallFacts
from policy.agency import Agency
from starter.code_check import taking
from starter.readers.told import Told, record_of
from tests.builders import NOON, hours

NOW = NOON + hours(24)


def facts_of(told: Told, agency: Agency) -> CallFacts:
    """The facts of a call of which nothing else was ever told; as one with a number, if it tells one."""
    record = record_of(told, agency, feed="eido")
    call = taking(CallRecord(agency=agency.key, cad_id=told.cad_id), record, agency, now=NOW)
    return call.facts(recipient_version=int(record.phone is not None), held=False)


def decision_of(told: Told, agency: Agency) -> Decision:
    return decide(facts_of(told, agency), agency.policy)
