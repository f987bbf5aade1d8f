"""The feeds' tables: how CAD's ways in are doing, and the records that could not be read."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from database.tables import real_now


def _time(**options: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **options)


class CadFeedRow(SQLModel, table=True):
    """One feed: a sender's key, a polled view, a folder. Writer: starter. Counts are of all times, and for people: a
    process that is killed loses those of its last second."""

    __tablename__: ClassVar[str] = "cad_feed"

    feed: str = Field(primary_key=True)
    way: str
    """`push`, `poll`, `folder`, `eido`."""
    taken: int = Field(default=0, sa_type=BigInteger)
    repeated: int = Field(default=0, sa_type=BigInteger)
    rejected: int = Field(default=0, sa_type=BigInteger)
    unknown: int = Field(default=0, sa_type=BigInteger)
    """Of those taken, the ones with a code that the agency's folder does not list."""
    since_real: datetime = _time(default_factory=real_now)
    last_heard_real: datetime | None = _time(default=None)
    """When it last said anything at all, also what was known."""
    last_record_real: datetime | None = _time(default=None)
    """When it last said something new."""
    lag_seconds: float | None = None
    """Of that record: from the source's own time of saying so to its receipt."""
    read_until: datetime | None = _time(default=None)
    """Of a polled view: the latest update time that was read."""
    trouble: str | None = None
    """What stops it now: no connection, a column that is missing."""
    trouble_since_real: datetime | None = _time(default=None)


class RejectedRecordRow(SQLModel, table=True):
    """A record that could not be read, as it came, for a person to look at. Writer: starter."""

    __tablename__: ClassVar[str] = "rejected_record"
    __table_args__ = (
        UniqueConstraint("feed", "content_hash"),
        Index("ix_rejected_record_open", "rejected_real", postgresql_where="settled_real IS NULL"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    feed: str
    shape: str
    """How its bytes are to be read: see `starter.readers`."""
    content_hash: str
    """Keyed: there may be a number among the bytes."""
    reason: str
    raw_encrypted: str | None = None
    """Base64 of the bytes, encrypted; none where there were too many of them."""
    size: int
    """Of the bytes as they came."""
    rejected_real: datetime = _time(default_factory=real_now)
    last_rejected_real: datetime = _time(default_factory=real_now)
    """When the very same last came: a record without a time of its own counts as of then."""
    times: int = Field(default=1)
    """How often the very same was sent."""
    settled_real: datetime | None = _time(default=None)
    settled: str | None = None
    """What became of it: taken after a mend, or left by a person, with who and why."""
