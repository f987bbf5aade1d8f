"""What is held, encrypted, until a nightly cut writes it: taken out, and what has to wait sealed anew (R7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from sqlalchemy import Table
from sqlmodel import Session, SQLModel, delete

from activities.services import TextServices
from database.encryption import KeyringError
from survey.areas import AreaPiece
from survey.members import HeldFeedback

Held = TypeVar("Held", AreaPiece, HeldFeedback)
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Taken(Generic[Held]):
    """`others`: what is another agency's, or cannot be read, as it was; `unreadable`: how many of those cannot."""

    ours: Sequence[Held]
    others: Sequence[Row]
    unreadable: int


def take(session: Session, services: TextServices, table: type[SQLModel], of: type[Held]) -> Taken[Held]:
    """All that is held in a table is taken out of it."""
    rows: Table = table.__table__  # type: ignore[attr-defined]
    ours: list[Held] = []
    others: list[Row] = []
    unreadable = 0
    for body in session.execute(delete(table).returning(rows.c.body_encrypted)).scalars():
        try:
            one = of.model_validate_json(services.keyring.decrypt(body))
        except (KeyringError, ValidationError):
            unreadable += 1
            others.append({"body_encrypted": body})
            continue
        if one.agency == services.agency.key:
            ours.append(one)
        else:
            others.append({"body_encrypted": body})
    return Taken(ours=ours, others=others, unreadable=unreadable)


def sealed(services: TextServices, waits: Sequence[Held]) -> list[Row]:
    """What has to wait, encrypted anew: nothing of last night's row is left in it."""
    return [{"body_encrypted": services.keyring.encrypt_without_time(one.as_text())} for one in waits]
