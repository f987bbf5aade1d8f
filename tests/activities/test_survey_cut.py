"""R7: the nightly cut on PostgreSQL: all of a day or nothing, once, whoever else is at it, and without a trace."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlmodel import Session, SQLModel, select
from structlog.testing import capture_logs

from activities.survey_cut import SurveyCut
from calls.reconciliation import Batch
from database.encryption import Keyring, load_keyring, new_key
from database.surveys import HeldAnswerRow, SurveyCommentRow, SurveyCutRow, SurveyDraftRow
from database.tables import SurveyInvitationRow, SurveyResponseRow
from policy.agency import Agency
from survey.cut import FEWEST
from survey.held import Context, HeldAnswer
from tests.builders import NOON, hours, minutes, some_facts
from tests.survey.month import NIGHT, TAG, Town
from web.residents.invitations import Closed

Row = TypeVar("Row", bound=SQLModel)
DAY = timedelta(days=1)


@pytest.fixture
def town(engine: Engine, keyring: Keyring, ottawa: Agency) -> Town:
    return Town(engine=engine, keyring=keyring, agency=ottawa)


def rows(town: Town, table: type[Row]) -> list[Row]:
    with Session(town.engine) as session:
        return list(session.exec(select(table)).all())


def held(town: Town) -> list[HeldAnswer]:
    bodies = [town.keyring.decrypt(row.body_encrypted) for row in rows(town, HeldAnswerRow)]
    return [HeldAnswer.model_validate_json(body) for body in bodies]


def answered(town: Town, count: int, *, at: Any = NOON, **values: Any) -> None:
    """So many are invited and answer; their tags are numbers that go on."""
    begin = len(rows(town, SurveyInvitationRow))
    for number in range(begin, begin + count):
        token = town.invited(f"{number}", at, area="7")
        town.sent(token, at + minutes(number), tag=f"{number}", **values)


def tags(town: Town) -> list[int]:
    return sorted(int(str(row.answers[TAG])) for row in rows(town, SurveyResponseRow))


def hidden(town: Town, table: str, columns: str = "xmin::text") -> list[str]:
    with town.engine.connect() as connection:
        found = connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY ctid"))  # noqa: S608
        return [str(value) for value in found.scalars()]


def test_what_is_sent_is_held_with_what_it_may_say_of_its_call_and_its_draft_is_gone(town: Town) -> None:
    token = town.invited("1", NOON, area="7", arrived_at=NOON + hours(3))
    town.drafted(token)
    town.sent(token, NOON, Q6="no", C1="il a une arme", S1="yes", language="fr")
    [one] = held(town)
    assert one.context.model_dump(exclude_none=True) == {
        "priority": 4,
        "call_type_group": "noise",
        "area": "7",
        "delay_band": "2 to 4 h",
        "arrived": True,
        "channel": "text",
    }
    assert (dict(one.answers), one.comment, one.may_share) == ({"Q1": "4", "Q6": "no"}, "il a une arme", True)
    assert (one.language, one.week) == ("fr", "2026-W03")
    assert one.urgent
    assert rows(town, SurveyDraftRow) == []


def test_a_comment_that_sounds_urgent_is_said_so_at_once_and_an_ordinary_one_is_not(town: Town) -> None:
    assert town.sent(town.invited("1", NOON), NOON, C1="He is here now").urgent
    assert not town.sent(town.invited("2", NOON), NOON, C1="Thanks for the help").urgent
    assert not town.sent(town.invited("3", NOON), NOON).urgent


def test_a_link_is_used_once_and_why_it_is_closed_is_said(town: Town) -> None:
    token = town.invited("1", NOON)
    assert town.sent(token, NOON).closed is None
    assert town.sent(token, NOON).closed is Closed.USED
    assert town.sent(town.invited("2", NOON), NOON + 14 * DAY).closed is Closed.EXPIRED
    assert town.sent("nobody", NOON).closed is Closed.UNKNOWN
    assert len(held(town)) == 1


def test_the_night_turns_what_was_held_into_answers_and_comments_apart(town: Town) -> None:
    answered(town, 6, C1="Thank you", S1="yes")
    assert town.night(NOON) == Batch(done=1)
    assert tags(town) == list(range(6))
    for response in rows(town, SurveyResponseRow):
        assert (response.week, response.language, response.agency) == ("2026-W03", "en", "ottawa")
        assert set(response.answers) == {TAG, "Q1"}
        assert response.context["area"] == "7"
    comments = rows(town, SurveyCommentRow)
    assert [town.keyring.decrypt(row.comment_encrypted) for row in comments] == ["Thank you"] * 6
    assert {(row.week, row.may_share, row.reviewed) for row in comments} == {("2026-W03", True, False)}
    assert rows(town, HeldAnswerRow) == []


def test_it_is_made_once_a_night_after_three_in_the_morning(town: Town) -> None:
    town.night(NOON - DAY)
    answered(town, FEWEST)
    for before in (hours(1), hours(12), NIGHT - minutes(11)):
        assert SurveyCut(town.services(NOON + before))() == Batch()
    assert town.night(NOON) == Batch(done=1)
    answered(town, FEWEST)
    assert town.night(NOON) == Batch()
    assert SurveyCut(town.services(NOON + NIGHT + hours(20)))() == Batch()
    assert len(rows(town, SurveyResponseRow)) == FEWEST
    assert town.night(NOON + DAY) == Batch(done=1)
    assert len(rows(town, SurveyResponseRow)) == 2 * FEWEST


def test_a_night_that_was_missed_is_made_good_and_one_without_answers_looks_like_any_other(town: Town) -> None:
    town.night(NOON)
    answered(town, FEWEST)
    assert town.night(NOON + 4 * DAY) == Batch(done=1) == town.night(NOON + 5 * DAY)
    assert {row.week for row in rows(town, SurveyResponseRow)} == {"2026-W04"}


def test_r7_a_day_of_one_answer_waits_under_another_id_until_there_are_enough(town: Town) -> None:
    answered(town, 1)
    before, [first] = rows(town, HeldAnswerRow), hidden(town, "survey_invitation")
    town.night(NOON)
    after = rows(town, HeldAnswerRow)
    assert rows(town, SurveyResponseRow) == []
    assert before[0].id != after[0].id
    assert before[0].body_encrypted != after[0].body_encrypted
    assert first not in hidden(town, "survey_invitation") + hidden(town, "survey_held")
    answered(town, FEWEST - 1, at=NOON + DAY)
    town.night(NOON + DAY)
    assert tags(town) == list(range(FEWEST))


def test_r7_after_a_night_neither_transactions_nor_places_tell_days_or_links_apart(town: Town) -> None:
    for day in range(3):
        answered(town, 20, at=NOON + day * DAY)
        town.night(NOON + day * DAY)
    assert len(set(hidden(town, "survey_response"))) == 1
    assert len(set(hidden(town, "survey_invitation"))) == 1
    order = [int(tag) for tag in hidden(town, "survey_response", f"answers->>'{TAG}'")]
    links = [int(call.removeprefix("ottawa-")) for call in hidden(town, "survey_invitation", "call_id")]
    for one in (order, links):
        assert sorted(one) == list(range(60))
        days = [number // 20 for number in one]
        assert days != sorted(days)
        assert sum(a < b for a, b in pairwise(one)) in range(15, 45)
    assert set(hidden(town, "survey_invitation", "xmax::text")) == {"0"}


def test_r7_once_a_link_has_expired_nothing_says_whether_it_was_used(town: Town) -> None:
    town.night(NOON - DAY)
    answered(town, FEWEST)
    for number in range(5):
        town.invited(f"silent-{number}", NOON)
    town.night(NOON)
    assert sum(row.used for row in rows(town, SurveyInvitationRow)) == FEWEST
    used_by_then = hidden(town, "survey_invitation WHERE used")
    town.night(NOON + 14 * DAY)
    assert not any(row.used for row in rows(town, SurveyInvitationRow))
    assert len(rows(town, SurveyInvitationRow)) == FEWEST + 5
    transactions = set(hidden(town, "survey_invitation"))
    assert len(transactions) == 1
    assert not transactions & set(used_by_then)


def test_drafts_of_links_that_are_over_are_deleted_and_others_stay(town: Town) -> None:
    town.drafted(town.invited("1", NOON - 15 * DAY))
    late, stays = town.invited("2", NOON), town.invited("3", NOON)
    town.sent(late, NOON)
    town.drafted(late)  # from another page, at the same moment
    town.drafted(stays)
    town.night(NOON)
    [draft] = rows(town, SurveyDraftRow)
    with Session(town.engine) as session:
        invitation = session.get_one(SurveyInvitationRow, draft.invitation_id)
        assert invitation.call_id == "ottawa-3"


def test_r7_the_length_of_what_waits_does_not_tell_who_wrote_a_comment(town: Town) -> None:
    """Of one that waits alone everybody knows whose it is."""
    longest = "Très bien, merci. " * 55
    sent: list[dict[str, Any]] = [{}, {"Q2": "5", "Q10": ["noise", "theft"]}, {"C1": "Thanks"}, {"C1": longest}]
    for number, values in enumerate(sent):
        town.sent(town.invited(f"{number}", NOON), NOON, **values)
    town.night(NOON)
    assert len({len(row.body_encrypted) for row in rows(town, HeldAnswerRow)}) == 1
    assert longest in {one.comment for one in held(town)}


def test_several_workers_at_once_make_one_cut(town: Town) -> None:
    answered(town, 12)
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: town.night(NOON).done, range(4)))
    assert sum(made) == 1
    assert tags(town) == list(range(12))


def test_a_worker_goes_by_while_another_is_at_it(town: Town) -> None:
    town.night(NOON - DAY)
    answered(town, 12)
    others: list[Batch] = []

    class Busy(Random):
        def shuffle(self, x: Any) -> None:  # noqa: ARG002 - Random's name
            others.append(threads.submit(town.night, NOON).result())

    with ThreadPoolExecutor(1) as threads:
        assert SurveyCut(town.services(NOON + NIGHT), chance=Busy())() == Batch(done=1)
    assert set(others) == {Batch()}
    assert tags(town) == list(range(12))


class PowerCutError(Exception):
    pass


@contextmanager
def power_cut_at(engine: Engine, statement: int) -> Iterator[list[int]]:
    """The connection is lost at this statement, counted from 1; how many there were."""
    counted = [0]

    def count(_connection: Connection, *_: object) -> None:
        counted[0] += 1
        if counted[0] == statement:
            raise PowerCutError

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield counted
    finally:
        event.remove(engine, "before_cursor_execute", count)


def test_a_crash_anywhere_in_it_loses_nothing_and_writes_nothing_twice(town: Town) -> None:
    answered(town, 12, C1="Thank you")
    statement, done = 0, False
    while not done:
        statement += 1
        with power_cut_at(town.engine, statement) as counted:
            try:
                town.night(NOON)
                done = counted[0] < statement
            except PowerCutError:
                pass
        in_all = len(rows(town, SurveyResponseRow)) + len(rows(town, HeldAnswerRow))
        assert in_all == 12
        assert len(rows(town, SurveyInvitationRow)) == 12
        if rows(town, SurveyResponseRow):
            break  # committed; what follows only clears away
        assert sum(row.used for row in rows(town, SurveyInvitationRow)) == 12
        assert rows(town, SurveyCommentRow) == []
    assert statement > 8
    assert town.night(NOON) == Batch()
    assert tags(town) == list(range(12))
    assert len(rows(town, SurveyCommentRow)) == 12


def test_answers_that_are_sent_during_the_cut_are_the_next_ones(town: Town) -> None:
    """And a link that the cut has in its hands is found again by who waited for it."""
    answered(town, FEWEST)
    used = town.invited("used", NOON, area="7")
    town.sent(used, NOON, tag="100")
    fresh = town.invited("fresh", NOON, area="7")
    answers: dict[str, Any] = {}

    class Slow(Random):
        def shuffle(self, x: Any) -> None:  # noqa: ARG002 - Random's name
            if not answers:
                answers["fresh"] = town.sent(fresh, NOON, tag="101")

    with ThreadPoolExecutor(1) as threads:

        def sent_again(*_: object) -> None:
            if "again" not in answers:
                answers["again"] = threads.submit(town.sent, used, NOON)

        class Watched(SurveyCut):
            def _delete_drafts(self, session: Session, now: Any) -> None:
                sent_again()
                wait_until_somebody_waits(town.engine)
                super()._delete_drafts(session, now)

        Watched(town.services(NOON + NIGHT), chance=Slow())()
        assert answers["again"].result().closed is Closed.USED
    assert answers["fresh"].closed is None
    assert len(rows(town, SurveyResponseRow)) == FEWEST + 1
    assert len(held(town)) == 1


def wait_until_somebody_waits(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(
            text(
                "DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted) LOOP "
                "PERFORM pg_sleep(0.01); END LOOP; END $$"
            )
        )


def test_what_cannot_be_read_is_said_and_stays_and_keeps_nothing_from_being_cut(town: Town) -> None:
    other = load_keyring(encryption_keys=f"k9:{new_key()}", lookup_key=new_key())
    bodies = [other.encrypt("{}"), town.keyring.encrypt("{}"), "nonsense"]
    with Session(town.engine) as session, session.begin():
        session.add_all([HeldAnswerRow(body_encrypted=body) for body in bodies])
    answered(town, FEWEST)
    with capture_logs() as logs:
        town.night(NOON)
    assert tags(town) == list(range(FEWEST))
    assert sorted(row.body_encrypted for row in rows(town, HeldAnswerRow)) == sorted(bodies)
    assert {"event": "held answers cannot be read", "count": 3, "log_level": "warning"} in logs


def test_r7_without_keys_nothing_tells_which_of_a_day_is_urgent(town: Town) -> None:
    """Until the cut its transaction is its link's: a mark that can be read would name the caller."""
    for number, comment in enumerate(("Thank you", "he has a gun", "Merci")):
        town.sent(town.invited(f"{number}", NOON), NOON, C1=comment)
    told = hidden(town, "survey_held", "(to_jsonb(survey_held) - 'id' - 'body_encrypted')::text")
    told += hidden(town, "survey_held", "length(body_encrypted)::text")
    assert len(told) == 6
    assert len(set(told)) == 2


