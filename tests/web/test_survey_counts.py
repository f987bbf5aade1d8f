"""How many opened their link and began, counted once each, and nothing left of who and when (R7)."""

from datetime import timedelta

from sqlalchemy import Engine, text

from database.encryption import Keyring
from policy.agency import Agency
from tests.builders import NOON, hours, minutes
from tests.survey.month import NIGHT, Town
from tests.web.answering import opened, sent
from tests.web.served import Residents

FILE = "SELECT pg_relation_filenode('survey_count')"


def counted(engine: Engine) -> list[tuple[str, int, int]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT language, opened, started FROM survey_count ORDER BY language"))
        return [(row.language, row.opened, row.started) for row in rows]


def test_a_link_that_is_opened_often_and_begun_twice_is_counted_once(residents: Residents, engine: Engine) -> None:
    french, unknown = residents.invite(language="fr"), residents.invite()
    for _ in range(3):
        opened(residents, french)
        opened(residents, unknown)
    assert counted(engine) == [("fr", 1, 0), ("und", 1, 0)]
    for _ in range(2):
        sent(residents, french, {"Q1": "4"}, step=1)
    assert counted(engine) == [("fr", 1, 1), ("und", 1, 0)]


def test_who_sends_all_at_once_has_opened_and_begun(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    town = Town(engine=engine, keyring=keyring, agency=ottawa)
    town.sent(town.invited("1", NOON), NOON + hours(1))
    token = town.invited("2", NOON)
    town.opened(token, NOON)
    town.drafted(token)
    town.sent(token, NOON + hours(1))
    assert counted(engine) == [("en", 2, 1)]  # the second one's beginning was not by a page


def test_a_closed_or_unknown_link_is_not_counted(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    town = Town(engine=engine, keyring=keyring, agency=ottawa)
    token = town.invited("1", NOON)
    town.opened(token, NOON + timedelta(days=15))
    town.opened("ABCD-EFGH-JKMN", NOON)
    assert counted(engine) == []


def test_a_page_comes_though_its_opening_cannot_be_counted(residents: Residents, engine: Engine) -> None:
    token = residents.invite()
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE survey_count IN ACCESS EXCLUSIVE MODE"))
        assert opened(residents, token).status_code == 200
    assert counted(engine) == []
    opened(residents, token)
    assert counted(engine) == [("und", 1, 0)]


def test_r7_after_the_cut_nothing_says_when_a_link_was_opened(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    town = Town(engine=engine, keyring=keyring, agency=ottawa)
    tokens = [town.invited(str(number), NOON) for number in range(12)]
    for number, token in enumerate(tokens[:9]):
        town.opened(token, NOON + minutes(number))
    with engine.connect() as connection:
        before = connection.execute(text(FILE)).scalar_one()
    town.night(NOON)
    with engine.connect() as connection:
        of_opened = connection.execute(text("SELECT DISTINCT xmin::text FROM survey_invitation WHERE opened")).all()
        of_counter = connection.execute(text("SELECT DISTINCT xmin::text FROM survey_count")).all()
        of_cut = connection.execute(text("SELECT xmin::text FROM survey_cut")).all()
        assert of_opened == of_counter == of_cut
        assert connection.execute(text(FILE)).scalar_one() != before  # rows of before are not in it, not even deleted
    assert counted(engine) == [("en", 9, 0)]


def test_r7_of_a_link_that_has_expired_it_is_forgotten_whether_it_was_opened(
    engine: Engine, keyring: Keyring, ottawa: Agency
) -> None:
    town = Town(engine=engine, keyring=keyring, agency=ottawa)
    town.opened(town.invited("1", NOON), NOON)
    late = NOON + timedelta(days=14)
    assert (late + NIGHT) > late
    town.night(late)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM survey_invitation WHERE opened")).scalar_one() == 0
