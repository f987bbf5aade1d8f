"""The review of comments: a person reads what residents wrote before anybody else does, and decides.

Comments stand in two tables: those of the survey, and those that a member of the service may read of himself or
herself. Their ids do not last: the cut writes the newest ones anew each night, with what was decided. Whoever decides
names the words decided on and what was decided of them before (`mark`), by which a comment is found again under its
new id, and two who decide at once hear of each other.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from database.encryption import Keyring
from database.surveys import MemberFeedbackRow, SurveyCommentRow
from database.tables import real_now
from insights.topics import Topic, topics_named
from survey.context import first_day
from survey.review import Decision, Mask, masked

_MOST: Final = 50
"""On one page."""
Row = SurveyCommentRow | MemberFeedbackRow


class Outcome(StrEnum):
    """What became of a decision."""

    KEPT = "kept"
    CHANGED = "changed"
    """Somebody else has changed it meanwhile, or it is gone: nothing was done."""
    NO_CONSENT = "no_consent"
    """The resident has not agreed: nothing was done."""
    LOOK_FIRST = "look_first"
    """It sounds urgent, and nobody has said what was done about it: nothing was done."""


@dataclass(frozen=True, kw_only=True)
class Comment:
    """Words in clear, masked: for the reviewer's eyes. `period`: its ISO week, or the month of a member's."""

    id: UUID
    period: str
    language: str | None
    """None: a member's; its table does not say."""
    comment: str
    may_share: bool
    urgent: bool
    for_member: bool
    decision: Decision | None
    shared: bool
    topics: Sequence[Topic] | None
    mark: str
    """Of what was read, and what was decided of it: comes back with the decision."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Those that nobody has decided on, the urgent first, then the oldest. `in_all`: how many there are."""

    comments: Sequence[Comment]
    in_all: int


