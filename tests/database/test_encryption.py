"""R3: personal data at rest."""

import pytest

from database.encryption import KeyringError, load_keyring, new_key

NUMBER = "+16135550142"
A_KEY = "A" * 43 + "="  # any 32 bytes


def test_a_number_is_stored_unreadable_with_the_id_of_its_key_and_comes_back() -> None:
    ring = load_keyring(encryption_keys=f"2026:{new_key()}", lookup_key=new_key())
    stored = ring.encrypt(NUMBER)
    assert stored.startswith("2026:")
    assert "555" not in stored
    assert stored != ring.encrypt(NUMBER)
    assert ring.decrypt(stored) == NUMBER


def test_after_a_change_of_keys_old_values_are_read_and_new_ones_use_the_new_key() -> None:
    old, new, lookup = new_key(), new_key(), new_key()
    stored = load_keyring(encryption_keys=f"old:{old}", lookup_key=lookup).encrypt(NUMBER)
    ring = load_keyring(encryption_keys=f"new:{new}, old:{old}", lookup_key=lookup)
    assert ring.decrypt(stored) == NUMBER
    assert ring.encrypt(NUMBER).startswith("new:")


def test_a_number_is_found_by_a_hash_that_only_the_key_makes() -> None:
    one = load_keyring(encryption_keys=f"k:{new_key()}", lookup_key=new_key())
    other = load_keyring(encryption_keys=f"k:{new_key()}", lookup_key=new_key())
    assert one.phone_hash(NUMBER) == one.phone_hash(NUMBER)
    assert one.phone_hash(NUMBER) != one.phone_hash("+16135550143")
    assert one.phone_hash(NUMBER) != other.phone_hash(NUMBER)


def test_a_surveys_token_is_the_same_for_the_same_invitation_and_easy_to_read_aloud() -> None:
    ring = load_keyring(encryption_keys=f"k:{new_key()}", lookup_key=new_key())
    token = ring.survey_token("one")
    assert token == ring.survey_token("one")
    assert token != ring.survey_token("two")
    assert len(token) == 12
    assert not set(token) & set("ilou")


@pytest.mark.parametrize(
    ("encryption", "lookup", "words"),
    [
        ("", A_KEY, "COMMUNITYCONNECT_ENCRYPTION_KEYS is not set"),
        ("a:short", A_KEY, "the key 'a' in COMMUNITYCONNECT_ENCRYPTION_KEYS is not usable"),
        (f"a:{A_KEY}", "", "COMMUNITYCONNECT_LOOKUP_KEY is missing"),
        (f"a:{A_KEY}", "c2hvcnQ=", "COMMUNITYCONNECT_LOOKUP_KEY is missing or shorter"),
    ],
)
def test_a_missing_or_malformed_key_is_named_with_the_way_to_make_one(encryption: str, lookup: str, words: str) -> None:
    with pytest.raises(KeyringError, match="communityconnect new-key") as error:
        load_keyring(encryption_keys=encryption, lookup_key=lookup)
    assert words in str(error.value)


def test_a_value_of_an_unknown_key_says_which_key_is_missing() -> None:
    stored = load_keyring(encryption_keys=f"lost:{new_key()}", lookup_key=new_key()).encrypt(NUMBER)
    ring = load_keyring(encryption_keys=f"new:{new_key()}", lookup_key=new_key())
    with pytest.raises(KeyringError, match="'lost' is not among"):
        ring.decrypt(stored)
