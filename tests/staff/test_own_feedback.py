"""Members' own feedback as it is shown: ten callers or nothing, each figure as it is counted again from the rows."""

from collections.abc import Mapping
from datetime import date
from math import isclose, sqrt
from random import Random

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from calls.policy import InsightRules
from database.encryption import Keyring
from database.surveys import MemberFeedbackRow, SurveyCutRow
from insights.of_members import monthly
from policy.agency import Agency
from survey.questions import Role
from tests.survey.month import with_members
from web.staff.figures.own_feedback import asked_about, member_hashes, own_feedback


@pytest.fixture
def agency(ottawa: Agency) -> Agency:
    return with_members(ottawa)


def hash_of(keyring: Keyring, agency: Agency, key: str, role: Role = Role.OFFICER) -> str:
    [only] = member_hashes(keyring, agency, role=role, key=key)
    return only


def cut_on(engine: Engine, day: date) -> None:
    with Session(engine) as session, session.begin():
        session.merge(SurveyCutRow(agency="ottawa", day=day))


def marks(engine: Engine, member: str, month: str, *scores: Mapping[str, str]) -> None:
    with Session(engine) as session, session.begin():
        for one in scores:
            session.add(
                MemberFeedbackRow(agency="ottawa", role="officer", key_hash=member, month=month, scores=dict(one))
            )


def said(engine: Engine, keyring: Keyring, member: str, words: str, *, shared: bool, month: str = "2026-01") -> None:
    row = MemberFeedbackRow(agency="ottawa", role="officer", key_hash=member, month=month)
    row.comment_encrypted = keyring.encrypt_without_time(words)
    row.reviewed, row.decision, row.shared = True, "approved", shared
    with Session(engine) as session, session.begin():
        session.add(row)


def wilson(k: int, n: int) -> tuple[float, float]:
    """The textbook's, as roots of its equation."""
    z, p = 1.959964, k / n
    root = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (p + z * z / (2 * n) - root) / (1 + z * z / n), (p + z * z / (2 * n) + root) / (1 + z * z / n)


def test_every_figure_is_what_the_rows_say(engine: Engine, keyring: Keyring, agency: Agency) -> None:
    chance = Random(4417)
    for key in ("4417", "4418"):
        for month in ("2026-01", "2026-02", "2026-03"):
            for _ in range(chance.randrange(10, 30)):
                one = {id_: chance.choice("12345") for id_ in ("Q7", "Q8", "Q9") if chance.random() < 0.7}
                marks(engine, hash_of(keyring, agency, key), month, {"Q6": "in_person", **one})
    cut_on(engine, date(2026, 4, 2))
    found = own_feedback(
        engine, keyring, agency, role=Role.OFFICER, member=[hash_of(keyring, agency, " 4417 ")]
    )  # as it was typed in
    assert [batch.month for batch in found.batches] == ["2026-03", "2026-02", "2026-01"]
    assert [question.id for question in found.questions] == ["Q7", "Q8", "Q9"]
    with Session(engine) as session:
        mine = hash_of(keyring, agency, "4417")
        rows = [row for row in session.exec(select(MemberFeedbackRow)) if row.key_hash == mine]
    shown = 0
    for batch in found.batches:
        of_month = [row.scores or {} for row in rows if row.month == batch.month]
        assert batch.callers == len(of_month) >= 10
        for figure in batch.figures:
            chosen = [int(one[figure.question]) for one in of_month if figure.question in one]
            good = len([mark for mark in chosen if mark >= 4])
            if len(chosen) < 10:
                assert (figure.base, figure.favourable) == (None, None)
            else:
                assert figure.base == len(chosen)
                assert figure.favourable is not None
                assert figure.favourable.count == good
                low, high = wilson(good, len(chosen))
                assert isclose(figure.favourable.low, low, rel_tol=1e-9)
                assert isclose(figure.favourable.high, high, rel_tol=1e-9)
                shown += 1
    assert shown > 3


