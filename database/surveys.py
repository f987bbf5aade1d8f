"""The survey's tables between a link's first page and the answers: drafts, what is held until the cut, comments; and
what members of the service hear of themselves."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, DateTime, Index, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from database.tables import SurveyInvitationRow, SurveyResponseRow

CUTTING: Final = 5_118_043_806
"""Any number of ours: an advisory lock. Who has it may take out what is held and put it back."""
NOT_REVIEWED: Final[Mapping[str, object]] = {
    "reviewed": False,
    "decision": None,
    "shared": False,
    "topics": None,
    "reviewed_month": None,
}
"""What the review adds to a comment that the cut writes for the first time; of others it carries over what is there."""


def _time(**options: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **options)


class SurveyDraftRow(SQLModel, table=True):
    """What somebody has answered so far. Writer: web/residents. Gone with the submission, or with the link:
    the nightly cut takes those whose link is used or has expired."""

    __tablename__: ClassVar[str] = "survey_draft"

    invitation_id: UUID = Field(primary_key=True)
    answers_encrypted: str
    step: int = Field(default=1)
    """The page to go on with, from 1."""
    expires_at: datetime = _time(index=True)
    """The link's."""


class HeldAnswerRow(SQLModel, table=True):
    """A submitted survey until the cut of the day. Writer: web/residents; the cut takes it away.

    Nothing in it leads to the invitation: no id, no time; and nothing but the body tells one from another, for until
    the cut its transaction is its link's. `survey.held.HeldAnswer`, encrypted. What waits for the next cut gets a new
    id: one that somebody has opened may be gone the next day.
    """

    __tablename__: ClassVar[str] = "survey_held"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    body_encrypted: str


class SurveyCommentRow(SQLModel, table=True):
    """A comment, masked, apart from the answers that it came with (R7). Writer: the cut; web/staff reviews.

    A cut gives the comments of its week new ids, like the answers: what somebody has opened may be gone the next day.
    """

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
    """It sounds as if somebody should look at it today, and nobody had until the cut."""
    reviewed: bool = Field(default=False)
    """A person has decided; how, says `decision`."""
    decision: str | None = None
    """`survey.review.Decision`."""
    shared: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """A person lets those who helped read it. The database refuses it where the resident has not agreed, too."""
    topics: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """`insights.topics.Topic`, as a person has confirmed them. None: nobody has."""
    reviewed_month: str | None = None
    """Of the last decision, `2026-01`: from it on the comment is kept as long as the retention says."""

    __table_args__ = (
        CheckConstraint(
            "NOT shared OR (may_share AND reviewed AND NOT urgent AND decision IS NOT DISTINCT FROM 'approved')",
            name="survey_comment_shared_by_two",
        ),
        Index("ix_survey_comment_waiting", "agency", "week", postgresql_where="NOT reviewed"),
        Index("ix_survey_comment_decided", "agency", "decision", "week", postgresql_where="decision IS NOT NULL"),
        Index("ix_survey_comment_shared", "agency", "week", postgresql_where="shared"),
    )


class SurveyCutRow(SQLModel, table=True):
    """The last day whose answers were cut from their calls. Writer: activities; locked while a cut is made."""

    __tablename__: ClassVar[str] = "survey_cut"

    agency: str = Field(primary_key=True)
    day: date | None = None
    """Of the agency's own calendar."""


class SurveyCountRow(SQLModel, table=True):
    """How many opened their link and how many began, each once. Writer: web/residents; the cut writes it anew (R7).

    No more than a number a week: nothing says who they were, and after the cut nothing says when.
    """

    __tablename__: ClassVar[str] = "survey_count"

    agency: str = Field(primary_key=True)
    week: str = Field(primary_key=True)
    """ISO week in which it happened, as `2026-W04`."""
    language: str = Field(primary_key=True)
    """The invitation's; `und`: not known."""
    opened: int = Field(default=0)
    started: int = Field(default=0)


