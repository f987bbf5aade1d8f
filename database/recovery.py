"""Backups, restores, and what was taken back since (docs/recovery.md)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, DateTime, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session, SQLModel

from database.tables import Json, real_now


def _time(**options: object) -> datetime | None:
    field: datetime | None = Field(sa_type=DateTime(timezone=True), default=None, **options)  # type: ignore[call-overload]
    return field


class BackupRow(SQLModel, table=True):
    """A backup that was begun: the row is in the backup itself, which so knows how old it is. Writer: cli."""

    __tablename__: ClassVar[str] = "backup"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    begun_real: datetime = Field(default_factory=real_now, sa_type=DateTime(timezone=True))
    """Before the first row was read."""


class RecoveryRow(SQLModel, table=True):
    """The database was restored. Writer: cli.

    Until `completed_real` nobody can start the service, and nothing is told to Temporal.
    """

    __tablename__: ClassVar[str] = "recovery"

    epoch: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    """Seconds since 1970, and more than every epoch before."""
    as_of_real: datetime = Field(sa_type=DateTime(timezone=True))
    """What happened until then is in it."""
    restored_real: datetime = Field(sa_type=DateTime(timezone=True))
    taken_back_real: datetime | None = _time()
    """When the carrier's list was last read to its end."""
    refed_real: datetime | None = _time()
    refed_by: str | None = None
    """Who says that CAD's records of after the backup were fed again."""
    refed_why: str | None = None
    completed_real: datetime | None = _time()
    counts: Json = Field(default_factory=dict, sa_type=JSONB(none_as_null=True))
    """What the last run of `communityconnect recover` saw."""


class StrayMessageRow(SQLModel, table=True):
    """A message that the carrier has from us and that no call explains. Writer: cli, web/residents.

    Until it is explained, whatever of its number's calls it may have been is not sent (R2).
    """

    __tablename__: ClassVar[str] = "stray_message"
    __table_args__ = (Index("ix_stray_message_phone", "phone_hash"),)

    provider_sid: str = Field(primary_key=True)
    phone_hash: str
    kind: str | None = None
    """`None`: its words are none of ours, or were deleted at the carrier."""
    case_number: str | None = None
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    """When the carrier made it, by the service's time."""
    noted_real: datetime = Field(default_factory=real_now, sa_type=DateTime(timezone=True))


@dataclass(frozen=True)
class Restored:
    """`epoch`: the database's, 0 where it was never restored. `is_recovering`: what happened since the backup was not
    taken back yet."""

    epoch: int
    is_recovering: bool


def restored(session: Session) -> Restored:
    """Both in one question."""
    asked = "SELECT coalesce(max(epoch), 0), coalesce(bool_or(completed_real IS NULL), false) FROM recovery"
    epoch, is_recovering = session.connection().exec_driver_sql(asked).one()
    return Restored(epoch, is_recovering)


def epoch_now(session: Session) -> int:
    """The database's; 0 where it was never restored."""
    return restored(session).epoch


def is_recovering(session: Session) -> bool:
    """It was restored, and what happened since the backup was not taken back yet."""
    return restored(session).is_recovering
