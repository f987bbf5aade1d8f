"""One person is erased on request: by the number, everything that is found by it (docs/decisions/0039-forgetting.md).

All of it in one transaction, while no text to the number can begin: open calls are stopped, then the number goes. What
says STOP stays, and so does what nobody can find any more: answers that are cut from their calls (R7).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, or_, select, update
from sqlmodel import Session, col

from activities.forget_numbers import (
    forget_calls,
    forget_inbound,
    forget_texts,
    how_many,
    inbound_is_needed,
    text_says_stop,
)
from activities.known_call import known_call
from activities.people import lock_number
from calls.contracts import LedgerState
from calls.facts import CallFacts
from calls.policy import Policy
from database.encryption import Keyring
from database.lookup_keys import number_hash, rename
from database.notify import wake_forwarders
from database.numbers import BlockedNumberRow
from database.recovery import StrayMessageRow
from database.staff import AuditEntryRow
from database.surveys import CallMemberRow, SurveyDraftRow
from database.tables import (
    CadRecordRow,
    CallRow,
    InboundMessageRow,
    OptOutRow,
    PilotNumberRow,
    SurveyInvitationRow,
    TextRow,
    real_now,
)
from watching.redaction import redact
from web.staff.access.audit import ALLOWED
from web.staff.access.roles import Act, Member

NO_LONGER_FOUND = "the person was erased: what became of it can no longer be found out"


@dataclass(frozen=True, kw_only=True)
class Found:
    """How much is found by a number; of what is stopped or kept, too. `sids`: the carrier's names of its messages."""

    calls: int = 0
    open_calls: int = 0
    texts: int = 0
    inbound: int = 0
    strays: int = 0
    cad_records: int = 0
    survey_links: int = 0
    list_entries: int = 0
    opt_outs_kept: int = 0
    refusals_kept: int = 0
    blocks_kept: int = 0
    sids: Sequence[str] = field(default=(), repr=False)
    inbound_sids: Sequence[str] = field(default=(), repr=False)

    @property
    def is_nothing(self) -> bool:
        return not any(self.counts().values())

    def counts(self) -> dict[str, int]:
        """By name, for certificate and audit log: nothing personal."""
        return {name: value for name, value in vars(self).items() if isinstance(value, int)}


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What was done. `id` stands in the certificate and in the audit log."""

    id: str
    found: Found


class _OnlyLooking(Exception):  # noqa: N818 - nothing is to be kept of it
    pass


class Erasure:
    """Of whoever has a number (E.164)."""

    def __init__(self, *, engine: Any, keyring: Keyring, policy: Policy) -> None:
        self._engine, self._keyring, self._policy = engine, keyring, policy

    def look(self, number: str) -> Found:
        """What would go: all of it is done, counted, and taken back."""
        found = Found()
        try:
            with Session(self._engine) as session, session.begin():
                found = self._erase(session, number)
                raise _OnlyLooking
        except _OnlyLooking:
            return found

    def erase(self, number: str, *, who: Member, why: str) -> Erased:
        """All of it or nothing, with its entry in the audit log."""
        id_ = str(uuid4())
        with Session(self._engine) as session, session.begin():
            found = self._erase(session, number)
            entry = AuditEntryRow(
                subject=who.subject,
                name=who.name,
                roles=sorted(who.roles),
                act=Act.ERASE_PERSON,
                outcome=ALLOWED,
                about=id_,
                detail={"why": redact(why), **found.counts()},
            )
            session.add(entry)
            wake_forwarders(session)
        return Erased(id=id_, found=found)

    def _erase(self, session: Session, number: str) -> Found:
        phone_hash = number_hash(session, self._keyring, number)
        lock_number(session, phone_hash)  # until the end no text to it is claimed, checked or counted
        # What no change of keys could move: rows that do not have the number itself.
        for before in set(self._keyring.phone_hashes(number)) - {phone_hash}:
            rename(session, before=before, after=phone_hash)
        calls, still_open = self._calls(session, phone_hash)
        links = self._links(session, calls)
        texts, sids, refusals = _texts(session, phone_hash)
        inbound, inbound_sids = _inbound(session, phone_hash)
        stray_sids = _strays(session, phone_hash)
        records = how_many(session, delete(CadRecordRow).where(col(CadRecordRow.call_id).in_(calls)))
        session.execute(delete(CallMemberRow).where(col(CallMemberRow.call_id).in_(calls)))
        entries, opt_outs, blocks = _lists(session, phone_hash)
        return Found(
            calls=len(calls),
            open_calls=still_open,
            texts=texts,
            inbound=inbound,
            strays=len(stray_sids),
            cad_records=records,
            survey_links=links,
            list_entries=entries,
            opt_outs_kept=opt_outs,
            refusals_kept=refusals,
            blocks_kept=blocks,
            sids=[*sids, *stray_sids],
            inbound_sids=inbound_sids,
        )

    def _calls(self, session: Session, phone_hash: str) -> tuple[list[str], int]:
        """The ids of the calls whose number it is, and how many of them are open. A call that has been corrected to
        another person's number goes on for that person; this one is taken out of it."""
        had_it = or_(col(CallRow.phone_hash) == phone_hash, col(CallRow.phone_versions).op("?")(phone_hash))
        found = select(CallRow).where(had_it).order_by(col(CallRow.call_id)).with_for_update()
        rows: list[CallRow] = list(session.execute(found).scalars())
        others = [row for row in rows if row.phone_hash not in (None, phone_hash)]
        for row in others:
            row.phone_versions = {mark: value for mark, value in row.phone_versions.items() if mark != phone_hash}
            session.add(row)
        session.flush()
        mine = [row for row in rows if row not in others]
        ids = [row.call_id for row in mine]
        how_many(session, forget_calls(ids))
        is_open = [row for row in mine if row.ended_reason is None]
        for row in is_open:
            self._stop(session, row)
        return ids, len(is_open)

    def _stop(self, session: Session, row: CallRow) -> None:
        """New facts, with the latch: its workflow hears of them and ends; whoever is about to send does not."""
        session.refresh(row)
        if row.signalled_version == row.version:
            row.behind_since_real = real_now()
        row.version += 1
        row.facts = CallFacts.model_validate(row.facts).model_dump(mode="json")
        decision = known_call(row, self._policy).decision
        row.eligibility, row.rule, row.reason = decision.eligibility, decision.rule, decision.reason
        row.policy_version, row.updated_real = decision.policy_version, real_now()
        session.add(row)
        session.flush()

    def _links(self, session: Session, calls: Sequence[str]) -> int:
        """They are closed, and lead to no call; what was typed and not sent is deleted."""
        of_calls = col(SurveyInvitationRow.call_id).in_(calls)
        ids = select(col(SurveyInvitationRow.id)).where(of_calls)
        session.execute(delete(SurveyDraftRow).where(col(SurveyDraftRow.invitation_id).in_(ids)))
        closed = {"token_hash": None, "over": True, "used": False, "opened": False}
        return how_many(session, update(SurveyInvitationRow).where(of_calls).values(**closed))