def test_r7_a_mark_of_the_release_before_is_gone_with_the_cut(town: Town) -> None:
    answered(town, 1, C1="a weapon")
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE survey_held SET urgent = true, seen = true"))
    town.night(NOON)
    assert hidden(town, "survey_held", "urgent OR seen") == ["False"]
    assert [one.urgent for one in held(town)] == [True]


def test_r2_no_link_opens_again_when_the_clock_goes_back(town: Town) -> None:
    """Once its end has passed it is forgotten whether it was used."""
    used, unused = town.invited("used", NOON), town.invited("unused", NOON)
    town.sent(used, NOON)
    town.night(NOON)
    town.night(NOON + 14 * DAY)
    for at in (NOON, NOON + DAY):
        assert town.sent(used, at).closed is Closed.EXPIRED
        assert town.sent(unused, at).closed is Closed.EXPIRED
    town.night(NOON + DAY)
    assert town.sent(used, NOON + DAY).closed is Closed.EXPIRED
    assert len(held(town)) == 1


def test_a_call_whose_facts_cannot_be_read_costs_no_answer_and_the_cut_says_so(town: Town) -> None:
    """Not the moment it was sent: a line in the log would tell that it was."""
    tokens = [town.invited(f"{number}", NOON) for number in range(FEWEST)]
    with town.engine.begin() as connection:
        connection.execute(text("""UPDATE call SET facts = facts || '{"source": "a word of tomorrow"}'"""))
    with capture_logs() as logs:
        assert [town.sent(token, NOON, tag=f"{number}").closed for number, token in enumerate(tokens)] == [
            None
        ] * FEWEST
    assert logs == []
    assert {one.context for one in held(town)} == {Context()}
    with capture_logs() as logs:
        town.night(NOON)
    assert tags(town) == list(range(FEWEST))
    said = {
        "event": "answers say nothing of their calls: the facts cannot be read",
        "count": FEWEST,
        "log_level": "warning",
    }
    assert said in logs


