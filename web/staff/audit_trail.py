"""What stands in the audit log, page by page, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from database.staff import AuditEntryRow

_A_PAGE: Final = 100


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line. `detail`: the fields of a form that are kept."""

    id: int
    at: datetime
    name: str
    subject: str
    act: str
    outcome: str
    about: str | None
    detail: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Trail:
    """A page. `older`: the id before which the next page begins; `None` at the end."""

    entries: Sequence[Entry]
    older: int | None


def audit_trail(
    engine: Engine, *, subject: str = "", act: str = "", about: str = "", before: int | None = None
) -> Trail:
    """A hundred entries; of one person, one act, one call, where these are given."""
    query = select(AuditEntryRow).order_by(col(AuditEntryRow.id).desc()).limit(_A_PAGE + 1)
    for column, wanted in (
        (col(AuditEntryRow.subject), subject),
        (col(AuditEntryRow.act), act),
        (col(AuditEntryRow.about), about),
    ):
        if wanted:
            query = query.where(column == wanted)
    if before is not None:
        query = query.where(col(AuditEntryRow.id) < before)
    with Session(engine) as session:
        rows = session.exec(query).all()
    entries = [
        Entry(
            id=row.id or 0,
            at=row.at_real,
            name=row.name,
            subject=row.subject,
            act=row.act,
            outcome=row.outcome,
            about=row.about,
            detail=row.detail,
        )
        for row in rows[:_A_PAGE]
    ]
    return Trail(entries=entries, older=entries[-1].id if len(rows) > _A_PAGE else None)
