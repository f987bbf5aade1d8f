"""The code in a text: the same at every try, counted in its segments, and in the database only as a keyed hash."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session
from temporalio.exceptions import ApplicationError

from calls.contracts import Kind
from database.encryption import Keyring, load_keyring, new_key, plain_code
from policy.agency import load_agency
from tests.activities.desk import NUMBER, Desk, a_desk
from tests.builders import NOON, minutes
from tests.phones import Phones
from texts.segments import segmentation

FOLDER = Path(__file__).parents[1] / "policy" / "north_bay" / "folder"


@pytest.fixture
def coded(engine: Engine, keyring: Keyring, the_phones: Phones, desk: Desk) -> Desk:
    """Ottawa's desk with the policy and the words of a service whose texts show codes."""
    north_bay = load_agency(FOLDER)
    policy = desk.agency.policy.model_copy(update={"texts": north_bay.policy.texts})
    agency = desk.agency.model_copy(update={"policy": policy, "wording": north_bay.wording})
    return a_desk(engine, keyring, agency, the_phones)


def code_in(body: str) -> str:
    (code,) = set(re.findall(r"Code (\w{6})\.", body))
    return str(code)


def test_every_text_about_a_call_shows_its_own_code(coded: Desk) -> None:
    coded.call(language="en", received_at=NOON - minutes(29.5))
    coded.send()
    coded.send(coded.order(Kind.DELAY))
    coded.call("1002", language="en", cleared_at=NOON + minutes(5))
    survey = coded.order(Kind.SURVEY, cad_id="1002")
    coded.send(survey)
    bodies = coded.phones.bodies(NUMBER)
    assert len(set(map(code_in, bodies))) == 3
    for body, order in zip(bodies, (coded.order(), coded.order(Kind.DELAY), survey), strict=True):
        row = coded.row(order)
        assert row.code_hash == coded.keyring.code_hash(code_in(body))
        assert row.segments == segmentation(body).segments


def test_a_text_in_both_languages_shows_one_code_twice(coded: Desk) -> None:
    coded.call()
    coded.send()
    [body] = coded.phones.bodies(NUMBER)
    assert body.count(code_in(body)) == 2


def test_r2_a_text_whose_answer_was_lost_is_found_by_its_words_code_included(coded: Desk) -> None:
    coded.call(language="en")
    coded.phones.misbehave({"what": "lose_answer", "next": 1})
    with pytest.raises(ApplicationError):
        coded.send()
    coded.send()
    [body] = coded.phones.bodies(NUMBER)
    row = coded.row()
    assert (row.state, row.reason) == ("accepted", "found in the carrier's list")
    assert row.code_hash == coded.keyring.code_hash(code_in(body))


def test_r2_the_next_try_writes_the_same_code(coded: Desk) -> None:
    coded.call(language="en")
    coded.phones.misbehave({"what": "too_many_requests", "next": 1})
    with pytest.raises(ApplicationError, match="busy"):
        coded.send()
    first = coded.row().code_hash
    coded.line_is_free()
    coded.send()
    [body] = coded.phones.bodies(NUMBER)
    assert coded.row().code_hash == first == coded.keyring.code_hash(code_in(body))


def test_the_database_has_no_code_that_could_be_read(coded: Desk) -> None:
    coded.call(language="en")
    coded.send()
    code = code_in(coded.phones.bodies(NUMBER)[0])
    with Session(coded.engine) as session:
        row = session.execute(text("SELECT text::text FROM text")).scalar_one()
    assert code.lower() not in row.lower()


def test_ottawa_prints_none(desk: Desk) -> None:
    desk.call(language="en")
    desk.send()
    assert desk.row().code_hash is None
    assert "ode" not in desk.phones.bodies(NUMBER)[0]


def test_a_change_of_the_encryption_key_changes_neither_links_nor_codes() -> None:
    lookup = new_key()
    old = load_keyring(encryption_keys=f"2026:{new_key()}", lookup_key=lookup)
    new = load_keyring(encryption_keys=f"2027:{new_key()}", lookup_key=lookup)
    token, code = old.survey_token("1"), old.text_code("1")
    assert (new.survey_token("1"), new.text_code("1")) == (token, code)
    assert (new.token_hash(token), new.code_hash(code)) == (old.token_hash(token), old.code_hash(code))


def test_ten_thousand_codes_are_codes_and_nothing_that_could_be_mistaken(keyring: Keyring) -> None:
    codes = {keyring.text_code(str(number)) for number in range(10_000)}
    assert len(codes) > 9_990  # of 2^29 two are now and then the same
    for code in codes:
        assert re.fullmatch("[0-9BCDFGHJKMNPQRSTVWXYZ]{6}", code)
        assert not code.isdecimal()
        assert plain_code(code) == code.lower()
        assert keyring.code_hash(code) == keyring.code_hash(code.lower())