def test_the_group_of_a_call_is_the_one_that_it_was_treated_by_and_not_todays(town: Town) -> None:
    """The folder of today has its type in another group; its texts and the counts of calls go by the one of then."""
    token = town.invited("1", NOON, call_type_code="THEFT", call_type_group="noise")
    assert town.agency.reread(some_facts(call_type_code="THEFT", call_type_group="noise")).call_type_group != "noise"
    town.sent(token, NOON)
    assert [one.context.call_type_group for one in held(town)] == ["noise"]


def test_r7_no_log_and_no_result_says_who_answered_or_how_many(town: Town) -> None:
    """A day of forty looks like a day of none, in the logs and in Temporal's history."""

    def said(day: int, count: int) -> tuple[str, str]:
        with capture_logs() as logs:
            answered(town, count, at=NOON + day * DAY)
            batch = town.night(NOON + day * DAY)
        return json.dumps(logs).replace(f"2026-01-{15 + day}", "the day"), batch.model_dump_json()

    assert said(0, 0) == said(1, 40) == said(2, 0) == said(3, 1)
    logs, batch = said(4, 40)
    for invitation in rows(town, SurveyInvitationRow):
        for secret in (invitation.id, invitation.call_id, invitation.token_hash):
            assert str(secret) not in logs + batch


