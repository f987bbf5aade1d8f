"""Words that go to nobody: the carrier refused them, or networks filtered them. Staff release them, or change them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from activities.error_codes import CONTENT, FILTERED
from activities.words import scope_of_wording, why_stopped
from database.tables import SwitchRow, TextRow, real_now

_BY_THE_LEDGER = "the carrier's answers"


@dataclass(frozen=True, kw_only=True)
class StoppedWording:
    """A kind of text in one language (`en`, `fr`, `en+fr`) that waits, and why."""

    kind: str
    language: str
    why: str


class Wordings:
    """The wording that the agency uses now."""

    def __init__(self, *, engine: Engine, version: str) -> None:
        self._engine = engine
        self._version = version

    def stopped(self) -> Sequence[StoppedWording]:
        """What waits now."""
        with Session(self._engine) as session:
            known = session.exec(
                select(TextRow.kind, TextRow.language)
                .where(col(TextRow.error_code).in_(CONTENT | FILTERED), col(TextRow.wording_version) == self._version)
                .distinct()
            ).all()
            found = [(kind, language, self._why(session, kind, language or "")) for kind, language in sorted(known)]
        return [
            StoppedWording(kind=kind, language=language or "", why=why)
            for kind, language, why in found
            if why is not None
        ]

    def release(self, wording: StoppedWording, *, by: str, why: str) -> None:
        """Let these words go again. What the ledger has said of them until now counts no more."""
        now = real_now()
        with Session(self._engine) as session, session.begin():
            since = session.exec(
                select(func.min(col(TextRow.updated_real))).where(
                    col(TextRow.error_code).in_(CONTENT | FILTERED),
                    col(TextRow.kind) == wording.kind,
                    col(TextRow.language) == wording.language,
                    col(TextRow.wording_version) == self._version,
                )
            ).one()
            session.add(
                SwitchRow(
                    scope=scope_of_wording(kind=wording.kind, language=wording.language, version=self._version),
                    stopped_real=since or now,
                    stopped_by=_BY_THE_LEDGER,
                    why=wording.why,
                    released_real=now,
                    released_by=by,
                    released_why=why,
                )
            )

    def _why(self, session: Session, kind: str, language: str) -> str | None:
        return why_stopped(session, kind=kind, language=language, version=self._version)