class CallMemberRow(SQLModel, table=True):
    """Who took a call, and which officer came, as CAD tells it. Writer: starter; only where the agency's folder asks
    for members' feedback. The cut takes it away when nobody can answer the call's survey any more.

    Of the key that CAD told there is only a hash, and that is encrypted: it leads to what is said of the person.
    """

    __tablename__: ClassVar[str] = "call_member"

    call_id: str = Field(primary_key=True)
    agency: str
    told_encrypted: str
    """By role, the hash with the stamp of the record that told it (`calls.merge.Stamped`)."""


class HeldFeedbackRow(SQLModel, table=True):
    """What was said of one member, until ten callers have. Writer: web/residents; the cut takes it away, and writes
    what has to wait anew each night. `survey.members.HeldFeedback`, encrypted."""

    __tablename__: ClassVar[str] = "member_held"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    body_encrypted: str


class MemberFeedbackRow(SQLModel, table=True):
    """What one caller said of one member: the marks, or the comment, never both in a row (R7). Writer: the cut;
    web/staff reviews.

    A cut gives the rows of its month new ids: what somebody has opened may be gone the next day.
    """

    __tablename__: ClassVar[str] = "member_feedback"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    agency: str
    role: str
    """`survey.questions.Role`."""
    key_hash: str | None = None
    """`database.encryption.Keyring.member_hash`. None: of somebody whose key CAD did not tell."""
    month: str
    """Of the cut, `2026-01`: no finer time is kept."""
    scores: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """By question id. Empty: nothing was said of this member."""
    comment_encrypted: str | None = None
    """Its writer agreed that those who helped may read it."""
    reviewed: bool = Field(default=False)
    """A person has read the comment and has decided: before that nobody else reads it."""
    decision: str | None = None
    shared: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """The member may read it."""
    topics: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    reviewed_month: str | None = None

    __table_args__ = (
        CheckConstraint(
            "NOT shared OR (comment_encrypted IS NOT NULL AND reviewed AND decision IS NOT DISTINCT FROM 'approved')",
            name="member_feedback_shared_by_a_person",
        ),
        Index("ix_member_feedback_member", "agency", "role", "key_hash", "month"),
        Index(
            "ix_member_feedback_waiting",
            "agency",
            "month",
            postgresql_where="comment_encrypted IS NOT NULL AND NOT reviewed",
        ),
        Index(
            "ix_member_feedback_decided",
            "agency",
            "decision",
            "month",
            postgresql_where="comment_encrypted IS NOT NULL AND decision IS NOT NULL",
        ),
    )


class HeldAreaRow(SQLModel, table=True):
    """One answer to one question, and the area of its call, until ten can be counted together. Writer: the cut, which
    writes what has to wait anew each night. `survey.areas.AreaPiece`, encrypted."""

    __tablename__: ClassVar[str] = "survey_area_held"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    body_encrypted: str


class AreaCountRow(SQLModel, table=True):
    """How many answered what, by the area of their calls: of each survey one question at most (R7). Writer: the cut,
    which writes the month anew each night.

    `option` empty: how many answered the question at all; `question` empty, too: of how many surveys something, or that
    nothing was answered, is counted here.
    """

    __tablename__: ClassVar[str] = "survey_area_count"

    agency: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    """Of the cut, `2026-01`: no finer time is kept."""
    area: str = Field(primary_key=True)
    """Empty: not told, for too few of it answered in half a year."""
    area_version: str = Field(primary_key=True)
    survey_version: str = Field(primary_key=True)
    question: str = Field(primary_key=True)
    option: str = Field(primary_key=True)
    count: int


EMPTIED_AT_NIGHT: Final = (HeldAnswerRow, HeldFeedbackRow, HeldAreaRow, SurveyDraftRow, SurveyCountRow)
WRITTEN_AT_NIGHT: Final = (
    SurveyInvitationRow,
    SurveyResponseRow,
    SurveyCommentRow,
    MemberFeedbackRow,
    AreaCountRow,
    CallMemberRow,
)
"""What the cut leaves must not stand in pages any more: the service vacuums these (activities/survey_cut.py), and may
(database/roles.py)."""
