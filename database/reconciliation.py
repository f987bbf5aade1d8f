"""What came of comparing the ledger with the carrier's list, a row a day."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from database.tables import Json, real_now


class ReconciliationRow(SQLModel, table=True):
    """A day's texts in the ledger and in the carrier's list. Writer: activities.

    `named` holds the first sids (of a reply without one, the text's id) of what only one of the two has, or of what
    ended differently.
    """

    __tablename__: ClassVar[str] = "reconciliation"

    day: date = Field(primary_key=True)
    """Of UTC, by when the carrier made the message."""
    texts_ours: int
    texts_theirs: int
    segments_ours: int
    segments_theirs: int
    only_at_carrier: int
    only_in_ledger: int
    states_differ: int
    named: Json = Field(default_factory=dict, sa_type=JSONB(none_as_null=True))
    made_real: datetime = Field(default_factory=real_now, sa_type=DateTime(timezone=True))
