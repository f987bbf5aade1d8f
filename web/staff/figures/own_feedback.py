"""What callers say of one member of the service, for the member and a supervisor to talk about: monthly, ten together,
looked up by the key that somebody types in. There is no list of members, and nothing to measure one by another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from database.encryption import Keyring
from database.surveys import MemberFeedbackRow, SurveyCutRow
from insights.of_members import Batch, monthly
from policy.agency import Agency
from survey.questions import Question, QuestionKind, Role
from survey.review import Decision


@dataclass(frozen=True, kw_only=True)
class OwnFeedback:
    """The newest month first; comments in no order, and without their month. Nothing: nobody of this key, or too few
    callers, and it is not told which."""

    questions: Sequence[Question]
    batches: Sequence[Batch]
    comments: Sequence[str]


def asked_about(agency: Agency) -> Sequence[Role]:
    """About whom the agency's survey asks; nobody, where members' feedback is off."""
    asks = agency.survey.members_feedback
    return asks.roles if asks else ()


def member_hashes(keyring: Keyring, agency: Agency, *, role: Role, key: str) -> tuple[str, ...]:
    """By which the member is found, whichever lookup key was in force. The member's key itself is kept nowhere."""
    return tuple(ring.member_hash(agency=agency.key, role=role, key=key.strip()) for ring in keyring.rings)


def own_feedback(engine: Engine, keyring: Keyring, agency: Agency, *, role: Role, member: Sequence[str]) -> OwnFeedback:
    """`member`: see `member_hashes`. Only months that are over: of one that still grows, the difference of two looks
    would be the answers of few."""
    asks = agency.survey.members_feedback
    ids = () if asks is None else asks.of(role)
    questions = [one for one in agency.survey.questions if one.id in ids and one.kind is QuestionKind.SCALE]
    with Session(engine) as session:
        cut = session.get(SurveyCutRow, agency.key)
        if cut is None or cut.day is None or not ids:
            return OwnFeedback(questions=questions, batches=(), comments=())
        of_member = select(MemberFeedbackRow).where(
            col(MemberFeedbackRow.agency) == agency.key,
            col(MemberFeedbackRow.role) == role,
            col(MemberFeedbackRow.key_hash).in_(member),
            col(MemberFeedbackRow.month) < f"{cut.day + timedelta(days=1):%Y-%m}",
        )
        marks = [
            (row.month, row.scores)
            for row in session.exec(of_member.where(col(MemberFeedbackRow.comment_encrypted).is_(None)))
            if row.scores is not None
        ]
        may_be_read = of_member.where(
            col(MemberFeedbackRow.shared),
            col(MemberFeedbackRow.reviewed),
            col(MemberFeedbackRow.decision) == Decision.APPROVED,
        )
        words = session.exec(may_be_read.order_by(col(MemberFeedbackRow.id))).all()
        batches = monthly(marks, [one.id for one in questions], at_least=agency.insights.members_at_least)
        return OwnFeedback(
            questions=questions,
            batches=batches,
            comments=[keyring.decrypt(row.comment_encrypted or "") for row in words] if batches else (),
        )
