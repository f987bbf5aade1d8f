"""Members' feedback: what the survey asks of members, and whom CAD tells."""

from typing import Final

from policy.agency import Agency
from policy.findings import Findings
from survey.questions import Role

_COLUMNS: Final = {Role.CALL_TAKER: "call_taker_key", Role.OFFICER: "officer_key"}


def check_members(agency: Agency, findings: Findings) -> None:
    """One without the other."""
    asks = agency.survey.members_feedback
    for role, column in _COLUMNS.items():
        is_asked = asks is not None and role in asks.roles
        is_told = getattr(agency.cad.columns, column) is not None
        if is_asked and not is_told:
            what = f"cad.yaml has no columns.{column}: unless CAD pushes it, nobody hears what is said of them"
            findings.warn("survey.yaml", ("members_feedback", role.value), what)
        if is_told and not is_asked:
            what = f"is read, and members_feedback in survey.yaml has no {role}: nothing is kept of it"
            findings.warn("cad.yaml", ("columns", column), what)
