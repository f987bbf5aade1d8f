"""Open calls for the board: a few by hand, as CAD tells them, and thousands by one statement."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, text
from sqlmodel import Session, col, update

from calls.contracts import Kind, LedgerState
from database.encryption import Keyring
from database.tables import CallRow, TextRow, real_now
from policy.agency import Agency
from starter.accept import Acceptor
from starter.records import CadRecord
from tests.builders import some_facts

NUMBER: Final = "+16135550142"
_TOLD: Final = {
    name: value
    for name, value in some_facts(area="Kanata", language="en").model_dump(mode="json").items()
    if value is not None and name not in {"agency", "cad_id", "in_progress", "safety_flag", "recipient_version", "held"}
}


class Desk:
    """Calls that happen now, told by CAD's records; and the ledger, as the activities would write it."""

    def __init__(self, engine: Engine, keyring: Keyring, agency: Agency) -> None:
        self.engine = engine
        self._acceptor = Acceptor(engine=engine, keyring=keyring, agency=agency.key, policy=agency.policy)

    def call(self, cad_id: str = "1001", *, minutes_ago: float = 0, **facts: Any) -> str:
        """CAD tells of a call that was received so many minutes ago; the call's id."""
        received = (real_now() - timedelta(minutes=minutes_ago)).isoformat()
        return self._accept(cad_id, {**_TOLD, "case_number": f"26-{cad_id}", "received_at": received, **facts}, NUMBER)

    def tell(self, cad_id: str, **facts: Any) -> None:
        """CAD tells that something has happened to a call; times are minutes before now."""
        now = real_now()
        told = {
            name: (now - timedelta(minutes=value)).isoformat() if name.endswith("_at") else value
            for name, value in facts.items()
        }
        self._accept(cad_id, told, None)

    def _accept(self, cad_id: str, facts: dict[str, Any], phone: str | None) -> str:
        record = CadRecord(feed="test", cad_id=cad_id, stamp=real_now(), facts=facts, phone=phone)
        return self._acceptor.accept(record).call_id

    def text(self, call_id: str, kind: Kind, state: LedgerState = LedgerState.DELIVERED, **values: Any) -> None:
        """A text of the call's present number, in the ledger."""
        with Session(self.engine) as session, session.begin():
            call = session.get(CallRow, call_id)
            assert call is not None
            now = real_now()
            row = {"policy_version": "policy", "due_at": now, "expires_at": now + timedelta(hours=1)}
            session.add(
                TextRow.model_validate(
                    {"call_id": call_id, "kind": kind, "state": state, "recipient_version": call.recipient_version}
                    | row
                    | values
                )
            )

    def change_text(self, call_id: str, kind: Kind, **values: Any) -> None:
        with Session(self.engine) as session, session.begin():
            of_call = (col(TextRow.call_id) == call_id, col(TextRow.kind) == kind)
            session.execute(update(TextRow).where(*of_call).values(**values))

    def change_call(self, call_id: str, **values: Any) -> None:
        with Session(self.engine) as session, session.begin():
            session.execute(update(CallRow).where(col(CallRow.call_id) == call_id).values(**values))


_CALLS: Final = text(
    """
    INSERT INTO call (call_id, agency, case_number, received_at, merged, facts, version, eligibility, rule, reason,
        policy_version, recipient_version, phone_versions, signalled_version, ended_reason, created_real, updated_real)
    SELECT 'ottawa-' || n, 'ottawa', '26-' || n, received, '{}', jsonb_strip_nulls(jsonb_build_object(
        'agency', 'ottawa', 'cad_id', n::text, 'case_number', '26-' || n, 'priority_code', priority::text,
        'priority', priority, 'call_type_code', 'NOISE', 'call_type_group', kind, 'source_code', 'phone',
        'source', 'resident', 'area', 'Area ' || n % 24, 'received_at', received, 'recipient_version', 1,
        'dispatched_at', CASE WHEN n % 4 IN (1, 2) THEN received + interval '9 min' END,
        'cleared_at', CASE WHEN n % 4 = 2 THEN received + interval '29 min' END,
        'disposition', 'ZZZ', 'outcome', CASE WHEN n % 9000 = 0 THEN 'unknown' ELSE 'ordinary' END)), 1,
        'eligible', 'all rules met', '', 'policy', 1, '{}', 1,
        CASE WHEN n > :open THEN 'the survey was offered' END, received, received
    FROM (
        SELECT n, (CASE WHEN n % 3 = 0 THEN 3 ELSE 4 END) AS priority,
            (ARRAY['noise', 'theft', 'damage', 'break_in'])[n % 4 + 1] AS kind,
            CAST(:now AS timestamptz) - (CASE WHEN n <= :open THEN n * interval '3 s' ELSE n * interval '115 s' END)
                AS received
        FROM generate_series(1, :calls) n) numbered
    """
)
_TEXTS: Final = text(
    """
    INSERT INTO text (id, call_id, kind, sequence, recipient_version, state, policy_version, due_at, expires_at,
        attempts, claimed_real, updated_real, first_sending_real, error_code)
    SELECT gen_random_uuid(), call_id, kind, 1, 1,
        CASE WHEN kind = 'delay' AND number % 400 = 0 THEN 'undelivered' ELSE 'delivered' END, 'policy',
        received_at + interval '3 min', received_at + interval '63 min', 1, received_at + interval '3 min',
        received_at + interval '3 min', received_at + interval '3 min',
        CASE WHEN kind = 'delay' AND number % 400 = 0 THEN 30003 END
    FROM (SELECT call_id, received_at, row_number() OVER () AS number FROM call) call,
        unnest(ARRAY['confirmation', 'delay', 'survey']) AS kind
    WHERE kind <> 'survey' OR received_at < CAST(:now AS timestamptz) - interval '6 h'
    """
)


def a_year_of_calls(engine: Engine, *, open_calls: int, calls: int, now: datetime) -> None:
    """So many calls, the last of them open, with their texts."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(_CALLS, {"open": open_calls, "calls": calls, "now": now})
        connection.execute(_TEXTS, {"now": now})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
