"""The survey's tables between a link's first page and the answers: drafts, what is held until the cut, comments."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from database.tables import Json


def _time(**options: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **options)


class SurveyDraftRow(SQLModel, table=True):
    """What somebody has answered so far. Writer: web/residents. Gone with the submission, or with the link."""

    __tablename__: ClassVar[str] = "survey_draft"

    invitation_id: UUID = Field(primary_key=True)
    answers_encrypted: str
    step: int = Field(default=1)
    """The page to go on with, from 1."""
    expires_at: datetime = _time(index=True)
    """The link's."""


class HeldAnswerRow(SQLModel, table=True):
    """A submitted survey until the cut of the day. Writer: web/residents; the cut takes it away.

    Nothing of it leads to the invitation: no id, no time. `survey.held.HeldAnswer`, encrypted.
    """

    __tablename__: ClassVar[str] = "survey_held"
    __table_args__ = (Index("ix_survey_held_urgent", "id", postgresql_where="urgent AND NOT seen"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    body_encrypted: str
    urgent: bool = Field(default=False)
    """Its comment sounds as if somebody should look at it today."""
    seen: bool = Field(default=False)
    """A person has looked at the urgent comment."""


class SurveyCommentRow(SQLModel, table=True):
    """A comment, masked, apart from the answers that it came with (R7). Writer: the cut; web/staff reviews."""

    __tablename__: ClassVar[str] = "survey_comment"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    agency: str
    week: str
    """ISO week, as `2026-W04`."""
    language: str
    comment_encrypted: str
    may_share: bool = Field(default=False)
    """The resident agreed that those who helped may read it."""
    urgent: bool = Field(default=False)
    reviewed: bool = Field(default=False)


class MemberFeedbackRow(SQLModel, table=True):
    """What residents said of one member of the service, for that member alone. Writer: the cut."""

    __tablename__: ClassVar[str] = "member_feedback"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    member_hash: str = Field(index=True)
    """Keyed hash of CAD's key of the member."""
    month: str
    """`2026-01`."""
    scores: Json = Field(sa_type=JSONB)
    comment_encrypted: str | None = None
    """Where the resident agreed."""
