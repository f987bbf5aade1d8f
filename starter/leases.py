"""What Temporal does not have yet: rows are leased under a lock, so that any number of starters forward them once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from psycopg.types.json import Jsonb
from sqlalchemy import Engine
from sqlmodel import Session, col, select, update

from activities.known_call import call_row, known_call
from activities.ledger import records_of
from calls.contracts import KnownCall, LedgerState, TextRecord
from calls.eligibility import decide
from calls.facts import CallFacts
from calls.policy import Policy
from calls.timetable import End, next_step
from calls.versions import change_of
from database.engine import alone
from database.recovery import is_recovering
from database.tables import CallRow, real_now

log = structlog.get_logger()

BATCH: Final = 50
MISSING: Final = "Temporal does not know its workflow"
"""The trouble of a call whose workflow was lost: another namespace, or a Temporal that lost its data."""

NOT_TAKEN: Final = "Temporal has not been told of its last change"
_LEASE = timedelta(seconds=15)

# By way of the ORM to put this together was a sixth of what the starter does.
_DONE: Final = """\
UPDATE call SET
  started_policy = CASE WHEN %(told)s AND signalled IS NULL THEN %(policy)s ELSE started_policy END,
  signalled_version = %(change)s,
  signalled = %(signalled)s,
  forwarding_until_real = NULL,
  behind_since_real = NULL,
  ended_reason = %(ended)s,
  trouble = coalesce(%(alarm)s, CASE WHEN trouble = ANY(%(mended)s) THEN NULL ELSE trouble END),
  trouble_since_real = CASE WHEN %(alarm)s IS NOT NULL THEN %(real_now)s
                            WHEN trouble = ANY(%(mended)s) THEN NULL ELSE trouble_since_real END
WHERE call_id = %(call_id)s AND ended_reason IS NULL AND signalled_version < %(change)s
RETURNING call_id
"""


@dataclass(frozen=True, kw_only=True)
class Forward:
    """A call that Temporal must hear of."""

    call: KnownCall
    call_id: str
    signalled: CallFacts | None
    """The facts that its workflow knows; `None`: it has none yet."""
    tried_before: bool
    """An earlier attempt did not end: nobody knows whether Temporal heard of it."""
    texts: tuple[TextRecord, ...]
    """What the ledger has, for a workflow that is to be started."""
    is_of_newest_policy: bool = False
    """Its workflow has this starter's own timetable."""
    heard_more: bool = False
    """It was told more before a restore than the database knows of: nothing that is the same now may be left unsaid."""