def bytes_of_file(engine: Engine, table: str) -> bytes:
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("CHECKPOINT"))
        path = f"pg_read_binary_file(pg_relation_filepath('{table}'))"
        return bytes(connection.execute(text(f"SELECT {path}")).scalar_one())


def rows_in_file(engine: Engine, table: str) -> int:
    """How many rows the table's file has, deleted ones too: by the pointers at the head of each page."""
    file = bytes_of_file(engine, table)
    count = 0
    for begin in range(0, len(file), 8192):
        lower = int.from_bytes(file[begin + 12 : begin + 14], "little")
        pointers = [int.from_bytes(file[begin + at : begin + at + 4], "little") for at in range(24, lower, 4)]
        count += sum(pointer >> 15 & 3 == 1 for pointer in pointers)
    return count


def test_r7_deleted_rows_do_not_stay_in_the_files_with_their_transactions(town: Town, engine: Engine) -> None:
    answered(town, 20)
    assert rows_in_file(engine, "survey_invitation") > 20
    town.night(NOON)
    for table, count in (("survey_held", 0), ("survey_draft", 0), ("survey_invitation", 20), ("survey_response", 20)):
        assert rows_in_file(engine, table) == count, table


def test_r7_no_byte_of_what_was_held_stays_in_its_file(town: Town, engine: Engine) -> None:
    """A vacuum frees a row's room in its page and leaves its bytes there, transaction and all."""
    token = town.invited("drafted", NOON, area="7")
    town.drafted(token)
    answered(town, 20)
    town.sent(token, NOON, tag="100")
    town.night(NOON)
    for table in ("survey_held", "survey_draft"):
        assert b"k1:gAAAA" not in bytes_of_file(engine, table), table


