"""What residents of a city write in a year: 15,000 comments, what was said of a thousand members, and a day's answers
that wait for the cut. For tests of speed; the words are nobody's."""

from random import Random
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Engine, text
from sqlmodel import Session, insert

from database.encryption import Keyring
from database.surveys import HeldAnswerRow, MemberFeedbackRow, SurveyCommentRow
from insights.topics import Topic
from survey.context import month_of
from survey.held import Context, HeldAnswer
from survey.questions import Role
from survey.review import Decision

COMMENTS: Final = 15_000
OF_MEMBERS: Final = 60_000
"""Marks; every sixth of them has a comment beside it, in a row of its own."""
HELD: Final = 200
WAITING: Final = 700
"""Nobody has read these yet: five weeks' worth."""
_WORDS: Final = (
    "The officer was kind, and explained what happens next. There is loud music every weekend, since May. " * 3
)


def fill_comments(engine: Engine, keyring: Keyring, *, agency: str, member: str) -> None:
    """Into a migrated database. `member`: a hash, of whom two hundred have said something."""
    chance = Random(12)
    said = keyring.encrypt_without_time(_WORDS)
    weeks = [f"2026-W{week:02}" for week in range(1, 40)]
    comments = [
        {"id": uuid4(), "agency": agency, "week": chance.choice(weeks), "comment_encrypted": said}
        | {"language": chance.choice(("en", "en", "en", "en", "fr")), "may_share": chance.random() < 0.5}
        | {"urgent": number < 3}
        | _decided(chance, is_open=number < WAITING)
        for number in range(COMMENTS)
    ]
    for row in comments:
        row["shared"] = bool(row["may_share"] and row["decision"] == Decision.APPROVED and chance.random() < 0.5)
    members = [
        {
            "id": uuid4(),
            "agency": agency,
            "role": chance.choice(list(Role)).value,
            "month": month_of(chance.choice(weeks)),
        }
        | {"key_hash": member if number < 200 else f"{number % 1000:064x}"}
        for number in range(OF_MEMBERS)
    ]
    marks = [row | {"scores": {"Q2": "4", "Q3": "5", "Q7": "4", "Q8": "5"}} for row in members]
    words = [
        row | {"id": uuid4(), "comment_encrypted": said, "shared": False} | _decided(chance, is_open=number < 100)
        for number, row in enumerate(members[::6])
    ]
    held = HeldAnswer(
        agency=agency, survey_version="1", language="en", week="2026-W40", answers={"Q1": "5"}, comment=_WORDS,
        context=Context(),
    )  # fmt: skip
    with Session(engine) as session, session.begin():
        session.execute(insert(SurveyCommentRow), comments)
        session.execute(insert(MemberFeedbackRow), marks)
        session.execute(insert(MemberFeedbackRow), words)
        waits = [{"id": uuid4(), "body_encrypted": keyring.encrypt_without_time(held.as_text())} for _ in range(HELD)]
        session.execute(insert(HeldAnswerRow), waits)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE) survey_comment, member_feedback, survey_held"))


def _decided(chance: Random, *, is_open: bool) -> dict[str, Any]:
    if is_open:
        return {"reviewed": False, "decision": None, "topics": None}
    decision = Decision.APPROVED if chance.random() < 0.9 else Decision.DECLINED
    topics = [topic.value for topic in Topic if chance.random() < 0.12]
    return {"reviewed": True, "decision": decision.value, "topics": topics}
