"""Numbers that must not be texted, on a list that people keep."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index
from sqlmodel import Field, SQLModel

from database.tables import real_now


def _time(**options: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **options)


class BlockedNumberRow(SQLModel, table=True):
    """A number that must not be texted: an alarm company's, a hotline's, a lobby's. Writer: web/staff.

    The number stays encrypted, so that it still matches after a change of keys. Times are real: a list that people
    keep goes by their calendar.
    """

    __tablename__: ClassVar[str] = "blocked_number"
    __table_args__ = (
        Index("uq_blocked_number_in_force", "phone_hash", unique=True, postgresql_where="ended_real IS NULL"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    phone_hash: str
    phone_encrypted: str
    reason: str
    note: str | None = None
    """Why, in the words of whoever put it there."""
    added_by: str | None = None
    since_real: datetime = _time(default_factory=real_now)
    until_real: datetime | None = _time(default=None)
    """From then on it may be texted again."""
    ended_real: datetime | None = _time(default=None)
    """When a person took it off the list, or put it there anew."""
    ended_by: str | None = None
    ended_why: str | None = None