def test_r7_the_planner_keeps_no_samples_of_what_was_held(town: Town, engine: Engine) -> None:
    """PostgreSQL's statistics hold up to a hundred values of a column, as they are, until the table is analyzed anew:
    what is empty by then never is."""
    answered(town, 60, C1="Thank you")
    town.drafted(town.invited("drafted", NOON))
    samples = text(
        "SELECT tablename || '.' || attname FROM pg_stats WHERE tablename IN ('survey_held', 'survey_draft', "
        "'survey_response', 'survey_comment') AND attname IN ('body_encrypted', 'answers_encrypted', 'answers', "
        "'comment_encrypted')"
    )

    def kept() -> list[str]:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE survey_held, survey_draft, survey_response, survey_comment"))
            return list(connection.execute(samples).scalars())

    assert kept() == []
    town.night(NOON)
    assert kept() == []


def test_answers_of_another_agency_are_left_alone(town: Town) -> None:
    answered(town, FEWEST)
    others = [one.model_copy(update={"agency": "elsewhere"}) for one in held(town)]
    with Session(town.engine) as session, session.begin():
        for one in others:
            session.add(HeldAnswerRow(body_encrypted=town.keyring.encrypt_without_time(one.model_dump_json())))
    town.night(NOON)
    assert {row.agency for row in rows(town, SurveyResponseRow)} == {"ottawa"}
    assert {one.agency for one in held(town)} == {"elsewhere"}
    assert [row.agency for row in rows(town, SurveyCutRow)] == ["ottawa"]