class Leases:
    """The rows, on behalf of the forwarder."""

    def __init__(self, *, engine: Engine, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._policy = policy
        self._now = now

    def take(self) -> list[Forward]:
        """Lease some rows that Temporal does not have yet."""
        with Session(self._engine) as session, session.begin():
            if is_recovering(session):  # facts of before the backup would take a workflow back: see docs/recovery.md
                return []
            now = real_now()
            rows = session.exec(
                select(CallRow)
                .where(
                    col(CallRow.signalled_version) < col(CallRow.version),
                    col(CallRow.ended_reason).is_(None),
                    (col(CallRow.forwarding_until_real).is_(None)) | (col(CallRow.forwarding_until_real) < now),
                )
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            ).all()
            items = [self._item(session, row) for row in rows]
            for row in rows:
                row.forwarding_until_real = now + _LEASE
                session.add(row)
            return items

    def take_anew(self, call_id: str) -> Forward | None:
        """Lease one whose workflow is lost: as if it had never had one. `None`: it is not there any more.

        Also from a starter that has it in hand, and tries in vain to signal what is not there: Temporal starts one.
        """
        with Session(self._engine) as session, session.begin():
            row = session.get(CallRow, call_id, with_for_update=True)
            if row is None:
                return None
            row.signalled, row.signalled_version, row.ended_reason = None, 0, None
            row.trouble, row.trouble_since_real = None, None
            row.forwarding_until_real = real_now() + _LEASE
            session.add(row)
            return self._item(session, row)

    def close(self, call_id: str, reason: str) -> None:
        """Nothing more is owed, and Temporal has no workflow of it any more."""
        with Session(self._engine) as session, session.begin():
            row = session.get(CallRow, call_id, with_for_update=True)
            if row is not None and row.ended_reason is None:
                row.ended_reason, row.trouble, row.trouble_since_real = reason, None, None
                session.add(row)

    def done(self, item: Forward, *, ended: str | None, alarm: bool = False) -> None:
        """Write down what Temporal has. A call without a workflow has nothing signalled, however new its facts.

        `alarm`: its workflow has ended though the caller is still owed something.
        """
        told = item.signalled is not None or item.call.decision.is_eligible
        values = {
            "call_id": item.call_id,
            "change": change_of(item.call.version),
            "told": told,
            "signalled": Jsonb(item.call.facts.model_dump(mode="json")) if told else None,
            "policy": item.call.decision.policy_version,
            "ended": ended,
            "alarm": f"{ended} in Temporal" if alarm else None,
            "mended": [MISSING, NOT_TAKEN],
            "real_now": real_now(),
        }
        written = alone(self._engine, _DONE, values)
        if alarm and written is not None:
            log.error("a call that is still owed a text was ended in Temporal", call_id=item.call_id, how=ended)

    def is_over(self, item: Forward) -> bool:
        """By what its workflow last knew, or by what is known now, nothing more is owed: rightly it has ended (R2)."""
        with Session(self._engine) as session:
            texts = records_of(session, item.call_id)
        for facts in (item.signalled or item.call.facts, item.call.facts):
            known = KnownCall(version=item.call.version, facts=facts, decision=decide(facts, self._policy))
            step = next_step(call=known, texts=texts, timetable=self._policy.timetable, now=self._now())
            if isinstance(step, End):
                return True
        return False

    def missing(self, item: Forward) -> None:
        """Its workflow should be there and is not: said once, tried again when the lease is over, shown to staff."""
        with Session(self._engine) as session, session.begin():
            row = call_row(session, item.call_id)
            if row.trouble != MISSING:
                log.error("temporal does not know the call's workflow", call_id=item.call_id)
                row.trouble, row.trouble_since_real = MISSING, real_now()
                session.add(row)

    def open_calls(self) -> list[str]:
        """The calls whose workflows may be running."""
        with Session(self._engine) as session:
            return list(
                session.exec(
                    select(CallRow.call_id).where(
                        col(CallRow.signalled).is_not(None), col(CallRow.ended_reason).is_(None)
                    )
                ).all()
            )

    def _item(self, session: Session, row: CallRow) -> Forward:
        signalled = None if row.signalled is None else CallFacts.model_validate(row.signalled)
        return Forward(
            call=known_call(row, self._policy),
            call_id=row.call_id,
            signalled=signalled,
            tried_before=row.forwarding_until_real is not None,
            texts=() if signalled is not None else tuple(_known_texts(session, row.call_id)),
            is_of_newest_policy=row.started_policy == self._policy.version,
            heard_more=signalled is not None and row.signalled_version == 0,
        )


def _known_texts(session: Session, call_id: str) -> list[TextRecord]:
    """What came of the call's texts. One in doubt is not told: the workflow asks for it, and the activity finds out."""
    return [record for record in records_of(session, call_id) if record.state is not LedgerState.UNKNOWN]


def bring_back(engine: Engine) -> int:
    """Let every workflow that Temporal has lost be started anew, told what the ledger has (R2); how many."""
    with Session(engine) as session, session.begin():
        rows = session.exec(
            update(CallRow)
            .where(col(CallRow.trouble) == MISSING, col(CallRow.ended_reason).is_(None))
            .values(signalled=None, signalled_version=0, forwarding_until_real=None)
            .returning(col(CallRow.call_id))
        )
        return len(rows.all())
