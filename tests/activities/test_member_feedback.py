"""R7: members' own feedback on PostgreSQL: from the submission to the table that they may read, and nowhere else."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import Session, SQLModel, col, select
from structlog.testing import capture_logs

from calls.reconciliation import Batch
from database.encryption import Keyring, load_keyring, new_key
from database.surveys import CallMemberRow, HeldAnswerRow, HeldFeedbackRow, MemberFeedbackRow, SurveyCommentRow
from database.tables import CallRow, SurveyResponseRow
from policy.agency import Agency
from survey.held import HeldAnswer
from survey.members import HeldFeedback
from survey.questions import Role
from tests.builders import NOON, minutes
from tests.survey.month import Keys, Town, with_members

Row = TypeVar("Row", bound=SQLModel)
DAY = timedelta(days=1)
BOTH: Keys = {Role.CALL_TAKER: "T-unit-4417", Role.OFFICER: "unit-4417"}
MARKS = {"Q2": "5", "Q3": "4", "Q6": "in_person", "Q7": "1", "Q8": "2", "Q9": "na"}


@pytest.fixture
def town(engine: Engine, keyring: Keyring, ottawa: Agency) -> Town:
    return Town(engine=engine, keyring=keyring, agency=with_members(ottawa))


def rows(town: Town, table: type[Row]) -> list[Row]:
    with Session(town.engine) as session:
        return list(session.exec(select(table)).all())


def answered(town: Town, count: int, *, at: Any = NOON, members: Keys = BOTH, **values: Any) -> None:
    begin = len(town.members)
    for number in range(begin, begin + count):
        token = town.invited(f"{number}", at, area="7", members=members)
        town.sent(token, at + minutes(number % 60), **MARKS | values)


def held(town: Town) -> list[HeldFeedback]:
    bodies = [town.keyring.decrypt(row.body_encrypted) for row in rows(town, HeldFeedbackRow)]
    return [HeldFeedback.model_validate_json(body) for body in bodies]


def hash_of(town: Town, role: Role, key: str) -> str:
    return town.keyring.member_hash(agency="ottawa", role=role, key=key)


def test_off_nothing_is_stored_of_members_and_every_answer_is_where_it_was(
    engine: Engine, keyring: Keyring, ottawa: Agency
) -> None:
    off = Town(engine=engine, keyring=keyring, agency=ottawa)
    answered(off, 12, C1="Thank you", S1="yes")
    off.night(NOON)
    for table in (CallMemberRow, HeldFeedbackRow, MemberFeedbackRow):
        assert rows(off, table) == []
    assert {tuple(sorted(row.answers)) for row in rows(off, SurveyResponseRow)} == {("Q1", *sorted(MARKS))}
    assert len(rows(off, SurveyCommentRow)) == 12


def test_what_is_said_of_members_is_in_their_table_and_nowhere_else(town: Town) -> None:
    answered(town, 10, C1="Thank you", S1="yes")
    assert {row.week for row in held(town)} == {"2026-W03"}
    town.night(NOON)
    assert {tuple(row.answers) for row in rows(town, SurveyResponseRow)} == {("Q1",)}
    assert not rows(town, SurveyCommentRow)
    assert not rows(town, HeldFeedbackRow)
    of_taker: list[object] = []
    of_officer: list[object] = []
    words: list[object] = []
    for row in rows(town, MemberFeedbackRow):
        assert (row.agency, row.month, row.reviewed) == ("ottawa", "2026-01", False)
        assert (row.scores is None) != (row.comment_encrypted is None)
        if row.comment_encrypted is not None:
            words.append((row.key_hash, town.keyring.decrypt(row.comment_encrypted)))
        else:
            (of_taker if row.role == Role.CALL_TAKER else of_officer).append((row.key_hash, row.scores))
    taker, officer = (hash_of(town, role, key) for role, key in BOTH.items())
    assert of_taker == [(taker, {"Q2": "5", "Q3": "4"})] * 10
    assert of_officer == [(officer, {"Q6": "in_person", "Q7": "1", "Q8": "2", "Q9": "na"})] * 10
    assert words == [(officer, "Thank you")] * 10


def test_a_comment_that_may_not_be_shared_or_sounds_urgent_is_not_for_members(town: Town) -> None:
    answered(town, 5, C1="Thank you", S1="summaries")
    answered(town, 5, C1="He is here now with a gun", S1="yes")
    assert {one.comment for one in held(town)} == {None}
    bodies = [town.keyring.decrypt(row.body_encrypted) for row in rows(town, HeldAnswerRow)]
    answers = [HeldAnswer.model_validate_json(body) for body in bodies]
    assert sorted(str(one.comment) for one in answers) == ["He is here now with a gun"] * 5 + ["Thank you"] * 5
    town.night(NOON)
    assert {row.comment_encrypted for row in rows(town, MemberFeedbackRow)} == {None}
    assert len(rows(town, SurveyCommentRow)) == 10


def test_a_key_that_is_corrected_before_the_submission_counts_and_one_after_it_does_not(town: Town) -> None:
    token = town.invited("1", NOON, members=BOTH)
    town.told("1", NOON + minutes(2), {Role.OFFICER: "2222"})
    town.told("1", NOON + minutes(1), {Role.OFFICER: "1111"})
    town.sent(token, NOON + minutes(3), **MARKS)
    town.told("1", NOON + minutes(4), {Role.OFFICER: "3333"})
    keys = {one.role: one.key for one in held(town)}
    assert keys == {
        Role.CALL_TAKER: hash_of(town, Role.CALL_TAKER, "T-unit-4417"),
        Role.OFFICER: hash_of(town, Role.OFFICER, "2222"),
    }


def test_where_cad_tells_no_key_the_marks_are_nobodys_and_do_not_stay_with_the_answers(town: Town) -> None:
    answered(town, 10, members={})
    town.night(NOON)
    assert {row.key_hash for row in rows(town, MemberFeedbackRow)} == {None}
    assert len(rows(town, MemberFeedbackRow)) == 20
    assert {tuple(row.answers) for row in rows(town, SurveyResponseRow)} == {("Q1",)}


def test_nine_wait_under_new_ids_and_all_of_one_length_and_the_tenth_brings_them(town: Town) -> None:
    answered(town, 9)
    before = {(row.id, row.body_encrypted) for row in rows(town, HeldFeedbackRow)}
    town.night(NOON)
    after = {(row.id, row.body_encrypted) for row in rows(town, HeldFeedbackRow)}
    assert len(before) == 27
    assert len(after) == 18  # of those who wrote no comment, enough for a cell: they are done with
    assert not {id_ for id_, _ in before} & {id_ for id_, _ in after}
    assert not {body for _, body in before} & {body for _, body in after}
    assert len({len(body) for _, body in after}) == 1
    assert rows(town, MemberFeedbackRow) == []
    answered(town, 1, at=NOON + DAY)
    town.night(NOON + DAY)
    assert len(rows(town, MemberFeedbackRow)) == 20


def test_r7_a_months_rows_are_written_anew_together_each_night(town: Town) -> None:
    answered(town, 10)
    town.night(NOON)
    ids = {row.id for row in rows(town, MemberFeedbackRow)}
    answered(town, 10, at=NOON + DAY)
    town.night(NOON + DAY)
    assert not ids & {row.id for row in rows(town, MemberFeedbackRow)}
    with town.engine.connect() as connection:
        transactions = connection.execute(text("SELECT DISTINCT xmin::text FROM member_feedback")).all()
        places = connection.execute(text("SELECT role FROM member_feedback ORDER BY ctid")).scalars().all()
    assert len(transactions) == 1
    assert list(places) not in (sorted(places), sorted(places, reverse=True))


def test_the_month_is_the_one_in_which_the_day_of_the_cut_lies_and_the_one_before_stays_as_it_is(town: Town) -> None:
    last = datetime(2026, 1, 31, 17, tzinfo=UTC)
    answered(town, 10, at=last)
    town.night(last)
    january = {row.id: row.month for row in rows(town, MemberFeedbackRow)}
    assert set(january.values()) == {"2026-01"}  # the cut was made in the first night of February
    answered(town, 10, at=last + DAY)
    town.night(last + DAY)
    both = {row.id: row.month for row in rows(town, MemberFeedbackRow)}
    assert january.items() <= both.items()
    assert sorted(both.values()) == ["2026-01"] * 20 + ["2026-02"] * 20


def test_who_had_to_do_with_a_call_is_forgotten_when_its_survey_is_answered_or_cannot_be(town: Town) -> None:
    town.night(NOON - DAY)
    answered(town, 1)
    town.invited("open", NOON, members=BOTH)
    town.invited("silent", NOON - 14 * DAY, members=BOTH)
    with Session(town.engine) as session, session.begin():
        calls = [CallRow(call_id=f"ottawa-{name}", **CALL) for name in ("going on", "ended")]
        session.add_all(calls)
    for name in ("going on", "ended"):
        town.told(name, NOON, BOTH)
    with Session(town.engine) as session, session.begin():
        ended = col(CallRow.call_id) == "ottawa-ended"
        session.execute(update(CallRow).where(ended).values(ended_reason="completed"))
    assert len(rows(town, CallMemberRow)) == 5
    town.night(NOON)
    assert {row.call_id for row in rows(town, CallMemberRow)} == {"ottawa-open", "ottawa-going on"}
    for name in ("0", "silent", "ended"):
        town.told(name, NOON + DAY, BOTH)
    assert len(rows(town, CallMemberRow)) == 2


CALL: dict[str, Any] = {
    "agency": "ottawa",
    "merged": {},
    "facts": {},
    "eligibility": "eligible",
    "rule": "",
    "reason": "",
    "policy_version": "",
}


def test_where_it_is_switched_off_what_is_held_is_deleted_in_the_night_and_what_was_written_stays(town: Town) -> None:
    answered(town, 10)
    town.night(NOON)
    answered(town, 3, at=NOON + DAY)
    asks_no_more = town.agency.survey.model_copy(update={"members_feedback": None})
    town.agency = town.agency.model_copy(update={"survey": asks_no_more})
    town.night(NOON + DAY)
    assert not rows(town, HeldFeedbackRow)
    assert not rows(town, CallMemberRow)
    assert len(rows(town, MemberFeedbackRow)) == 20


def test_another_agencys_and_what_cannot_be_read_stays_and_keeps_nothing_from_being_written(town: Town) -> None:
    other = load_keyring(encryption_keys=f"k9:{new_key()}", lookup_key=new_key())
    theirs = HeldFeedback(agency="gatineau", week="2026-W03", role=Role.OFFICER, key="x", scores={})
    bodies = [other.encrypt("{}"), town.keyring.encrypt_without_time(theirs.as_text())]
    with Session(town.engine) as session, session.begin():
        session.add_all([HeldFeedbackRow(body_encrypted=body) for body in bodies])
    answered(town, 10)
    with capture_logs() as logs:
        assert town.night(NOON) == Batch(done=1)
    assert sorted(row.body_encrypted for row in rows(town, HeldFeedbackRow)) == sorted(bodies)
    assert len(rows(town, MemberFeedbackRow)) == 20
    assert {"event": "held members' feedback cannot be read", "count": 1, "log_level": "warning"} in logs


def test_r7_no_byte_of_what_was_held_of_a_member_stays_in_its_file(town: Town) -> None:
    answered(town, 10)
    bodies = [row.body_encrypted for row in rows(town, HeldFeedbackRow)]
    town.night(NOON)
    with town.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("CHECKPOINT"))
        path = "pg_read_binary_file(pg_relation_filepath('member_held'))"
        in_file = bytes(connection.execute(text(f"SELECT {path}")).scalar_one())
    assert [body for body in bodies if body.encode() in in_file] == []


def test_r3_no_key_stands_in_the_database_in_clear_nor_in_a_log(town: Town) -> None:
    with capture_logs() as logs:
        answered(town, 10)
        town.night(NOON)
        answered(town, 1)
    with town.engine.connect() as connection:
        names = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        everything = "\n".join(
            str(row)
            for name in list(names)
            for row in connection.execute(text(f'SELECT * FROM "{name}"'))  # noqa: S608
        )
    assert "unit-4417" not in everything + repr(logs)