def _texts(session: Session, phone_hash: str) -> tuple[int, list[str], int]:
    """How many were emptied, the carrier's names of them, and how many stay because they say STOP."""
    mine = col(TextRow.phone_hash) == phone_hash
    sids = list(session.execute(select(col(TextRow.provider_sid)).where(mine, col(TextRow.at_carrier))).scalars())
    in_hand = {"state": LedgerState.UNKNOWN, "reason": NO_LONGER_FOUND}
    session.execute(update(TextRow).where(mine, col(TextRow.state) == LedgerState.SENDING).values(**in_hand))
    which = select(col(TextRow.id)).where(mine, ~text_says_stop()).with_for_update()
    gone = how_many(session, forget_texts(which, words_too=True))
    kept = how_many(session, update(TextRow).where(mine).values(body_encrypted=None, code_hash=None))
    return gone, [sid for sid in sids if sid], kept


def _inbound(session: Session, phone_hash: str) -> tuple[int, list[str]]:
    """After the texts: a START is needed only where one of them stays."""
    mine = col(InboundMessageRow.phone_hash) == phone_hash
    at_carrier = select(col(InboundMessageRow.provider_sid)).where(mine, col(InboundMessageRow.at_carrier))
    sids = list(session.execute(at_carrier).scalars())
    which = select(col(InboundMessageRow.id)).where(mine, ~inbound_is_needed())
    gone = how_many(session, forget_inbound(which))
    session.execute(update(InboundMessageRow).where(mine).values(body_encrypted=None))
    return gone, sids


def _strays(session: Session, phone_hash: str) -> list[str]:
    """Messages that no call explained after a restore, by the carrier's names of them."""
    mine = delete(StrayMessageRow).where(col(StrayMessageRow.phone_hash) == phone_hash)
    return list(session.execute(mine.returning(col(StrayMessageRow.provider_sid))).scalars())


def _lists(session: Session, phone_hash: str) -> tuple[int, int, int]:
    """How many entries went, how many opt-outs and how many blocks stay because they are in force."""
    off = or_(col(BlockedNumberRow.ended_real).is_not(None), col(BlockedNumberRow.until_real) <= real_now())
    blocked, opted_out = col(BlockedNumberRow.phone_hash) == phone_hash, col(OptOutRow.phone_hash) == phone_hash
    gone = how_many(session, delete(OptOutRow).where(opted_out, col(OptOutRow.ended_at).is_not(None)))
    gone += how_many(session, delete(BlockedNumberRow).where(blocked, off))
    gone += how_many(session, delete(PilotNumberRow).where(col(PilotNumberRow.phone_hash) == phone_hash))
    opt_outs = session.execute(select(func.count(col(OptOutRow.id))).where(opted_out)).scalar_one()
    blocks = session.execute(select(func.count(col(BlockedNumberRow.id))).where(blocked)).scalar_one()
    return gone, opt_outs, blocks
