"""Open data: the bundles that were prepared, what a person decided about each, and their files (docs/open-data.md)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from database.tables import Json, real_now


class BundleState(StrEnum):
    """A bundle's way to the public. Nothing leads back: what is wrong with one is put right by a next version."""

    PREPARED = "prepared"
    APPROVED = "approved"
    DECLINED = "declined"
    PUBLISHED = "published"


def _time(**options: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **options)


class OpenDataBundleRow(SQLModel, table=True):
    """One version of one quarter. Writer: activities prepares; web/staff decides and publishes. A trigger refuses every
    other change, and every way back from a decision.

    `report` is the disclosure report: it is read before somebody approves, and is never published.
    """

    __tablename__: ClassVar[str] = "open_data_bundle"
    __table_args__ = (
        UniqueConstraint("agency", "period", "version"),
        CheckConstraint(
            "state IN ('prepared', 'approved', 'declined', 'published')"
            " AND (state = 'prepared') = (decided_real IS NULL)"
            " AND (state = 'published') = (published_real IS NOT NULL)"
            " AND (decided_real IS NULL) = (decided_by IS NULL) AND (published_real IS NULL) = (published_by IS NULL)",
            name="open_data_bundle_decided_by_a_person",
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    agency: str
    period: str
    """`2026-q3`, of the agency's own calendar."""
    version: int
    period_start: date
    period_end: date
    """The last day."""
    base: int
    """To the multiples of what its counts are rounded."""
    policy_version: str
    reason: dict[str, str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """Of a second version and later: why, by language (`en`, `fr`)."""
    report: Json = Field(sa_type=JSONB(none_as_null=True))
    files: list[dict[str, Any]] = Field(sa_type=JSONB(none_as_null=True))
    """Of each file that would be published `name`, `size` in bytes, `sha256`."""
    secret_encrypted: str | None = None
    """By which its counts were rounded, in hexadecimal digits: the quarter's next version is rounded by the same."""
    state: str = Field(default=BundleState.PREPARED.value)
    """`BundleState`."""
    prepared_real: datetime = _time(default_factory=real_now)
    prepared_by: str | None = None
    """`None`: the schedule."""
    decided_real: datetime | None = _time(default=None)
    decided_by: str | None = None
    decided_why: str | None = None
    published_real: datetime | None = _time(default=None)
    published_by: str | None = None


class OpenDataFileRow(SQLModel, table=True):
    """A file of a bundle, byte for byte. Writer: activities, with the bundle; it never changes."""

    __tablename__: ClassVar[str] = "open_data_file"

    bundle_id: int = Field(sa_column=Column(BigInteger, ForeignKey("open_data_bundle.id"), primary_key=True))
    name: str = Field(primary_key=True)
    body: bytes = Field(sa_type=LargeBinary)