class CommentReview:
    """Of one agency."""

    def __init__(self, *, engine: Engine, keyring: Keyring, agency: str) -> None:
        self._engine, self._keyring, self._agency = engine, keyring, agency

    def waiting(self, language: str = "") -> Waiting:
        """For a person to decide on; at most fifty of them. `language`: only of this one, if any; a member's comment
        has none."""
        with Session(self._engine) as session:
            rows: list[Row] = []
            in_all = 0
            for of in _in(language):
                undecided = self._all(of, language).where(~col(of.reviewed))
                first = [col(SurveyCommentRow.urgent).desc()] if of is SurveyCommentRow else []
                rows += session.exec(undecided.order_by(*first, _period_of(of), col(of.id)).limit(_MOST)).all()
                in_all += session.exec(select(func.count()).select_from(undecided.subquery())).one()
            rows.sort(key=lambda row: (not _urgent(row), first_day(_period(row)), str(row.id)))
            return Waiting(comments=[self._read(row) for row in rows[:_MOST]], in_all=in_all)

    def decided(self, decision: Decision, language: str = "") -> list[Comment]:
        """The newest of those of which this was decided: a decision can be changed."""
        with Session(self._engine) as session:
            rows = [
                row
                for of in _in(language)
                for row in session.exec(
                    self._all(of, language)
                    .where(col(of.decision) == decision)
                    .order_by(_period_of(of).desc())
                    .limit(_MOST)
                )
            ]
            rows.sort(key=lambda row: (first_day(_period(row)), str(row.id)), reverse=True)
            return [self._read(row) for row in rows[:_MOST]]

    def one(self, id_: UUID) -> Comment | None:
        """`None`: there is none under this id, since the night perhaps."""
        with Session(self._engine) as session:
            rows = [row for of in _TABLES for row in session.exec(self._all(of).where(col(of.id) == id_))]
            return self._read(rows[0]) if rows else None

    def mask(self, id_: UUID, *, period: str, mark: str, places: Collection[int], mask: Mask) -> Comment | None:
        """Only the text without these words is kept. The comment as it is now; `None`: it has changed meanwhile, and
        nothing was done."""
        with Session(self._engine) as session, session.begin():
            row = self._find(session, id_, period=period, mark=mark)
            if row is None:
                return None
            text = masked(self._words(row), places, mask)
            row.comment_encrypted = self._keyring.encrypt_without_time(text)
            session.add(row)
            session.flush()
            return self._read(row)

    def decide(
        self, id_: UUID, *, period: str, mark: str, decision: Decision, share: bool, topics: Sequence[str]
    ) -> Outcome:
        """What a person says of it. `share`: those who helped may read it; only with the resident's consent."""
        with Session(self._engine) as session, session.begin():
            row = self._find(session, id_, period=period, mark=mark)
            if row is None:
                return Outcome.CHANGED
            if _urgent(row):
                return Outcome.LOOK_FIRST
            if share and not _may_share(row):
                return Outcome.NO_CONSENT
            row.reviewed = True
            row.decision = decision
            row.shared = share and decision is Decision.APPROVED
            row.topics = [topic.value for topic in topics_named(topics)]
            row.reviewed_month = f"{real_now():%Y-%m}"
            session.add(row)
        return Outcome.KEPT

    def _find(self, session: Session, id_: UUID, *, period: str, mark: str) -> Row | None:
        """The row, locked. Where the night has given it another id, the one of its period with the same words, the
        same consent and the same decision: if there are two, either may be the other."""
        for of in _TABLES:
            row = self._locked(session, of, id_)
            if row is not None:
                return row if self._mark(row) == mark else None
        for of in _TABLES:
            alike = self._all(of).where(_period_of(of) == period).order_by(col(of.reviewed))
            found = next((row for row in session.exec(alike) if self._mark(row) == mark), None)
            if found is not None:
                row = self._locked(session, of, found.id)
                return row if row is not None and self._mark(row) == mark else None
        return None

    def _locked(self, session: Session, of: type[Row], id_: UUID) -> Row | None:
        one = self._all(of).where(col(of.id) == id_).with_for_update().execution_options(populate_existing=True)
        row: Row | None = session.exec(one).one_or_none()
        return row

    def _all(self, of: type[Row], language: str = "") -> Any:
        of_agency = select(of).where(col(of.agency) == self._agency, col(of.comment_encrypted).is_not(None))
        return of_agency.where(col(SurveyCommentRow.language) == language) if language else of_agency

    def _words(self, row: Row) -> str:
        return self._keyring.decrypt(row.comment_encrypted or "")

    def _mark(self, row: Row) -> str:
        return self._mark_of(row, self._words(row))

    def _mark_of(self, row: Row, words: str) -> str:
        decided = f"{row.decision} {row.shared} {row.topics}"
        said = f"{_period(row)}\n{_may_share(row)}\n{isinstance(row, MemberFeedbackRow)}\n{decided}\n{words}"
        return self._keyring.content_hash(b"comment\n" + said.encode())

    def _read(self, row: Row) -> Comment:
        words = self._words(row)
        return Comment(
            id=row.id,
            period=_period(row),
            language=row.language if isinstance(row, SurveyCommentRow) else None,
            comment=words,
            may_share=_may_share(row),
            urgent=_urgent(row),
            for_member=isinstance(row, MemberFeedbackRow),
            decision=None if row.decision is None else Decision(row.decision),
            shared=row.shared,
            topics=None if row.topics is None else topics_named(row.topics),
            mark=self._mark_of(row, words),
        )


_TABLES: Final[tuple[type[SurveyCommentRow], type[MemberFeedbackRow]]] = (SurveyCommentRow, MemberFeedbackRow)


def _in(language: str) -> Sequence[type[Row]]:
    """The tables in which a comment can be of this language."""
    return (SurveyCommentRow,) if language else _TABLES


def _period_of(of: type[Row]) -> Any:
    return col(of.week) if issubclass(of, SurveyCommentRow) else col(of.month)


def _period(row: Row) -> str:
    return row.week if isinstance(row, SurveyCommentRow) else row.month


def _urgent(row: Row) -> bool:
    """One that sounds urgent is never a member's (survey.members)."""
    return isinstance(row, SurveyCommentRow) and row.urgent


def _may_share(row: Row) -> bool:
    """A member's would not be there without the resident's consent (survey.members)."""
    return row.may_share if isinstance(row, SurveyCommentRow) else True
