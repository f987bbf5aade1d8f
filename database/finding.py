"""By what staff find a call, beyond the columns' own indexes: its case number however it is typed, any number that it
ever had, and what was ever switched off of it."""

from typing import Final

from sqlalchemy import Index, text
from sqlmodel import col

from database.tables import CallRow, SwitchRow

PLAIN_CASE_NUMBER: Final = "upper(regexp_replace(case_number, '[^A-Za-z0-9]', '', 'g'))"
"""Letters and digits alone."""

Index("ix_call_case_plain", text(PLAIN_CASE_NUMBER), _table=CallRow.__table__)  # type: ignore[attr-defined]
Index("ix_call_phone_versions", col(CallRow.phone_versions), postgresql_using="gin")
Index("ix_switch_scope", col(SwitchRow.scope))
