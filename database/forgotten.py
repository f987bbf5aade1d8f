"""The tables in which retention empties or deletes what is personal (activities/forgetting.py)."""

from typing import Final

from database.numbers import BlockedNumberRow
from database.staff import StaffSessionRow
from database.surveys import MemberFeedbackRow, SurveyCommentRow
from database.tables import (
    CadRecordRow,
    CallRow,
    InboundMessageRow,
    OptOutRow,
    PilotNumberRow,
    SurveyInvitationRow,
    SurveyResponseRow,
    TextRow,
)

FORGOTTEN_IN: Final = tuple(
    row.__tablename__
    for row in (
        CallRow,
        CadRecordRow,
        TextRow,
        InboundMessageRow,
        OptOutRow,
        PilotNumberRow,
        BlockedNumberRow,
        SurveyInvitationRow,
        SurveyCommentRow,
        MemberFeedbackRow,
        SurveyResponseRow,
        StaffSessionRow,
    )
)
"""What is deleted must not stand in pages any more: the service vacuums these, and may (database/roles.py)."""
