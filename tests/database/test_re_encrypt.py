"""An encryption key is changed while the service works: everything is read throughout, and the old key goes."""

from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, event, text
from sqlmodel import Session, select

from database.encryption import Keyring, KeyringError, load_keyring, new_key
from database.re_encrypt import keys_in_use, places, re_encrypt
from database.surveys import HeldAnswerRow
from database.tables import OptOutRow
from tests.builders import NOON

NUMBERS: Final = [f"+1613555{place:04d}" for place in range(100, 112)]
OLD, NEW, LOOKUP = f"old:{new_key()}", f"new:{new_key()}", new_key()


def ring(*keys: str) -> Keyring:
    return load_keyring(encryption_keys=",".join(keys), lookup_key=LOOKUP)


def opt_out(engine: Engine, keyring: Keyring, numbers: Sequence[str]) -> None:
    with Session(engine) as session, session.begin():
        for number in numbers:
            session.add(
                OptOutRow(
                    phone_hash=keyring.phone_hash(number),
                    phone_encrypted=keyring.encrypt(number),
                    sender="+16135550199",
                    since=NOON,
                )
            )


def numbers_of(engine: Engine, keyring: Keyring) -> list[str]:
    with Session(engine) as session:
        return sorted(keyring.decrypt(row.phone_encrypted) for row in session.exec(select(OptOutRow)))


def test_everything_is_read_before_meanwhile_and_after_and_the_old_key_is_not_needed_any_more(engine: Engine) -> None:
    opt_out(engine, ring(OLD), NUMBERS)
    assert keys_in_use(engine) == {"old": 12}
    for _place, _count in re_encrypt(engine, ring(NEW, OLD)):
        assert numbers_of(engine, ring(OLD, NEW)) == numbers_of(engine, ring(NEW, OLD)) == NUMBERS
    assert keys_in_use(engine) == {"new": 12}
    assert numbers_of(engine, ring(NEW)) == NUMBERS
    assert list(re_encrypt(engine, ring(NEW, OLD))) == []


def test_r7_a_value_that_must_not_tell_its_time_tells_none_afterwards(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.add(HeldAnswerRow(id=uuid4(), body_encrypted=ring(OLD).encrypt_without_time("answers")))
    list(re_encrypt(engine, ring(NEW, OLD)))
    with Session(engine) as session:
        stored = session.exec(select(HeldAnswerRow)).one().body_encrypted
    assert Fernet(NEW.partition(":")[2]).extract_timestamp(stored.partition(":")[2].encode()) == 0


def test_what_somebody_changes_between_reading_and_writing_stays_as_they_have_written_it(engine: Engine) -> None:
    opt_out(engine, ring(OLD), NUMBERS[:1])
    newer = ring(OLD).encrypt(NUMBERS[5])

    @event.listens_for(engine, "before_cursor_execute")
    def _change_it(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("UPDATE opt_out") and not changed:
            changed.append(True)
            other.execute(text("UPDATE opt_out SET phone_encrypted = :newer"), {"newer": newer})
            other.commit()

    changed: list[bool] = []
    with engine.connect() as other:
        list(re_encrypt(engine, ring(NEW, OLD)))
    assert changed
    assert numbers_of(engine, ring(NEW)) == NUMBERS[5:6]


def test_a_key_that_is_not_here_is_named_with_the_column_that_needs_it(engine: Engine) -> None:
    opt_out(engine, ring(f"lost:{new_key()}"), NUMBERS[:1])
    with pytest.raises(KeyringError, match=r"opt_out\.phone_encrypted: the encryption key 'lost' is not among"):
        list(re_encrypt(engine, ring(NEW, OLD)))


def test_every_column_that_is_encrypted_is_reached(engine: Engine) -> None:
    """A column named otherwise would stay behind; these are all that the tables have."""
    assert {str(place) for place in places(engine)} >= {
        "call.phone_encrypted",
        "text.phone_encrypted",
        "text.body_encrypted",
        "opt_out.phone_encrypted",
        "survey_held.body_encrypted",
        "survey_comment.comment_encrypted",
        "rejected_record.raw_encrypted",
    }
