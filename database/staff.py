"""The console's tables: who is signed in, what was seen and done, and what staff chose for a call."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from database.tables import Json, real_now


def _time(**options: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **options)


class StaffSessionRow(SQLModel, table=True):
    """Somebody is signed in to the console. Writer: web/staff. Deleted at sign-out, and when it has ended."""

    __tablename__: ClassVar[str] = "staff_session"

    id_hash: str = Field(primary_key=True)
    """Keyed: the database holds nothing with which somebody could come in."""
    subject: str
    """Who, in the words of whoever vouches: `oidc:…`, `local:…`."""
    name: str
    roles: Json | list[str] = Field(sa_type=JSONB)
    began_real: datetime = _time(default_factory=real_now)
    seen_real: datetime = _time(default_factory=real_now)
    ends_real: datetime = _time(index=True)


class AuditEntryRow(SQLModel, table=True):
    """What a member of staff saw of personal data, did, tried or was refused. Writer: web/staff, which can only add:
    a trigger refuses changes, and the service's own role may not make any (docs/console.md)."""

    __tablename__: ClassVar[str] = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_about", "about", "id"),
        Index("ix_audit_entry_subject", "subject", "id"),
        Index("ix_audit_entry_act", "act", "id"),
        Index("ix_audit_entry_at", "at_real"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    at_real: datetime = _time(default_factory=real_now)
    subject: str
    name: str
    roles: Json | list[str] = Field(sa_type=JSONB)
    act: str
    outcome: str
    """`allowed`, `refused`; `nothing`: it was allowed and changed nothing."""
    about: str | None = None
    """The call's id, a switch's scope: what it was done to. Never a phone number."""
    detail: Json = Field(default_factory=dict, sa_type=JSONB(none_as_null=True))


class CallerLanguageRow(SQLModel, table=True):
    """The language in which staff want a call's texts, whatever CAD says. The newest row of a call counts.
    Writer: web/staff."""

    __tablename__: ClassVar[str] = "caller_language"
    __table_args__ = (Index("ix_caller_language_call", "call_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    call_id: str
    language: str
    chosen_real: datetime = _time(default_factory=real_now)
    chosen_by: str
