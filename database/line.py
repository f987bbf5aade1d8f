"""The line's tables: how fast, and whether, our numbers may send."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity
from sqlmodel import Field, SQLModel

from database.tables import real_now


class LineRow(SQLModel, table=True):
    """One of our numbers, as all workers together may send from it. Writer: activities."""

    __tablename__: ClassVar[str] = "line"

    sender: str = Field(primary_key=True)
    free_at_real: datetime = Field(default_factory=real_now, sa_type=DateTime(timezone=True))
    """When the carrier has sent what it was given, at the number's rate."""
    closed_since_real: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """Since when the carrier refuses everything."""
    closed_because: str | None = None
    try_again_real: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When one text may try whether it is mended."""


class LineClosureRow(SQLModel, table=True):
    """One time that a number was closed, kept when it is open again (R9). Writer: activities."""

    __tablename__: ClassVar[str] = "line_closure"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    sender: str
    closed_real: datetime = Field(sa_type=DateTime(timezone=True))
    because: str
    """What the carrier said at first."""
    opened_real: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class LinePlaceRow(SQLModel, table=True):
    """A text that waits at the line for its turn. Writer: activities. Gone when it has had it."""

    __tablename__: ClassVar[str] = "line_place"

    text_id: UUID = Field(primary_key=True)
    sender: str
    priority: int
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    segments: int
    until_real: datetime = Field(sa_type=DateTime(timezone=True))
    """Whoever waits says so again and again: a place whose time is over is nobody's."""