@pytest.mark.parametrize(("callers", "is_shown"), [(9, False), (10, True)])
def test_r7_of_fewer_than_ten_callers_nothing_is_shown_comments_neither(
    engine: Engine, keyring: Keyring, agency: Agency, callers: int, is_shown: bool
) -> None:
    member = hash_of(keyring, agency, "4417")
    marks(engine, member, "2026-01", *[{"Q7": "5"}] * (callers - 1), {"Q7": "1"})
    said(engine, keyring, member, "Thank you", shared=True)
    said(engine, keyring, member, "Not for anybody", shared=False)
    said(engine, keyring, hash_of(keyring, agency, "4418"), "Another's", shared=True)
    cut_on(engine, date(2026, 2, 2))
    found = own_feedback(engine, keyring, agency, role=Role.OFFICER, member=[member])
    assert bool(found.batches) is is_shown
    assert list(found.comments) == (["Thank you"] if is_shown else [])


def test_the_folder_may_ask_for_more_callers_than_ten(engine: Engine, keyring: Keyring, agency: Agency) -> None:
    member = hash_of(keyring, agency, "4417")
    marks(engine, member, "2026-01", *[{"Q7": "5"}] * 10, {"Q7": "1"})
    cut_on(engine, date(2026, 2, 2))
    for at_least, is_shown in ((11, True), (12, False)):
        asks = agency.model_copy(update={"insights": InsightRules(members_at_least=at_least)})
        assert bool(own_feedback(engine, keyring, asks, role=Role.OFFICER, member=[member]).batches) is is_shown


def test_r7_a_month_that_still_grows_is_not_shown(engine: Engine, keyring: Keyring, agency: Agency) -> None:
    """Ten come together, but not ten to each question: the difference of two looks would be one caller's mark."""
    member = hash_of(keyring, agency, "4417")
    marks(engine, member, "2026-01", *[{"Q7": "5"}] * 9, {"Q7": "1"})
    for day, months in ((date(2026, 1, 30), []), (date(2026, 1, 31), ["2026-01"])):
        cut_on(engine, day)
        found = own_feedback(engine, keyring, agency, role=Role.OFFICER, member=[member])
        assert [batch.month for batch in found.batches] == months


def test_r7_ten_of_one_mind_are_not_shown() -> None:
    [batch] = monthly([("2026-01", {"Q7": mark}) for mark in "4455445544"], ["Q7"], at_least=10)
    assert batch.figures[0].are_alike
    assert batch.figures[0].favourable is None
    [batch] = monthly([("2026-01", {"Q7": mark}) for mark in "1231231231"], ["Q7"], at_least=10)
    assert batch.figures[0].are_alike


def test_what_does_not_apply_and_what_was_left_out_count_for_nothing() -> None:
    rows = [("2026-01", {"Q7": mark}) for mark in "44444444441"] + [("2026-01", {"Q7": "na"}), ("2026-01", {})]
    [batch] = monthly(rows, ["Q7"], at_least=10)
    assert (batch.callers, batch.figures[0].base) == (13, 11)


def test_the_same_key_of_a_call_taker_is_somebody_else(engine: Engine, keyring: Keyring, agency: Agency) -> None:
    marks(engine, hash_of(keyring, agency, "4417"), "2026-01", *[{"Q7": "5"}] * 9, {"Q7": "1"})
    cut_on(engine, date(2026, 2, 2))
    taker = hash_of(keyring, agency, "4417", Role.CALL_TAKER)
    assert not own_feedback(engine, keyring, agency, role=Role.CALL_TAKER, member=[taker]).batches


def test_where_the_folder_does_not_ask_nobody_is_asked_about(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    assert list(asked_about(ottawa)) == []
    cut_on(engine, date(2026, 2, 2))
    assert not own_feedback(engine, keyring, ottawa, role=Role.OFFICER, member=["any"]).batches
