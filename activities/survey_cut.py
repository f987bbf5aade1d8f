"""R7: once a night what was answered is cut from the calls: all together, in random order, in one transaction.

Nothing of it is told outside the database: no count, no time but the day (docs/decisions/0027-the-cut.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random, SystemRandom
from typing import Any, Final
from uuid import uuid4

import structlog
from pydantic import ValidationError
from sqlalchemy import Table, and_, func, text
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel, col, delete, insert, or_, select

from activities.member_feedback import cut_members_feedback
from activities.services import TextServices
from calls.reconciliation import Batch
from database.encryption import KeyringError
from database.surveys import (
    CUTTING,
    EMPTIED_AT_NIGHT,
    NOT_REVIEWED,
    WRITTEN_AT_NIGHT,
    HeldAnswerRow,
    SurveyCommentRow,
    SurveyCountRow,
    SurveyCutRow,
    SurveyDraftRow,
)
from database.tables import SurveyInvitationRow, SurveyResponseRow
from survey.context import iso_week
from survey.cut import Parting, cut
from survey.held import HeldAnswer

log = structlog.get_logger()

_DAY_ENDS: Final = timedelta(hours=3)
"""Local time: what is sent after midnight still belongs to the day before."""
_A_DAY: Final = timedelta(days=1)
_AT_MOST_MS: Final = 120_000
"""For a statement, and between two: a hundred cities' day takes some seconds of each."""
_NOBODY_WAITS_MS: Final = 1_000
"""Longest wait for a table of its own: who sends a survey waits behind it, and gives up after five seconds."""
_Row = dict[str, Any]


@dataclass(kw_only=True)
class _Taken:
    """What was held. `rows` of `answers`, in the same order; `others`: another agency's, or not to be read."""

    answers: list[HeldAnswer] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)
    others: list[_Row] = field(default_factory=list)
    unreadable: int = 0

    @property
    def without_facts(self) -> int:
        return sum(answer.without_facts for answer in self.answers)


