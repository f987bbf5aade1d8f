"""R4: a record is accepted when it is committed. What Temporal must hear of it, the forwarder brings there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from psycopg.types.json import Jsonb
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from activities.known_call import known_call
from activities.stop_and_go import IS_HELD, scope_of_call
from calls.call_record import CallRecord, as_told, stamped
from calls.clock import REAL_TIME
from calls.contracts import call_id as id_of_call
from calls.eligibility import Decision, Rule, decide
from calls.facts import CallFacts, Untextable
from calls.merge import NO_NUMBERS_HASH, PHONE_HASH, Merged, Stamped
from calls.numbers import untextable
from calls.policy import Policy
from database.encryption import Keyring
from database.lookup_keys import number_hash
from database.notify import wake_forwarders
from database.recovery import restored
from database.tables import CallRow, real_now
from starter.members import Members
from starter.readers.told import e164
from starter.records import CadRecord
from starter.rows import write_facts

log = structlog.get_logger()

_JUST_BEFORE: Final = timedelta(microseconds=1)
UNKNOWN_CODES: Final = frozenset({Rule.UNKNOWN_TYPE, Rule.UNKNOWN_PRIORITY, Rule.UNKNOWN_SOURCE})

# Nothing tells an old word without a time from the same word again (a correction that is taken back): it is a
# repetition only of the last that its feed said of the call.
_KEEP: Final = f"""\
INSERT INTO cad_record (feed, content_hash, call_id, stamp, body, accepted_real)
SELECT %(feed)s::text, %(content_hash)s, %(call_id)s::text, %(stamp)s, %(body)s, %(accepted_real)s
WHERE NOT %(has_no_time)s OR NOT coalesce(starts_with((
  SELECT content_hash FROM cad_record WHERE call_id = %(call_id)s AND feed = %(feed)s ORDER BY id DESC LIMIT 1
), %(content)s), false)
ON CONFLICT DO NOTHING
RETURNING {IS_HELD} AS is_held
"""  # noqa: S608 - our own words


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What a record did. `is_new`: it is the first of its call; `changed`: the call's facts are others now;
    `is_repetition`: it was here already."""

    call_id: str
    decision: Decision
    is_new: bool
    changed: bool
    is_repetition: bool = False


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A record that was not here. `is_held`: staff hold its call; asked while its row is locked: see `Holds`."""

    is_held: bool


class Acceptor:
    """Merges records into calls, one transaction each. `now` is the service's time of receipt.

    `wakes`: the forwarders hear of it at the commit. A replay forwards by itself what it has fed together. `members`:
    keeps who had to do with a call; without it nobody does.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        keyring: Keyring,
        agency: str,
        policy: Policy,
        now: Callable[[], datetime] = REAL_TIME.now,
        wakes: bool = True,
        members: Members | None = None,
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._agency = agency
        self._policy = policy
        self._now = now
        self._wakes = wakes
        self._members = members or Members(keyring=keyring, agency=agency)

    def accept(self, record: CadRecord) -> Accepted:
        """Merge the record and commit. The same record twice is nothing; a late one counts where it is the newest.

        Raises:
            ValueError: a fact of the record cannot be one; nothing was kept.
        """
        with Session(self._engine) as session, session.begin():
            phone_hash = None if record.phone is None else number_hash(session, self._keyring, record.phone)
            row = self._locked_row(session, record)
            stamp = record.counts_as_of(now=self._now())  # of two without a time the one kept last counts last
            is_new = row is None
            if row is None:
                row = self._new_row(session, record)
            self._members.take(session, row, record, stamp=stamp, now=self._now())
            kept = self._keep(session, record, row.call_id, phone_hash, stamp)
            if kept is None:
                return replace(self._accepted(row, is_new=False, changed=False), is_repetition=True)
            rule = row.rule
            changed = self._merge(row, record, phone_hash, stamp, held=kept.is_held)
            session.add(row)
            if row.rule != rule and row.rule in UNKNOWN_CODES:
                log.warning("unknown code", call_id=row.call_id, rule=row.rule)
            if changed and self._wakes:
                wake_forwarders(session)
            return self._accepted(row, is_new=is_new, changed=changed)

    def doubt(self, cad_id: str, phone: str, *, feed: str, stamp: datetime | None) -> None:
        """A record that cannot be read tells this number (R1). Where the call has another one, nobody is texted until
        one is told that can be read: it may be the wrong one."""
        number = e164(phone)
        told = () if number is None else self._keyring.phone_hashes(number)
        with Session(self._engine) as session:
            row = session.get(CallRow, id_of_call(agency=self._agency, cad_id=cad_id))
            known = None if row is None else record_of(row, cad_id=cad_id).number
        if known not in (None, NO_NUMBERS_HASH, *told):
            self.accept(CadRecord(feed=feed, cad_id=cad_id, stamp=stamp, facts={}, phone_unreadable=True))

    def _locked_row(self, session: Session, record: CadRecord) -> CallRow | None:
        call = self._call_id(record)
        session.connection().exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (call,))
        return session.exec(select(CallRow).where(col(CallRow.call_id) == call).with_for_update()).first()

    def _keep(
        self, session: Session, record: CadRecord, call: str, phone_hash: str | None, stamp: datetime
    ) -> _Kept | None:
        """Keep the record; `None` where the very same one is here already."""
        content = record.content_hash(phone_hash=phone_hash)
        values = {
            "feed": record.feed,
            "content": content,
            "has_no_time": record.has_no_time,
            "content_hash": f"{content} {stamp.isoformat()}" if record.has_no_time else content,
            "call_id": call,
            "scope_of_call": scope_of_call(call),
            "stamp": stamp,
            "body": Jsonb(dict(record.facts)),
            "accepted_real": real_now(),
        }
        row = session.connection().exec_driver_sql(_KEEP, values).one_or_none()
        return None if row is None else _Kept(is_held=row.is_held)

    def _new_row(self, session: Session, record: CadRecord) -> CallRow:
        was = restored(session)
        return CallRow(
            epoch=was.epoch,
            # After a restore its workflow may be there already: as if an earlier attempt to start it had gone through.
            forwarding_until_real=real_now() if was.is_recovering else None,
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

    def _merge(self, row: CallRow, record: CadRecord, phone_hash: str | None, stamp: datetime, *, held: bool) -> bool:
        """Merge, decide and number the result. True where the facts are others now."""
        if row.forgotten_real is not None:  # what was deleted for good does not come back with an old record
            record, phone_hash = record.model_copy(update={"phone": None, "phone_unreadable": False}), None
        call = record_of(row, cad_id=record.cad_id)
        for told in told_by(record, phone_hash=phone_hash, stamp=stamp, now=self._now(), policy=self._policy):
            call = call.taking(told, policy=self._policy)
        self._take_number(row, call, record, phone_hash)
        facts = call.facts(recipient_version=row.recipient_version, held=held)
        if row.phone_hash is not None and not self._is_number_kept(row, facts):
            row.phone_encrypted, row.phone_hash, row.recipient_version = None, None, 0
            facts = facts.model_copy(update={"recipient_version": 0})
        row.merged = {name: value.model_dump(mode="json") for name, value in sorted(call.merged.items())}
        row.latch = call.latch
        return write_facts(row, facts, policy=self._policy)

    def _take_number(self, row: CallRow, call: CallRecord, record: CadRecord, phone_hash: str | None) -> None:
        """Where this record's number is the newest, it is the one to text; a new number is a new recipient."""
        if phone_hash is None or record.phone is None:
            return
        # One that has a mark keeps it: before revision 0002 they were counted (docs/decisions/0016).
        marks = {phone_hash: self._keyring.recipient_version(call=row.call_id, number=record.phone)}
        row.phone_versions = marks | row.phone_versions
        if call.number == phone_hash != row.phone_hash:
            row.phone_hash = phone_hash
            row.phone_encrypted = self._keyring.encrypt(record.phone)
            row.recipient_version = row.phone_versions[phone_hash]

    def _is_number_kept(self, row: CallRow, facts: CallFacts) -> bool:
        """Of a caller who will not be texted none is (R3). While something is not known yet it waits, bounded (R4)."""
        if facts.untextable is not None:
            return False
        if row.signalled is not None:
            return True
        decision = decide(facts, self._policy)
        may_come_to_be_texted = decision.is_eligible or decision.may_change or decision.rule == Rule.SOURCE
        return may_come_to_be_texted and facts.latch is None and row.ended_reason is None

    def _call_id(self, record: CadRecord) -> str:
        return id_of_call(agency=self._agency, cad_id=record.cad_id)

    def _accepted(self, row: CallRow, *, is_new: bool, changed: bool) -> Accepted:
        decision = known_call(row, self._policy).decision
        return Accepted(call_id=row.call_id, decision=decision, is_new=is_new, changed=changed)


def told_by(
    record: CadRecord, *, phone_hash: str | None, stamp: datetime, now: datetime, policy: Policy
) -> Iterator[Merged]:
    """What the record tells, as the merge takes it. `stamp`: the time that it counts as of.

    The type that the call had before is told by itself, as of just before: at the same time either could be the one
    that stays.
    """
    if record.first_type:
        yield stamped(record.first_type, stamp=stamp - _JUST_BEFORE)
    told = stamped(as_told(record.facts, stamp=stamp, now=now), stamp=stamp)
    told |= stamped(dict.fromkeys(record.steps_now, stamp.isoformat()), stamp=stamp)
    if record.phone_unreadable:
        told |= stamped({PHONE_HASH: NO_NUMBERS_HASH, "untextable": Untextable.UNREADABLE}, stamp=stamp)
    if record.phone is not None and phone_hash is not None:
        refusal = untextable(record.phone, policy.numbers)
        told |= stamped({PHONE_HASH: phone_hash, "untextable": refusal}, stamp=stamp)
    yield told


def record_of(row: CallRow, *, cad_id: str) -> CallRecord:
    """The row as the merge takes it."""
    return CallRecord(
        agency=row.agency,
        cad_id=cad_id,
        merged={name: Stamped.model_validate(value) for name, value in row.merged.items()},
        latch=row.latch,
        numbers=frozenset(row.phone_versions),
    )
