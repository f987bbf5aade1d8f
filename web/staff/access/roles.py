"""Roles, and what each may do. What is not written here is forbidden.

Nobody sees more than their work needs: whoever administers the service sees no resident's number, and whoever reads
figures no case number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is here for. One person may have several."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ANALYST = "analyst"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"


class Act(StrEnum):
    """What can be done in the console; every route names one."""

    SEE_BOARD = "see_board"
    SEE_CALL = "see_call"
    FIND_CALLS = "find_calls"
    HOLD_CALL = "hold_call"
    RELEASE_CALL = "release_call"
    STOP_CALL = "stop_call"
    CHANGE_LANGUAGE = "change_language"
    SEE_SERVICE = "see_service"
    STOP_SERVICE = "stop_service"
    START_SERVICE = "start_service"
    SET_MODE = "set_mode"
    SEE_HISTORY = "see_history"
    EXPORT_HISTORY = "export_history"
    SEE_OPT_OUTS = "see_opt_outs"
    ENTER_OPT_OUT = "enter_opt_out"
    END_OPT_OUT = "end_opt_out"
    SEE_BLOCKED = "see_blocked"
    BLOCK_NUMBER = "block_number"
    UNBLOCK_NUMBER = "unblock_number"
    SEE_ISSUES = "see_issues"
    WORK_ON_ISSUES = "work_on_issues"
    SEE_THRESHOLDS = "see_thresholds"
    SEE_REPORT = "see_report"
    EXPORT_REPORT = "export_report"
    SEE_AUDIT = "see_audit"
    SEE_INSIGHTS = "see_insights"
    EXPORT_INSIGHTS = "export_insights"
    REVIEW_COMMENTS = "review_comments"
    SEE_SHARED_COMMENTS = "see_shared_comments"
    SEE_MEMBER_FEEDBACK = "see_member_feedback"
    ERASE_PERSON = "erase_person"


_O, _S, _AN, _R, _AD = Role.OPERATOR, Role.SUPERVISOR, Role.ANALYST, Role.REVIEWER, Role.ADMINISTRATOR

MAY: Final[Mapping[Act, frozenset[Role]]] = {
    Act.SEE_BOARD: frozenset({_O, _S}),
    Act.SEE_CALL: frozenset({_O, _S}),
    Act.FIND_CALLS: frozenset({_O, _S}),
    Act.HOLD_CALL: frozenset({_O, _S}),
    Act.RELEASE_CALL: frozenset({_O, _S}),
    Act.STOP_CALL: frozenset({_O, _S}),
    Act.CHANGE_LANGUAGE: frozenset({_O, _S}),
    Act.SEE_SERVICE: frozenset(Role),
    Act.STOP_SERVICE: frozenset({_O, _S, _AD}),  # whoever sees at three in the morning that it goes wrong
    Act.START_SERVICE: frozenset({_S, _AD}),
    Act.SET_MODE: frozenset({_AD}),
    Act.SEE_HISTORY: frozenset({_O, _S, _AN}),
    Act.EXPORT_HISTORY: frozenset({_S, _AN}),
    Act.SEE_OPT_OUTS: frozenset({_S}),
    Act.ENTER_OPT_OUT: frozenset({_O, _S}),
    Act.END_OPT_OUT: frozenset({_S}),  # of those that staff entered; a STOP is the phone's own
    Act.SEE_BLOCKED: frozenset({_S}),
    Act.BLOCK_NUMBER: frozenset({_O, _S}),
    Act.UNBLOCK_NUMBER: frozenset({_S}),
    Act.SEE_ISSUES: frozenset({_S, _AN}),
    Act.WORK_ON_ISSUES: frozenset({_S}),
    Act.SEE_THRESHOLDS: frozenset({_S, _AN, _AD}),
    Act.SEE_REPORT: frozenset({_S, _AN, _AD}),
    Act.EXPORT_REPORT: frozenset({_S, _AN, _AD}),
    Act.SEE_AUDIT: frozenset({_S, _AD}),
    Act.SEE_INSIGHTS: frozenset({_S, _AN}),
    Act.EXPORT_INSIGHTS: frozenset({_S, _AN}),
    Act.REVIEW_COMMENTS: frozenset({_R}),
    Act.SEE_SHARED_COMMENTS: frozenset({_O, _S}),  # whoever helped, and those who answer for them
    Act.SEE_MEMBER_FEEDBACK: frozenset({_S}),
    Act.ERASE_PERSON: frozenset({_AD}),  # by the command alone: no page shows an administrator a number
}

SHOWS_PERSONAL_DATA: Final = frozenset(
    {
        Act.SEE_CALL,
        Act.FIND_CALLS,
        Act.SEE_OPT_OUTS,
        Act.SEE_BLOCKED,
        Act.REVIEW_COMMENTS,
        Act.SEE_SHARED_COMMENTS,
        Act.SEE_MEMBER_FEEDBACK,
    }
)
"""Every look is in the audit log."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member of staff who is signed in. `subject` is who they are to whoever vouches for them."""

    subject: str
    name: str
    roles: frozenset[Role]

    def may(self, act: Act) -> bool:
        """Deny by default."""
        return not self.roles.isdisjoint(MAY.get(act, frozenset()))


def roles_named(names: Iterable[object]) -> frozenset[Role]:
    """The roles among these names; what is no role of ours counts for nothing."""
    known = {role.value: role for role in Role}
    return frozenset(known[name] for name in names if isinstance(name, str) and name in known)
