"""A hold by staff becomes a fact of the call, so that its workflow knows and its history tells.

The hold itself is a switch (`web/staff/switches.py`); it binds every send from its commit on, whatever the fact says.
"""

from typing import Final

import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from activities.stop_and_go import OF_A_CALL, is_held
from calls.facts import CallFacts
from calls.policy import Policy
from database.notify import wake_forwarders
from database.tables import CallRow
from starter.rows import write_facts

log = structlog.get_logger()

_OUT_OF_LINE: Final = """\
SELECT c.call_id FROM call c JOIN switch s ON c.call_id = substr(s.scope, %(of)s)
WHERE s.scope LIKE %(calls)s AND c.ended_reason IS NULL
GROUP BY c.call_id HAVING bool_or(s.released_real IS NULL) <> coalesce((c.facts ->> 'held')::boolean, false)
"""


class Holds:
    """Brings the fact `held` of the open calls in line with the switches, however often and late it looks."""

    def __init__(self, *, engine: Engine, policy: Policy) -> None:
        self._engine = engine
        self._policy = policy

    def bring_into_line(self) -> int:
        """Look at every call that is or was held; how many have changed."""
        # It commits: a transaction that is rolled back takes the connection's prepared statements with it.
        with Session(self._engine) as session, session.begin():
            calls = self._out_of_line(session)
        return sum(self._bring(call_id) for call_id in calls)

    def _out_of_line(self, session: Session) -> list[str]:
        found = session.connection().exec_driver_sql(_OUT_OF_LINE, {"calls": f"{OF_A_CALL}%", "of": len(OF_A_CALL) + 1})
        return list(found.scalars())

    def _bring(self, call_id: str) -> bool:
        """Under the row's lock, as an acceptor that takes in a record of this call meanwhile."""
        with Session(self._engine) as session, session.begin():
            row = session.get(CallRow, call_id, with_for_update=True)
            if row is None:
                return False
            facts = CallFacts.model_validate(row.facts)
            held = is_held(session, call_id)
            if facts.held == held:
                return False
            write_facts(row, facts.model_copy(update={"held": held}), policy=self._policy)
            session.add(row)
            wake_forwarders(session)
        log.info("a call is held" if held else "a call is released", call_id=call_id)
        return True
