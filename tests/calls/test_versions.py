"""Versions are epoch and count: one of after a restore is greater than all of before."""

from hypothesis import given
from hypothesis import strategies as st

from calls.versions import change_of, epoch_of, epoch_of_identity, identity_of, version_of

EPOCHS = st.integers(min_value=0, max_value=2**33 - 1)
CHANGES = st.integers(min_value=0, max_value=2**20 - 1)


@given(epoch=EPOCHS, change=CHANGES)
def test_a_version_tells_its_epoch_and_its_change(epoch: int, change: int) -> None:
    version = version_of(epoch=epoch, change=change)
    assert (epoch_of(version), change_of(version)) == (epoch, change)
    assert version < 2**53


@given(epoch=EPOCHS, change=CHANGES, other=CHANGES)
def test_r2_no_version_of_before_a_restore_is_as_great_as_one_of_after_it(epoch: int, change: int, other: int) -> None:
    assert version_of(epoch=epoch + 1, change=other) > version_of(epoch=epoch, change=change)


@given(change=CHANGES)
def test_r8_where_nothing_was_ever_restored_a_version_is_what_it_always_was(change: int) -> None:
    assert version_of(epoch=0, change=change) == change


def test_a_worker_says_for_which_database_it_works() -> None:
    assert epoch_of_identity(identity_of("12@host", epoch=1_764_000_000)) == 1_764_000_000
    assert epoch_of_identity("12@host") == 0
