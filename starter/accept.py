"""R4: a record is accepted when it is committed. What Temporal must hear of it, the forwarder brings there."""

from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from activities.known_call import known_call
from calls.contracts import call_id as id_of_call
from calls.eligibility import Decision, Rule, decide, latch_of
from calls.facts import CallFacts
from calls.merge import PHONE_HASH, Stamped, facts_of, merge
from calls.policy import Policy
from database.encryption import Keyring
from database.tables import CadRecordRow, CallRow, Json, real_now
from starter.records import CadRecord

_LATCH_ORDER = list(Rule)
_NO_NUMBER_KEPT = frozenset(
    {
        *(Rule.LATCH, Rule.IN_PROGRESS, Rule.SAFETY_FLAG, Rule.SENSITIVE_TYPE, Rule.EXCLUDED_TYPE, Rule.PRIORITY),
        *(Rule.SOURCE, Rule.CANCELLED),
    }
)
"""Rules that a caller's number is not kept under. An unknown code may become known: then the number is needed (R4)."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What a record did. `is_new`: it is the first of its call; `changed`: the call's facts are others now."""

    call_id: str
    decision: Decision
    is_new: bool
    changed: bool


class Acceptor:
    """Merges records into calls, one transaction each."""

    def __init__(self, *, engine: Engine, keyring: Keyring, agency: str, policy: Policy) -> None:
        self._engine = engine
        self._keyring = keyring
        self._agency = agency
        self._policy = policy

    def accept(self, record: CadRecord) -> Accepted:
        """Merge the record and commit. The same record twice is nothing; a late one counts where it is the newest."""
        phone_hash = None if record.phone is None else self._keyring.phone_hash(record.phone)
        with Session(self._engine) as session, session.begin():
            row = self._locked_row(session, record)
            if row is not None and not self._keep(session, record, row.call_id, phone_hash):
                return self._accepted(row, is_new=False, changed=False)
            if row is None:
                row = self._new_row(record)
                self._keep(session, record, row.call_id, phone_hash)
                self._merge(row, record, phone_hash)
                session.add(row)
                return self._accepted(row, is_new=True, changed=True)
            changed = self._merge(row, record, phone_hash)
            session.add(row)
            return self._accepted(row, is_new=False, changed=changed)

    def _locked_row(self, session: Session, record: CadRecord) -> CallRow | None:
        call = self._call_id(record)
        session.connection().exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (call,))
        return session.exec(select(CallRow).where(col(CallRow.call_id) == call).with_for_update()).first()

    def _keep(self, session: Session, record: CadRecord, call: str, phone_hash: str | None) -> bool:
        """Keep the record; `False` where the very same one is here already."""
        statement = (
            insert(CadRecordRow)
            .values(
                feed=record.feed,
                content_hash=record.content_hash(phone_hash=phone_hash),
                call_id=call,
                stamp=record.stamp,
                body=dict(record.facts),
                accepted_real=real_now(),
            )
            .on_conflict_do_nothing()
            .returning(col(CadRecordRow.id))
        )
        return session.execute(statement).first() is not None

    def _new_row(self, record: CadRecord) -> CallRow:
        return CallRow(
            call_id=self._call_id(record),
            agency=self._agency,
            merged={},
            facts={},
            version=0,
            eligibility="",
            rule="",
            reason="",
            policy_version="",
        )

    def _merge(self, row: CallRow, record: CadRecord, phone_hash: str | None) -> bool:
        """Merge, decide and number the result. True where the facts are others now."""
        known = {name: Stamped.model_validate(value) for name, value in row.merged.items()}
        told = record.stamped(phone_hash=phone_hash)
        merged = merge(known, told)
        self._take_number(row, record, merged, phone_hash)
        # By itself too: a record that comes too late to change the facts silences the call all the same (R1).
        for seen in (told, merged):
            row.latch = _first_latch(row.latch, latch_of(self._facts(record.cad_id, seen, row), self._policy))
        facts = self._facts(record.cad_id, merged, row)
        if row.signalled is None and decide(facts, self._policy).rule in _NO_NUMBER_KEPT:
            # Nobody will be texted: then the number is not kept (R3). Told again, it has its version again.
            row.phone_encrypted, row.phone_hash, row.recipient_version = None, None, 0
            facts = self._facts(record.cad_id, merged, row)
        row.merged = {name: stamped.model_dump(mode="json") for name, stamped in sorted(merged.items())}
        return self._write(row, facts)

    def _write(self, row: CallRow, facts: CallFacts) -> bool:
        decision = decide(facts, self._policy)
        content: Json = facts.model_dump(mode="json")
        changed = content != row.facts
        row.facts = content
        row.version += changed
        row.case_number, row.received_at = facts.case_number, facts.received_at
        row.eligibility, row.rule, row.reason = decision.eligibility, decision.rule, decision.reason
        row.policy_version = decision.policy_version
        row.updated_real = real_now()
        return changed

    def _take_number(self, row: CallRow, record: CadRecord, merged: dict[str, Stamped], phone_hash: str | None) -> None:
        """Where this record's number is the newest, it is the one to text; a new number is a new recipient."""
        if phone_hash is None or record.phone is None or merged[PHONE_HASH].value != phone_hash:
            return
        if row.phone_hash != phone_hash:
            row.phone_hash = phone_hash
            row.phone_encrypted = self._keyring.encrypt(record.phone)
            known = row.phone_versions.get(phone_hash, len(row.phone_versions) + 1)
            row.phone_versions = {**row.phone_versions, phone_hash: known}
            row.recipient_version = known

    def _facts(self, cad_id: str, merged: dict[str, Stamped], row: CallRow) -> CallFacts:
        return facts_of(
            merged,
            agency=self._agency,
            cad_id=cad_id,
            latch=row.latch,
            recipient_version=row.recipient_version,
            held=False,
        )

    def _call_id(self, record: CadRecord) -> str:
        return id_of_call(agency=self._agency, cad_id=record.cad_id)

    def _accepted(self, row: CallRow, *, is_new: bool, changed: bool) -> Accepted:
        decision = known_call(row, self._policy).decision
        return Accepted(call_id=row.call_id, decision=decision, is_new=is_new, changed=changed)


def _first_latch(one: str | None, other: str | None) -> str | None:
    """Of two latches the one whose rule stands first: the same whatever the order of the records."""
    return min((latch for latch in (one, other) if latch is not None), key=_latch_rank, default=None)


def _latch_rank(latch: str) -> int:
    return _LATCH_ORDER.index(Rule(latch))
