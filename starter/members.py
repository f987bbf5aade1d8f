"""Who had to do with a call: no fact of it. Kept beside it, hashed and encrypted, where the agency's folder asks for
members' feedback, and nowhere else: not in the record that is kept, not in Temporal, not in a log."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from activities.call_members import TOLD, is_over, told_members
from calls.call_record import stamped
from calls.merge import merge
from database.encryption import Keyring
from database.surveys import CallMemberRow
from database.tables import CallRow
from policy.agency import Agency
from starter.records import CadRecord
from survey.questions import Role


@dataclass(frozen=True, kw_only=True)
class Members:
    """Keeps whom CAD tells. `roles`: about whom the survey asks; of nobody else anything is kept."""

    keyring: Keyring
    agency: str
    roles: frozenset[Role] = frozenset()

    def take(self, session: Session, call: CallRow, record: CadRecord, *, stamp: datetime, now: datetime) -> None:
        """Merge what the record tells, under the lock of the call: last writer wins, as of a fact. A record that is
        here already is taken, too: nothing but a key may be new in it, for keys are not part of what is kept."""
        told = {role.value: self._hash(role, key) for role, key in record.members.items() if role in self.roles}
        if not told or call.latch is not None or session.execute(select(is_over(call.call_id, now))).scalar_one():
            return
        known = told_members(self.keyring, session.get(CallMemberRow, call.call_id))
        merged = merge(known, stamped(told, stamp=stamp))
        if merged == known:
            return
        values = {
            "agency": self.agency,
            "told_encrypted": self.keyring.encrypt_without_time(TOLD.dump_json(merged).decode()),
        }
        statement = insert(CallMemberRow).values(call_id=call.call_id, **values)
        session.execute(statement.on_conflict_do_update(index_elements=[col(CallMemberRow.call_id)], set_=values))

    def _hash(self, role: Role, key: str) -> str:
        return self.keyring.member_hash(agency=self.agency, role=role, key=key)


def members_kept(agency: Agency, keyring: Keyring) -> Members:
    """As the agency's folder says."""
    asks = agency.survey.members_feedback
    return Members(keyring=keyring, agency=agency.key, roles=frozenset(asks.roles if asks else ()))