def test_no_agency_misses_its_night_because_another_one_in_the_database_is_at_it(town: Town) -> None:
    """Who waited for rows that another cut takes out and puts back would find none, and call the day done."""
    elsewhere = town.agency.identity.model_copy(update={"key": "elsewhere"})
    neighbour = replace(town, agency=town.agency.model_copy(update={"identity": elsewhere}))
    for one in (town, neighbour):
        one.night(NOON - DAY)
    answered(town, FEWEST)
    answered(neighbour, FEWEST)

    class Slow(Random):
        def shuffle(self, x: Any) -> None:  # noqa: ARG002 - Random's name
            if not meanwhile:
                meanwhile.append(threads.submit(neighbour.night, NOON))
                wait_until_done_or_waiting(town.engine, meanwhile[0])

    meanwhile: list[Future[Batch]] = []
    with ThreadPoolExecutor(1) as threads:
        assert SurveyCut(town.services(NOON + NIGHT), chance=Slow())() == Batch(done=1)
        meanwhile[0].result()
    neighbour.night(NOON)  # a quarter of an hour later
    assert {row.agency for row in rows(town, SurveyResponseRow)} == {"ottawa", "elsewhere"}
    assert rows(town, HeldAnswerRow) == []


def wait_until_done_or_waiting(engine: Engine, work: Future[Batch]) -> None:
    waiting = text("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted), pg_sleep(0.01)")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not work.done() and not connection.execute(waiting).scalar_one():
            pass


def test_a_cut_that_a_wrong_clock_made_years_ahead_does_not_end_all_others(town: Town) -> None:
    answered(town, FEWEST)
    town.night(NOON + 1000 * DAY)
    answered(town, FEWEST)
    with capture_logs() as logs:
        assert town.night(NOON) == Batch(done=1)
    assert [log["event"] for log in logs if log["log_level"] == "warning"] == [
        "the last cut was made in the future: the clock has gone back"
    ]
    assert len(tags(town)) == 2 * FEWEST
    assert town.night(NOON) == Batch() == town.night(NOON - DAY)
    assert town.night(NOON + DAY) == Batch(done=1)


def test_the_clocks_going_back_make_no_second_cut(town: Town) -> None:
    """In Ottawa on 1 November 2026 the hour before two comes twice; three o'clock comes once."""
    eve = NOON.replace(month=10, day=31)
    town.night(eve - DAY)
    moments = [eve.replace(hour=7, minute=minute) + DAY for minute in (0, 59)] + [eve.replace(hour=8, minute=5) + DAY]
    assert [SurveyCut(town.services(moment))().done for moment in moments] == [0, 0, 1]
