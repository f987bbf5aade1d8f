"""Which open calls have changed since the last look: by the versions that PostgreSQL itself gives to every row.

No writer has to remember to leave a mark, and none can forget it: the sweep notes a trouble, the forwarder a version,
a delivery report a state, and each makes a new version of its row (`xmin`).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from pydantic import ValidationError
from sqlmodel import Session, col, select, text

from calls.facts import CallFacts, Language
from calls.policy import Timetable
from database.rules import RulesRow
from database.staff import CallerLanguageRow
from database.tables import CallRow, TextRow
from policy.agency import Rules
from web.staff.board.open_calls import CallOnRecord

_VERSIONS: Final = text(
    """
    SELECT call.call_id, concat_ws(
        ' ', call.xmin,
        (SELECT string_agg(text.xmin::text, ' ' ORDER BY text.id) FROM text WHERE text.call_id = call.call_id),
        (SELECT 'language ' || max(chosen.id) FROM caller_language chosen WHERE chosen.call_id = call.call_id)
    ) AS version
    FROM call WHERE call.ended_reason IS NULL
    """
)
_AT_ONCE: Final = 1000


def versions(session: Session) -> dict[str, str]:
    """Of each open call, by its id, what stands for everything that the board shows of it."""
    return {row.call_id: row.version for row in session.execute(_VERSIONS)}


class Records:
    """Reads calls in full. `current`: the timetable of a call whose own nobody has kept."""

    def __init__(self, *, current: Timetable) -> None:
        self._current = current
        self._timetables: dict[str, Timetable] = {}

    def read(self, session: Session, call_ids: Collection[str]) -> list[CallOnRecord]:
        """These, as far as they are open."""
        wanted = sorted(call_ids)
        return [
            record
            for first in range(0, len(wanted), _AT_ONCE)
            for record in self._some(session, wanted[first : first + _AT_ONCE])
        ]

    def _some(self, session: Session, call_ids: Sequence[str]) -> list[CallOnRecord]:
        rows = session.execute(
            select(  # type: ignore[call-overload]  # more columns than its types foresee
                CallRow.call_id,
                CallRow.case_number,
                CallRow.version,
                CallRow.facts,
                CallRow.trouble,
                CallRow.started_policy,
            ).where(col(CallRow.call_id).in_(call_ids), col(CallRow.ended_reason).is_(None))
        ).all()
        texts = self._texts(session, call_ids)
        languages = self._languages(session, call_ids)
        self._learn(session, {row.started_policy for row in rows if row.started_policy})
        return [
            CallOnRecord(
                call_id=row.call_id,
                case_number=row.case_number,
                version=row.version,
                facts=CallFacts.model_validate(row.facts),
                timetable=self._timetables.get(row.started_policy or "", self._current),
                trouble=row.trouble,
                language=languages.get(row.call_id),
                texts=texts.get(row.call_id, ()),
            )
            for row in rows
        ]

    def _texts(self, session: Session, call_ids: Sequence[str]) -> Mapping[str, list[TextRow]]:
        texts: dict[str, list[TextRow]] = {}
        for row in session.exec(select(TextRow).where(col(TextRow.call_id).in_(call_ids))):
            texts.setdefault(row.call_id or "", []).append(row)
        return texts

    def _languages(self, session: Session, call_ids: Sequence[str]) -> Mapping[str, Language]:
        rows = session.exec(
            select(CallerLanguageRow)
            .where(col(CallerLanguageRow.call_id).in_(call_ids))
            .order_by(col(CallerLanguageRow.id))
        )
        return {row.call_id: Language(row.language) for row in rows}

    def _learn(self, session: Session, versions: Collection[str]) -> None:
        """The timetables that calls have started with: kept for as long as this process lives, they never change."""
        unknown = set(versions) - set(self._timetables)
        if not unknown:
            return
        kept = {
            row.version: row.rules for row in session.exec(select(RulesRow).where(col(RulesRow.version).in_(unknown)))
        }
        for version in unknown:
            try:
                self._timetables[version] = Rules.model_validate(kept[version]).policy.timetable
            except (KeyError, ValidationError):  # never kept, or by an earlier version that no longer reads
                self._timetables[version] = self._current
