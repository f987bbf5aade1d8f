"""How a call's row takes new facts: decided and numbered, whoever brings them (CAD's record, a hold by staff)."""

from calls.eligibility import decide
from calls.facts import CallFacts
from calls.policy import Policy
from database.tables import CallRow, Json, real_now


def write_facts(row: CallRow, facts: CallFacts, *, policy: Policy) -> bool:
    """Write them into the row, which must be locked. True where they are others than before: a new version."""
    decision = decide(facts, policy)
    content: Json = facts.model_dump(mode="json")
    # Not by what is written down: an earlier version wrote fewer fields, and that is no news of the call.
    changed = not row.facts or CallFacts.model_validate(row.facts) != facts
    row.facts = content
    if changed and row.signalled_version == row.version:
        row.behind_since_real = real_now()
    row.version += changed
    row.case_number, row.received_at = facts.case_number, facts.received_at
    row.eligibility, row.rule, row.reason = decision.eligibility, decision.rule, decision.reason
    row.policy_version = decision.policy_version
    row.updated_real = real_now()
    return changed
