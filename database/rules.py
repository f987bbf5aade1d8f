"""The rules that calls have started with, for as long as such a call may be open."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from database.tables import Json, real_now


class RulesRow(SQLModel, table=True):
    """Who is texted, by one version of an agency's folder. Writer: starter. Never changed.

    `rules` is `policy.agency.Rules`.
    """

    __tablename__: ClassVar[str] = "rules"

    version: str = Field(primary_key=True)
    rules: Json = Field(sa_type=JSONB)
    since_real: datetime = Field(default_factory=real_now, sa_type=DateTime(timezone=True))
