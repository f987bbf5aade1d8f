"""A version of a call's facts: which life of the database, and which of the call's changes in it.

A database that was restored counts on from where its backup stood, and workflows have heard higher numbers since. So
each restore begins an epoch, and every version of it is greater than all versions of the epochs before.
"""

from typing import Final

_CHANGES: Final = 2**20
"""In one epoch a call has fewer: CAD would have to change it every second for twelve days. With epochs in seconds since
1970 a version stays below 2^53, the largest whole number that every reader of JSON takes as it is."""


def version_of(*, epoch: int, change: int) -> int:
    """The version as Temporal has it. In epoch 0, before any restore, it is the bare count of changes."""
    return epoch * _CHANGES + change


def epoch_of(version: int) -> int:
    """When the database was last restored, as the sender of this version knew it; 0: never."""
    return version // _CHANGES


def change_of(version: int) -> int:
    """The count of the call's changes, as its row has it."""
    return version % _CHANGES


_EPOCH: Final = " of epoch "


def identity_of(name: str, *, epoch: int) -> str:
    """How a worker is named in Temporal, so that one is seen that still works for a database of before a restore."""
    return f"{name}{_EPOCH}{epoch}"


def epoch_of_identity(identity: str) -> int:
    """The epoch of the database that a worker works for; one that does not say it was started by an earlier version."""
    told = identity.rpartition(_EPOCH)[2]
    return int(told) if _EPOCH in identity and told.isdecimal() else 0
