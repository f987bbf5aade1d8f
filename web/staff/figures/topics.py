"""What comments are about, out of the tables: approved ones, by month and topic, of months that are over."""

from collections import Counter
from collections.abc import Iterable, Iterator

from sqlmodel import Session, col, func, select

from database.surveys import MemberFeedbackRow, SurveyCommentRow
from insights.confirmed import Confirmed
from insights.topics import Topic, topics_named
from survey.context import month_of
from survey.review import Decision
from web.staff.comments.shared import MAY_BE_READ
from web.staff.nightly import AsOf


def read_topics(session: Session, as_of: AsOf, *, agency: str) -> Confirmed:
    """Those of members' comments, too. A month is over when its last week is, and its last day: until then it grows."""
    comments = select(col(SurveyCommentRow.week), col(SurveyCommentRow.topics), func.count()).where(
        col(SurveyCommentRow.agency) == agency, col(SurveyCommentRow.decision) == Decision.APPROVED
    )
    of_comments = comments.group_by(col(SurveyCommentRow.week), col(SurveyCommentRow.topics))
    of_members = (
        select(col(MemberFeedbackRow.month), col(MemberFeedbackRow.topics), func.count())
        .where(
            col(MemberFeedbackRow.agency) == agency,
            col(MemberFeedbackRow.comment_encrypted).is_not(None),
            col(MemberFeedbackRow.decision) == Decision.APPROVED,
        )
        .group_by(col(MemberFeedbackRow.month), col(MemberFeedbackRow.topics))
    )
    until = "" if as_of.day is None else min(month_of(as_of.before), as_of.before_month)
    every = [*session.exec(of_comments), *session.exec(of_members)]
    shared = session.exec(of_comments.where(*MAY_BE_READ))
    return Confirmed(all=_counted(every, until), shared=_counted(shared, until))


def _counted(rows: Iterable[tuple[str, list[str] | None, int]], until: str) -> Counter[tuple[str, Topic]]:
    def each() -> Iterator[tuple[tuple[str, Topic], int]]:
        for period, topics, count in rows:
            month = month_of(period)
            if month < until:
                yield from (((month, topic), count) for topic in topics_named(topics or ()))

    counts: Counter[tuple[str, Topic]] = Counter()
    for key, count in each():
        counts[key] += count
    return counts
