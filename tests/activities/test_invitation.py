"""The survey's link: one per call, the same at every try, short, and nowhere in the database that could be read."""

import re
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlmodel import Session, select
from temporalio.exceptions import ApplicationError

from calls.contracts import Kind
from database.encryption import Keyring, new_key
from database.tables import SurveyInvitationRow
from tests.activities.desk import NUMBER, Desk
from tests.builders import NOON, minutes


def surveyed(desk: Desk) -> str:
    """The link in the text that came last."""
    desk.send(desk.order(Kind.SURVEY))
    (link,) = set(re.findall(r"http\S+", desk.phones.bodies(NUMBER)[-1]))
    return str(link)


def invitation(desk: Desk) -> SurveyInvitationRow:
    with Session(desk.engine) as session:
        return session.exec(select(SurveyInvitationRow)).one()


def with_new_encryption_key(keyring: Keyring) -> Keyring:
    """As after a change: the new key encrypts, the old one still decrypts."""
    return replace(keyring, encryption={"new": Fernet(new_key()), **keyring.encryption})


def test_the_link_is_our_own_address_and_twelve_signs_and_stays_open_as_long_as_the_policy_says(desk: Desk) -> None:
    desk.call(cleared_at=NOON + minutes(5))
    assert re.fullmatch(rf"{re.escape(desk.services.origin)}/s/[0-9a-hjkmnp-tv-z]{{12}}", surveyed(desk))
    left = invitation(desk).expires_at - desk.services.clock.now()
    assert minutes(0) <= desk.policy.timetable.survey.link_valid_for - left < minutes(2)
    assert desk.policy.timetable.survey.link_valid_for.days == 14


def test_no_table_has_a_link_or_its_token(desk: Desk) -> None:
    desk.call(cleared_at=NOON + minutes(5))
    token = surveyed(desk).rpartition("/")[2]
    with Session(desk.engine) as session:
        tables = session.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        ).scalars()
        rows = [
            row
            for table in tables.all()
            for row in session.execute(text(f'SELECT t::text FROM "{table}" t')).scalars()  # noqa: S608 - our own
        ]
    assert len(rows) > 3
    assert not [row for row in rows if token in row]


def test_r2_a_try_after_a_change_of_the_encryption_key_writes_the_same_link(desk: Desk) -> None:
    desk.call(cleared_at=NOON + minutes(5))
    desk.phones.misbehave({"what": "too_many_requests", "next": 1})
    with pytest.raises(ApplicationError, match="busy"):
        desk.send(desk.order(Kind.SURVEY))
    before = invitation(desk)
    desk.services = replace(desk.services, keyring=with_new_encryption_key(desk.keyring))
    desk.line_is_free()
    token = surveyed(desk).rpartition("/")[2]
    assert token == desk.keyring.survey_token(str(before.id))
    assert invitation(desk).token_hash == before.token_hash == desk.keyring.token_hash(token)
