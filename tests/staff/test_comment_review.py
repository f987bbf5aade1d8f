"""R7: nothing is shared without the resident's consent and a person's decision; and what was decided is still decided
when the night has written the comments anew."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from database.encryption import Keyring
from database.surveys import MemberFeedbackRow, SurveyCommentRow, SurveyCutRow
from insights.confirmed import by_topic
from insights.small import Hidden
from insights.topics import Topic
from policy.agency import Agency
from survey.questions import Role
from survey.review import Decision, Mask
from tests.builders import NOON
from tests.survey.month import Town, with_members
from web.staff.comments.review import Comment, CommentReview, Outcome
from web.staff.comments.shared import shared_comments
from web.staff.comments.urgent import UrgentComments
from web.staff.figures.topics import read_topics
from web.staff.nightly import AsOf

DAY = timedelta(days=1)
Row = dict[str, Any]
COMMENT: Row = {"agency": "ottawa", "week": "2026-W03", "language": "en", "comment_encrypted": "x"}


@pytest.fixture
def town(engine: Engine, keyring: Keyring, ottawa: Agency) -> Town:
    return Town(engine=engine, keyring=keyring, agency=ottawa)


def review_of(town: Town) -> CommentReview:
    return CommentReview(engine=town.engine, keyring=town.keyring, agency="ottawa")


def wrote(town: Town, comment: str, *, share: bool = True, day: int = 0, language: str = "en") -> None:
    at = NOON + day * DAY
    token = town.invited(uuid4().hex, at, area="7", language=language)
    town.sent(token, at, C1=comment, S1="yes" if share else "summaries", language=language)


def others(town: Town, *, day: int = 0) -> None:
    """Six who wrote nothing: with them a comment is written that night."""
    for _ in range(6):
        town.sent(town.invited(uuid4().hex, NOON + day * DAY, area="7"), NOON + day * DAY)


def night(town: Town, day: int = 0) -> None:
    assert town.night(NOON + day * DAY).done == 1


def waiting(town: Town) -> list[Comment]:
    return list(review_of(town).waiting().comments)


def decide(
    town: Town, one: Comment, *, share: bool, decision: Decision = Decision.APPROVED, topics: tuple[str, ...] = ()
) -> Outcome:
    return review_of(town).decide(
        one.id, period=one.period, mark=one.mark, decision=decision, share=share, topics=topics
    )


def shared(town: Town) -> list[str]:
    return [one.comment for one in shared_comments(town.engine, town.keyring, agency="ottawa").comments]


@pytest.mark.parametrize(
    "wrong",
    [
        {"may_share": False},
        {"reviewed": False},
        {"decision": None},
        {"decision": "declined"},
        {"urgent": True},
    ],
)
def test_r7_the_database_itself_refuses_what_must_not_be_shared(town: Town, wrong: Row) -> None:
    right: Row = {"may_share": True, "reviewed": True, "decision": "approved", "urgent": False, "shared": True}
    row: Row = {**COMMENT, **right}
    with Session(town.engine) as session:
        session.add(SurveyCommentRow(**row))
        session.commit()
        session.add(SurveyCommentRow(**row | wrong))
        with pytest.raises(IntegrityError, match="survey_comment_shared_by_two"):
            session.commit()


@pytest.mark.parametrize("wrong", [{"reviewed": False}, {"decision": None}, {"comment_encrypted": None}])
def test_r7_nor_what_a_member_must_not_read(town: Town, wrong: Row) -> None:
    right: Row = {"reviewed": True, "decision": "approved", "comment_encrypted": "x", "shared": True}
    with Session(town.engine) as session:
        session.add(MemberFeedbackRow(agency="ottawa", role="officer", month="2026-01", **right | wrong))
        with pytest.raises(IntegrityError, match="member_feedback_shared_by_a_person"):
            session.commit()


def test_what_a_person_masks_is_kept_nowhere_and_survives_the_night(town: Town) -> None:
    wrote(town, "thanks to Marie Tremblay, of Elgin Street")
    others(town)
    night(town)
    [one] = waiting(town)
    now = review_of(town).mask(one.id, period=one.period, mark=one.mark, places={2, 3}, mask=Mask.NAME)
    assert now is not None
    assert now.comment == "thanks to [name], of Elgin Street"
    assert decide(town, one, share=True) is Outcome.CHANGED  # somebody who has the old words before them
    night(town, 1)
    [after] = waiting(town)
    assert after.id != now.id
    assert decide(town, now, share=True) is Outcome.KEPT  # though it has moved
    assert shared(town) == ["thanks to [name], of Elgin Street"]


def test_r7_of_two_who_decide_at_once_the_second_hears_of_the_first_and_nothing_is_shared_over_a_decline(
    town: Town,
) -> None:
    wrote(town, "they know where I live")
    others(town)
    night(town)
    [one] = waiting(town)
    assert decide(town, one, share=False, decision=Decision.DECLINED) is Outcome.KEPT
    assert decide(town, one, share=True) is Outcome.CHANGED  # from a page that was opened before
    assert shared(town) == []
    night(town, 1)
    assert decide(town, one, share=True) is Outcome.CHANGED  # nor under its new id
    [declined] = review_of(town).decided(Decision.DECLINED)
    assert decide(town, declined, share=True) is Outcome.KEPT  # whoever has seen that may change it
    assert shared(town) == ["they know where I live"]


def test_the_urgent_come_first_then_the_oldest_and_another_agencys_are_not_there(town: Town) -> None:
    for day in (0, 7):
        wrote(town, f"comment of week {day // 7}", day=day)
        others(town, day=day)
        night(town, day)
    wrote(town, "she is bleeding", day=8)
    others(town, day=8)
    night(town, 8)
    assert [one.comment for one in waiting(town)] == ["she is bleeding", "comment of week 0", "comment of week 1"]
    elsewhere = CommentReview(engine=town.engine, keyring=town.keyring, agency="elsewhere")
    assert elsewhere.waiting().in_all == 0
    [one] = [one for one in waiting(town) if one.comment == "comment of week 0"]
    assert elsewhere.one(one.id) is None
    assert decide(town, one, share=True, topics=("noise", "nonsense")) is Outcome.KEPT
    [kept] = review_of(town).decided(Decision.APPROVED)
    assert (kept.comment, kept.topics) == (one.comment, [Topic.NOISE])
    assert review_of(town).one(UUID(int=0)) is None


def test_of_two_with_the_same_words_only_the_one_with_consent_is_shared(town: Town) -> None:
    wrote(town, "Thank you", share=True)
    wrote(town, "Thank you", share=False)
    others(town)
    night(town)
    before = {one.may_share: one for one in waiting(town)}
    night(town, 1)
    assert decide(town, before[False], share=True) is Outcome.NO_CONSENT
    assert decide(town, before[False], share=False) is Outcome.KEPT
    assert decide(town, before[True], share=True) is Outcome.KEPT
    assert shared(town) == ["Thank you"]


def test_shared_comments_are_by_month_and_nothing_stands_beside_them(town: Town) -> None:
    for day in (0, 28):
        wrote(town, f"comment {day}", day=day)
        others(town, day=day)
        night(town, day)
    for one in waiting(town):
        assert decide(town, one, share=True) is Outcome.KEPT
    newest = shared_comments(town.engine, town.keyring, agency="ottawa")
    assert (newest.month, newest.months) == ("2026-02", ["2026-02", "2026-01"])
    older = shared_comments(town.engine, town.keyring, agency="ottawa", month="2026-01")
    assert [one.comment for one in older.comments] == ["comment 0"]
    assert set(vars(older.comments[0])) == {"language", "comment", "topics"}
    assert shared_comments(town.engine, town.keyring, agency="ottawa", month="nonsense").month == "2026-02"


def test_r7_topics_of_fewer_than_five_comments_are_not_counted_out(town: Town) -> None:
    """Recomputed from the rows that were made here."""
    made = [(["noise"], "approved")] * 5 + [(["noise", "theft"], "approved")] * 2 + [(["drugs"], "declined")] * 9
    with Session(town.engine) as session, session.begin():
        for topics, decision in made:
            session.add(SurveyCommentRow(**COMMENT, reviewed=True, decision=decision, topics=topics))
        session.add(SurveyCommentRow(**COMMENT, topics=None))
        for _ in range(3):
            session.add(
                MemberFeedbackRow(
                    agency="ottawa",
                    role="officer",
                    month="2026-01",
                    comment_encrypted="x",
                    reviewed=True,
                    decision="approved",
                    topics=["theft"],
                )
            )
    for agency, at_least, expected in (
        ("ottawa", 5, {Topic.NOISE: 7, Topic.THEFT: 5}),
        ("ottawa", 6, {Topic.NOISE: 7, Topic.THEFT: Hidden.FEW}),
        ("elsewhere", 5, {}),
    ):
        with Session(town.engine) as session:
            found = read_topics(
                session, AsOf(day=date(2026, 2, 8), before="2026-W07", before_month="2026-02"), agency=agency
            )
        lines = by_topic(found, ["2026-01"], at_least=at_least)
        assert {line.topic: line.counts[0] for line in lines if line.counts[0] != 0} == expected
    with Session(town.engine) as session:
        for before, month in (("2026-W05", "2026-02"), ("2026-W06", "2026-01")):
            # The last days of the month's last week are yet to come; or a day on which members' comments may come.
            assert (
                read_topics(
                    session, AsOf(day=date(2026, 1, 31), before=before, before_month=month), agency="ottawa"
                ).months
                == []
            )


def test_a_members_comment_waits_for_a_review_too_and_its_decision_survives_the_night(town: Town) -> None:
    town.agency = with_members(town.agency)
    for number in range(10):
        members = {Role.OFFICER: "4417"}
        token = town.invited(f"{number}", NOON, area="7", members=members)
        said = {"C1": "Thank you Marie", "S1": "yes"} if number == 0 else {}
        town.sent(token, NOON, Q6="in_person", Q7="5", **said)
    night(town)
    [one] = waiting(town)
    assert (one.for_member, one.may_share, one.period) == (True, True, "2026-01")
    night(town, 1)
    masked = review_of(town).mask(one.id, period=one.period, mark=one.mark, places={2}, mask=Mask.NAME)
    assert masked is not None
    assert decide(town, masked, share=True) is Outcome.KEPT
    night(town, 2)
    with Session(town.engine) as session:
        words = session.exec(select(MemberFeedbackRow).where(col(MemberFeedbackRow.shared))).one()
        assert town.keyring.decrypt(words.comment_encrypted or "") == "Thank you [name]"
    assert shared(town) == []  # it is the member's alone


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    consent=st.booleans(),
    urgent=st.booleans(),
    seen=st.booleans(),
    decisions=st.lists(st.tuples(st.sampled_from(Decision), st.booleans(), st.booleans(), st.booleans()), max_size=3),
    last_night=st.booleans(),
)
def test_r7_nothing_is_shared_without_consent_and_a_person(
    town: Town,
    consent: bool,
    urgent: bool,
    seen: bool,
    decisions: list[tuple[Decision, bool, bool, bool]],
    last_night: bool,
) -> None:
    """Over what was consented, whether it sounds urgent and was seen, what was decided (share? by a page that is a
    night old? masked before?), and nights between and after."""
    with Session(town.engine) as session, session.begin():
        session.execute(delete(SurveyCommentRow))
        session.execute(delete(SurveyCutRow))
    wrote(town, "he has a gun Tremblay" if urgent else "thanks Tremblay", share=consent)
    others(town)
    night(town)
    if urgent and seen:
        eyes = UrgentComments(engine=town.engine, keyring=town.keyring, agency="ottawa")
        assert eyes.see(eyes.unseen()[0].id)
    may_read, day = False, 1
    told: tuple[Decision | None, bool | None] = (None, None)
    [one] = waiting(town)
    for decision, share, by_an_old_page, masks in decisions:
        [one] = [*waiting(town), *(each for kind in Decision for each in review_of(town).decided(kind))]
        if by_an_old_page:
            night(town, day)
            day += 1
        if masks:
            now = review_of(town).mask(one.id, period=one.period, mark=one.mark, places={9}, mask=Mask.NAME)
            assert now is not None
            one = now
        outcome = decide(town, one, share=share, decision=decision)
        if urgent and not seen:
            assert outcome is Outcome.LOOK_FIRST
        elif share and not consent:
            assert outcome is Outcome.NO_CONSENT
        else:
            assert outcome is Outcome.KEPT
            may_read, told = share and decision is Decision.APPROVED, (decision, share)
    if last_night:
        night(town, day)
    words = ["he has a gun Tremblay" if urgent else "thanks Tremblay"]
    assert shared(town) == (words if may_read else [])
    if may_read:
        assert consent
        assert told == (Decision.APPROVED, True)
    with Session(town.engine) as session:
        row = session.exec(select(SurveyCommentRow)).one()
        assert (row.reviewed, row.decision, row.shared) == (told[0] is not None, told[0], may_read)
