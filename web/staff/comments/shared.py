"""Comments that may be read by those who helped: the resident has agreed, and a person has read and approved them.

Nothing stands beside the words but their month and their topics: no day, no area, no call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from database.encryption import Keyring
from database.surveys import SurveyCommentRow
from insights.topics import Topic, topics_named
from survey.context import month_of
from survey.review import Decision

MAY_BE_READ: Final = (
    col(SurveyCommentRow.shared),
    col(SurveyCommentRow.may_share),
    col(SurveyCommentRow.reviewed),
    ~col(SurveyCommentRow.urgent),
    col(SurveyCommentRow.decision) == Decision.APPROVED,
)
"""The database holds it too; said again, since it is what residents were promised."""


@dataclass(frozen=True, kw_only=True)
class SharedComment:
    """Words in clear, masked and approved."""

    language: str
    comment: str
    topics: Sequence[Topic]


@dataclass(frozen=True, kw_only=True)
class SharedMonth:
    """`month` as `2026-01`; `months`: all those of which there is something, the newest first."""

    month: str | None
    months: Sequence[str]
    comments: Sequence[SharedComment]


def shared_comments(
    engine: Engine, keyring: Keyring, *, agency: str, month: str = "", language: str = "", topic: str = ""
) -> SharedMonth:
    """Of one month; of the newest, where there is nothing of this one. In no order that says when they were written.
    `language`, `topic`: only these, if any."""
    with Session(engine) as session:
        of_agency = (col(SurveyCommentRow.agency) == agency, *MAY_BE_READ)
        weeks = session.exec(select(SurveyCommentRow.week).where(*of_agency).distinct()).all()
        months = sorted({month_of(week) for week in weeks}, reverse=True)
        chosen = month if month in months else next(iter(months), None)
        of_month = col(SurveyCommentRow.week).in_([week for week in weeks if month_of(week) == chosen])
        rows = session.exec(select(SurveyCommentRow).where(*of_agency, of_month).order_by(col(SurveyCommentRow.id)))
        comments = [
            SharedComment(
                language=row.language,
                comment=keyring.decrypt(row.comment_encrypted),
                topics=topics_named(row.topics or ()),
            )
            for row in rows
            if language in ("", row.language) and (not topic or topic in (row.topics or ()))
        ]
    return SharedMonth(month=chosen, months=months, comments=comments)
