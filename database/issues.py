"""Emerging issues: what was told of a neighbourhood, what people made of it, and until which day was looked."""

from datetime import date, datetime
from typing import ClassVar, Final

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from database.tables import real_now

FINDING: Final = 5_118_043_807
"""Any number of ours: an advisory lock. Who has it may look at days and tell of issues."""


class EmergingIssueRow(SQLModel, table=True):
    """More calls of one group in one area than was to be expected. Writer: activities.

    The figures are those of the last day on which it was told.
    """

    __tablename__: ClassVar[str] = "emerging_issue"
    __table_args__ = (
        UniqueConstraint("agency", "area", "call_type_group", "first_day"),
        Index("ix_emerging_issue_last_day", "agency", "last_day"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    agency: str
    area: str
    call_type_group: str
    """Empty: of all of the area's."""
    first_day: date
    """The first day on which it was told, of the agency's own calendar; its week ends with it."""
    last_day: date
    observed: int
    expected: float
    p: float
    weeks: list[int] = Field(sa_type=JSONB)
    """Events of nine weeks, the one that ends with `last_day` last."""
    told_real: datetime = Field(default_factory=real_now, sa_type=DateTime(timezone=True))


class IssueStepRow(SQLModel, table=True):
    """What somebody did with an issue; the newest is its state. Without one it is identified. Writer: web/staff."""

    __tablename__: ClassVar[str] = "issue_step"
    __table_args__ = (Index("ix_issue_step_issue", "issue_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    issue_id: int = Field(sa_column=Column(BigInteger, ForeignKey("emerging_issue.id"), nullable=False))
    state: str
    """`calls.issues.State`."""
    useful: bool | None = None
    """Of one that is evaluated: was it worth telling?"""
    note: str
    by: str
    at_real: datetime = Field(default_factory=real_now, sa_type=DateTime(timezone=True))


class EmergingRunRow(SQLModel, table=True):
    """The last day that was looked at. Writer: activities."""

    __tablename__: ClassVar[str] = "emerging_run"

    agency: str = Field(primary_key=True)
    day: date
    """Of the agency's own calendar."""
    at_real: datetime = Field(default_factory=real_now, sa_type=DateTime(timezone=True))
