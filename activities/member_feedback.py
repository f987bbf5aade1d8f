"""R7: in the nightly cut, what ten callers have said of one member is written for the member to read; the rest waits.

docs/decisions/0028-members-own-feedback.md
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import structlog
from pydantic import ValidationError
from sqlmodel import Session, SQLModel, and_, col, delete, or_

from activities.call_members import is_over
from activities.services import TextServices
from database.encryption import KeyringError
from database.surveys import NOT_REVIEWED, CallMemberRow, HeldFeedbackRow, MemberFeedbackRow
from survey.context import iso_week
from survey.members import HeldFeedback, batches

log = structlog.get_logger()

_Row = dict[str, Any]
WriteAnew = Callable[[Session, type[SQLModel], Sequence[Any], Sequence[_Row]], None]


def cut_members_feedback(
    session: Session, services: TextServices, *, day: date, now: datetime, write_anew: WriteAnew
) -> None:
    """The members' part of the cut of `day`, in its transaction; `write_anew` is the cut's own.

    Where the agency's folder does not ask for it (any more), what is held is deleted: nobody may read it.
    """
    is_wanted = services.agency.survey.members_feedback is not None
    held, others, unreadable = _take(session, services)
    parting = batches(held if is_wanted else [], week=iso_week(day))
    sealed = services.keyring.encrypt_without_time
    write_anew(
        session, HeldFeedbackRow, [], [*others, *({"body_encrypted": sealed(one.as_text())} for one in parting.waits)]
    )
    month = f"{day:%Y-%m}"
    of_month = and_(col(MemberFeedbackRow.agency) == services.agency.key, col(MemberFeedbackRow.month) == month)
    write_anew(session, MemberFeedbackRow, [of_month], _rows(parting.ready, services, month))
    of_agency = col(CallMemberRow.agency) == services.agency.key
    is_gone = or_(is_over(col(CallMemberRow.call_id), now), not is_wanted)
    session.execute(delete(CallMemberRow).where(of_agency, is_gone))
    for what, count in (
        ("members' feedback was dropped: too few in all", parting.dropped),
        ("held members' feedback cannot be read", unreadable),
    ):
        if count:
            log.warning(what, count=count)


def _take(session: Session, services: TextServices) -> tuple[list[HeldFeedback], list[_Row], int]:
    """All that is held is taken out: ours, what is not ours to cut, and how much of that cannot be read."""
    ours: list[HeldFeedback] = []
    others: list[_Row] = []
    unreadable = 0
    for body in session.execute(delete(HeldFeedbackRow).returning(col(HeldFeedbackRow.body_encrypted))).scalars():
        try:
            one = HeldFeedback.model_validate_json(services.keyring.decrypt(body))
        except (KeyringError, ValidationError):
            unreadable += 1
            others.append({"body_encrypted": body})
            continue
        if one.agency == services.agency.key:
            ours.append(one)
        else:
            others.append({"body_encrypted": body})
    return ours, others, unreadable


def _rows(ready: Sequence[HeldFeedback], services: TextServices, month: str) -> list[_Row]:
    """Of those who could have written a comment and did not, there is no row."""
    return [
        {
            "agency": services.agency.key,
            "role": one.role.value,
            "key_hash": one.key,
            "month": month,
            "scores": None if one.scores is None else dict(one.scores),
            "comment_encrypted": None if one.comment is None else services.keyring.encrypt_without_time(one.comment),
            **NOT_REVIEWED,
        }
        for one in ready
        if one.scores is not None or one.comment is not None
    ]
