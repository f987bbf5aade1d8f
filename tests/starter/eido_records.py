"""What becomes of a snapshot: the facts, the latch and the decision, without a database."""

from calls.call_record import CallRecord, as_told, stamped
from calls.eligibility import Decision, decide
from calls.facts import CallFacts
from calls.merge import Merged
from policy.agency import Agency
from starter.readers.told import Told, records_of
from starter.records import CadRecord
from tests.builders import NOON, hours

NOW = NOON + hours(24)


def facts_of(told: Told, agency: Agency) -> CallFacts:
    """The facts of a call of which nothing else was ever told; as one with a number, if it tells one."""
    call, number = CallRecord(agency=agency.key, cad_id=told.cad_id), 0
    for record in records_of(told, agency, feed="eido"):
        call = call.taking(_merged(record), policy=agency.policy)
        number = int(record.phone is not None)
    return call.facts(recipient_version=number, held=False)


def _merged(record: CadRecord) -> Merged:
    stamp = record.counts_as_of(now=NOW)
    told = stamped(as_told(record.facts, stamp=stamp, now=NOW), stamp=stamp)
    return told | stamped(dict.fromkeys(record.steps_now, stamp.isoformat()), stamp=stamp)


def decision_of(told: Told, agency: Agency) -> Decision:
    return decide(facts_of(told, agency), agency.policy)
