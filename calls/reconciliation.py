"""What travels through Temporal while ledger and carrier are brought together: counts and places, nothing personal."""

from typing import Final

from pydantic import BaseModel, ConfigDict

RECONCILE: Final = "Reconcile"
"""The workflow's type, and the id of the schedule that starts it."""
FORGET_BODIES: Final = "forget_bodies"
SETTLE_TEXTS: Final = "settle_texts"
SUM_A_DAY: Final = "sum_a_day"
CUT_SURVEYS: Final = "cut_surveys"


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Batch(_Payload):
    """How much one activity did. `after`: where the next one goes on; `None`: there is nothing left to do."""

    done: int = 0
    after: str | None = None


class Reconciled(_Payload):
    """What one run did, for the reader in Temporal's UI."""

    bodies_forgotten: int
    texts_looked_up: int
    days_summed: int
    surveys_cut: int = 0
    """Days whose surveys were cut from their calls. Not how many: that is nobody's business outside the database."""