class SurveyCut:
    """Makes the cut of a day that has none yet. `chance` shuffles."""

    def __init__(self, services: TextServices, *, chance: Random | None = None) -> None:
        self._is = services
        self._chance = chance or SystemRandom()

    def __call__(self) -> Batch:
        """All of a day, or nothing: a crash on the way leaves everything as it was."""
        now = self._is.clock.now()
        day = self._day_that_ended(now)
        with Session(self._is.engine) as session, session.begin():
            made = self._make(session, day, now)
        if not made:
            return Batch()
        self._clear_away()
        log.info("surveys were cut from their calls", day=day.isoformat())
        return Batch(done=1)

    def _make(self, session: Session, day: date, now: datetime) -> bool:
        # Of all agencies in one database: a cut takes everything in hand, and who came meanwhile would find nothing.
        if not session.execute(select(func.pg_try_advisory_xact_lock(CUTTING))).scalar_one():
            return False
        agency = self._is.agency.key
        session.execute(insert_or(SurveyCutRow).values(agency=agency).on_conflict_do_nothing())
        last = session.get_one(SurveyCutRow, agency)
        if last.day is not None and last.day > day + _A_DAY:
            log.warning("the last cut was made in the future: the clock has gone back", last=last.day.isoformat())
            last.day = None
        if last.day is not None and last.day >= day:
            return False
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            session.execute(select(func.set_config(limit, str(_AT_MOST_MS), True)))  # noqa: FBT003
        self._part(session, iso_week(day))
        cut_members_feedback(session, self._is, day=day, now=now, write_anew=self._write_anew)
        self._write_invitations_anew(session, now)
        self._delete_drafts(session, now)
        last.day = day
        session.add(last)
        session.flush()
        self._write_counters_anew(session)
        return True

    def _part(self, session: Session, week: str) -> None:
        taken = self._take(session)
        parting = cut(taken.answers, week=week)
        waiting = [taken.rows[place] for place in parting.waits]
        self._write_anew(session, HeldAnswerRow, [], [*taken.others, *map(self._again, waiting)])
        of_week = and_(col(SurveyResponseRow.agency) == self._is.agency.key, col(SurveyResponseRow.week) == week)
        self._write_anew(session, SurveyResponseRow, [of_week], self._responses(parting, week))
        of_week = and_(col(SurveyCommentRow.agency) == self._is.agency.key, col(SurveyCommentRow.week) == week)
        self._write_anew(session, SurveyCommentRow, [of_week], self._comments(parting, week))
        for what, count in (
            ("answers were dropped: too few in all", parting.dropped),
            ("comments were dropped: too few in their language", parting.silenced),
            ("held answers cannot be read", taken.unreadable),
            ("answers say nothing of their calls: the facts cannot be read", taken.without_facts),
        ):
            if count:
                log.warning(what, count=count)

    def _take(self, session: Session) -> _Taken:
        """All that is held is taken out; what waits, or is not ours to cut, is put back."""
        taken = _Taken()
        for row in _taken_out(session, HeldAnswerRow, []):
            answer = self._read(row["body_encrypted"])
            if answer is not None and answer.agency == self._is.agency.key:
                taken.answers.append(answer)
                taken.rows.append(row)
            else:
                taken.unreadable += answer is None
                taken.others.append(row)
        return taken

    def _read(self, body: str) -> HeldAnswer | None:
        try:
            return HeldAnswer.model_validate_json(self._is.keyring.decrypt(body))
        except (KeyringError, ValidationError):
            return None

    def _again(self, row: _Row) -> _Row:
        keyring = self._is.keyring
        return {**row, "body_encrypted": keyring.encrypt_without_time(keyring.decrypt(row["body_encrypted"]))}

    def _responses(self, parting: Parting, week: str) -> list[_Row]:
        return [
            {
                "agency": self._is.agency.key,
                "survey_version": response.survey_version,
                "language": response.language,
                "week": week,
                "answers": dict(response.answers),
                "context": response.context.model_dump(exclude_none=True),
            }
            for response in parting.responses
        ]

    def _comments(self, parting: Parting, week: str) -> list[_Row]:
        return [
            {
                "agency": self._is.agency.key,
                "week": week,
                "language": comment.language,
                "comment_encrypted": self._is.keyring.encrypt_without_time(comment.comment),
                "may_share": comment.may_share,
                "urgent": comment.urgent,
                **NOT_REVIEWED,
            }
            for comment in parting.comments
        ]

    def _write_anew(self, session: Session, table: type[SQLModel], of: Sequence[Any], new: Sequence[_Row]) -> None:
        """The rows that are there already (`of`) and the new ones, as if they had come together: new ids, random order,
        one transaction. An update would leave each where it was."""
        rows = [*(_taken_out(session, table, of) if of else []), *new]
        self._chance.shuffle(rows)
        if rows:
            session.execute(insert(table), [{**row, "id": uuid4()} for row in rows])

    def _write_invitations_anew(self, session: Session, now: datetime) -> None:
        """A link's transaction must not say when it was opened or used, nor its place among the others. Those that have
        expired since the last cut are over, and it is forgotten whether they were opened or used: were the clock to go
        back, they would stay closed."""
        table = _table(SurveyInvitationRow)
        has_expired = and_(table.c.expires_at <= now, ~table.c.over)
        still_in_hand = and_(or_(table.c.used, table.c.opened), table.c.expires_at > now)
        gone = delete(table).where(or_(has_expired, still_in_hand)).returning(*table.c).cte("gone")
        still = {name: and_(gone.c[name], gone.c.expires_at > now) for name in ("used", "opened")}
        anew = {**still, "over": or_(gone.c.over, gone.c.expires_at <= now)}
        columns = [anew.get(column.name, gone.c[column.name]) for column in table.c]
        shuffled = select(*columns).order_by(func.gen_random_uuid())
        session.execute(insert(table).from_select([column.name for column in table.c], shuffled))

    def _write_counters_anew(self, session: Session) -> None:
        """Who was the last of a week to open a link, or to begin, has the counter's transaction. Last of all: until the
        cut ends, whoever opens a link waits for it."""
        of_agency = col(SurveyCountRow.agency) == self._is.agency.key
        rows = _taken_out(session, SurveyCountRow, [of_agency])
        self._chance.shuffle(rows)
        if rows:
            session.execute(insert(SurveyCountRow), rows)

    def _delete_drafts(self, session: Session, now: datetime) -> None:
        """Of links that have expired. One that was saved while its survey was sent from another page goes, too."""
        used = select(SurveyInvitationRow.id).where(col(SurveyInvitationRow.used))
        is_over = or_(col(SurveyDraftRow.expires_at) <= now, col(SurveyDraftRow.invitation_id).in_(used))
        session.execute(delete(SurveyDraftRow).where(is_over))

    def _clear_away(self) -> None:
        """Deleted rows stand in their pages, with their transactions, until the tables are vacuumed; and their bytes
        until the room is needed. What leads from an answer to its link gets files of its own: those tables are small.
        """
        tables = (*EMPTIED_AT_NIGHT, *WRITTEN_AT_NIGHT)
        try:
            with self._is.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.detach()  # its limits are its own
                connection.execute(text(f"SET statement_timeout = {_AT_MOST_MS}"))
                connection.execute(text(f"VACUUM (TRUNCATE FALSE) {_names(tables)}"))
                connection.execute(text(f"SET lock_timeout = {_NOBODY_WAITS_MS}"))
                connection.execute(text(f"VACUUM (FULL) {_names(EMPTIED_AT_NIGHT)}"))
        except SQLAlchemyError as error:
            log.warning("the survey's tables were not vacuumed", cause=type(error).__name__)

    def _day_that_ended(self, now: datetime) -> date:
        return (now.astimezone(self._is.agency.policy.timetable.zone_info) - _DAY_ENDS).date() - _A_DAY


def _taken_out(session: Session, table: type[SQLModel], of: Sequence[Any]) -> list[_Row]:
    columns = _table(table).c
    return [dict(row) for row in session.execute(delete(table).where(*of).returning(*columns)).mappings()]


def _names(tables: Sequence[type[SQLModel]]) -> str:
    return ", ".join(_table(table).name for table in tables)


def _table(table: type[SQLModel]) -> Table:
    found: Table = table.__table__  # type: ignore[attr-defined]
    return found
