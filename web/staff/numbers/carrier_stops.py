"""What the carrier has stopped: the whole line, or words that it refused or that networks filtered.

The line opens by itself once a text gets through. Words stay stopped until they are changed, or staff release them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from activities.error_codes import CONTENT, FILTERED
from activities.words import scope_of_wording, why_stopped
from calls.contracts import Kind
from database.line import LineRow
from database.tables import SwitchRow, TextRow, real_now

_BY_THE_LEDGER = "the carrier's answers"


@dataclass(frozen=True, kw_only=True)
class StoppedWording:
    """A kind of text in one language (`en`, `fr`, `en+fr`) that waits, and why."""

    kind: str
    language: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ClosedLine:
    """One of our numbers, from which nothing goes out to anybody, and why."""

    sender: str
    since: datetime
    why: str


class CarrierStops:
    """`sender` and `version` (of the wording): what the agency uses now; from other numbers and of other words nothing
    is sent, and what stopped them once stops nobody."""

    def __init__(self, *, engine: Engine, sender: str, version: str) -> None:
        self._engine = engine
        self._sender = sender
        self._version = version

    def closed_lines(self) -> Sequence[ClosedLine]:
        """Where nothing goes out now: the account, its credentials or our number are not as they should be."""
        with Session(self._engine) as session:
            closed = (col(LineRow.sender) == self._sender, col(LineRow.closed_since_real).is_not(None))
            rows = session.exec(select(LineRow).where(*closed)).all()
        return [
            ClosedLine(sender=row.sender, since=row.closed_since_real, why=row.closed_because or "")
            for row in rows
            if row.closed_since_real is not None
        ]

    def wordings(self) -> Sequence[StoppedWording]:
        """What waits because of its words. Automatic replies never wait: they answer the carrier's own request."""
        with Session(self._engine) as session:
            known = session.exec(
                select(TextRow.kind, TextRow.language)
                .where(
                    col(TextRow.error_code).in_(CONTENT | FILTERED),
                    col(TextRow.wording_version) == self._version,
                    col(TextRow.kind) != Kind.AUTO_REPLY,
                )
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
