"""Emerging issues as staff look through them, and what they write down of their work on one. Nothing acts by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Engine, RowMapping, func, text
from sqlmodel import Session, col, select

from calls.issues import State
from database.issues import EmergingIssueRow, EmergingRunRow, IssueStepRow
from insights.months import Month
from web.staff.access.roles import Member

MOST_CHARACTERS: Final = 1000
"""Of a note."""
_A_PAGE: Final = 50
_ISSUES: Final = (
    "SELECT i.*, s.id AS step_id, s.state, s.useful, s.note, s.by, s.at_real FROM emerging_issue i LEFT JOIN LATERAL ("
    "SELECT * FROM issue_step WHERE issue_id = i.id ORDER BY id DESC LIMIT 1) s ON true WHERE i.agency = :agency"
)
_OF_AREA: Final = " AND i.area = :area"
_OF_GROUP: Final = " AND i.call_type_group = :group"
_IN_STATES: Final = " AND COALESCE(s.state, 'identified') = ANY(:states)"
_FROM: Final = " AND i.last_day >= :first"
_TO: Final = " AND i.first_day < :after"
_BEFORE: Final = " AND i.id < :before"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What somebody did. `useful`: of one that is evaluated."""

    id: int
    state: State
    useful: bool | None
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Issue:
    """`group` is empty for all of the area's calls. Figures are those of the week that ends with `last_day`."""

    id: int
    area: str
    group: str
    first_day: date
    last_day: date
    observed: int
    expected: float
    p: float
    weeks: Sequence[int]
    last_step: Step | None

    @property
    def state(self) -> State:
        return State.IDENTIFIED if self.last_step is None else self.last_step.state

    @property
    def times(self) -> float:
        return self.observed / self.expected


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which issues; empty is any. `group`: `None` is any, empty is areas as a whole. `first`, `last`: told in these
    months, or between them."""

    states: Sequence[State] = ()
    area: str = ""
    group: str | None = None
    first: Month | None = None
    last: Month | None = None


@dataclass(frozen=True, kw_only=True)
class IssuesPage:
    """The newest first. `older`: the id before which the next page begins."""

    issues: Sequence[Issue]
    older: int | None


class MeanwhileChanged(Exception):  # noqa: N818 - an outcome
    """Somebody else has written a step since the page was shown."""


class Issues:
    """An agency's."""

    def __init__(self, engine: Engine, agency: str) -> None:
        self._engine = engine
        self._agency = agency

    def page(self, wanted: Wanted, *, before: int | None = None, limit: int = _A_PAGE) -> IssuesPage:
        """Of those that are wanted."""
        where, values = self._where(wanted)
        if before is not None:
            where, values = where + _BEFORE, values | {"before": before}
        statement = text(f"{_ISSUES}{where} ORDER BY i.id DESC LIMIT :limit")
        with Session(self._engine) as session:
            rows = session.execute(statement, values | {"limit": limit + 1}).mappings().all()
        issues = [_issue(row) for row in rows[:limit]]
        return IssuesPage(issues=issues, older=issues[-1].id if len(rows) > limit else None)

    def by_state(self, wanted: Wanted) -> dict[State, int]:
        """How many there are in each state, whichever is wanted."""
        where, values = self._where(replace(wanted, states=()))
        statement = text(f"SELECT COALESCE(state, 'identified'), count(*) FROM ({_ISSUES}{where}) AS all_ GROUP BY 1")  # noqa: S608 - ours
        with Session(self._engine) as session:
            counts = {row[0]: row[1] for row in session.execute(statement, values)}
        return {state: counts.get(state, 0) for state in State}

    def one(self, id_: int) -> Issue | None:
        statement = text(f"{_ISSUES} AND i.id = :id")
        with Session(self._engine) as session:
            row = session.execute(statement, {"agency": self._agency, "id": id_}).mappings().one_or_none()
        return None if row is None else _issue(row)

    def steps(self, id_: int) -> list[Step]:
        """All, the newest first."""
        query = select(IssueStepRow).where(col(IssueStepRow.issue_id) == id_).order_by(col(IssueStepRow.id).desc())
        with Session(self._engine) as session:
            return [_step(row.model_dump()) for row in session.exec(query).all()]

    def take_step(
        self, issue: Issue, state: State, *, note: str, useful: bool | None, by: Member, after: int | None
    ) -> None:
        """Write down what was done. `after`: the step that was the last one where the page was shown.

        Raises:
            MeanwhileChanged: it is not any more.
            ValueError: without a note; or one that is evaluated without a word on whether it was useful.
        """
        if not note.strip() or (state is State.EVALUATED) != (useful is not None):
            raise ValueError("a step has a note, and an evaluation a verdict")
        with Session(self._engine) as session, session.begin():
            session.exec(
                select(EmergingIssueRow.id).where(col(EmergingIssueRow.id) == issue.id).with_for_update()
            ).one()
            newest = select(func.max(col(IssueStepRow.id))).where(col(IssueStepRow.issue_id) == issue.id)
            if session.exec(newest).one() != after:
                raise MeanwhileChanged
            session.add(
                IssueStepRow(
                    issue_id=issue.id,
                    state=state,
                    useful=useful,
                    note=note.strip()[:MOST_CHARACTERS],
                    by=by.name,
                )
            )

    def areas(self) -> list[str]:
        """Those of which anything was ever told."""
        query = select(EmergingIssueRow.area).where(col(EmergingIssueRow.agency) == self._agency).distinct()
        with Session(self._engine) as session:
            return sorted(session.exec(query).all())

    def months(self) -> list[Month]:
        """From the first one in which anything was told to the last one, the newest first."""
        query = select(func.min(col(EmergingIssueRow.first_day)), func.max(col(EmergingIssueRow.last_day)))
        with Session(self._engine) as session:
            first, last = session.exec(query.where(col(EmergingIssueRow.agency) == self._agency)).one()
        months: list[Month] = []
        if first is not None and last is not None:
            month = Month(last.year, last.month)
            while month >= Month(first.year, first.month):
                months.append(month)
                month = month.before
        return months

    def groups(self) -> list[str]:
        """Likewise; empty: areas as a whole."""
        query = select(EmergingIssueRow.call_type_group).where(col(EmergingIssueRow.agency) == self._agency).distinct()
        with Session(self._engine) as session:
            return sorted(session.exec(query).all())

    def looked_until(self) -> date | None:
        """The last day that was looked at."""
        with Session(self._engine) as session:
            run = session.get(EmergingRunRow, self._agency)
        return None if run is None else run.day

    def _where(self, wanted: Wanted) -> tuple[str, dict[str, Any]]:
        where = ""
        values: dict[str, Any] = {"agency": self._agency}
        for part, condition, name, value in (
            (wanted.area, _OF_AREA, "area", wanted.area),
            (wanted.group is not None, _OF_GROUP, "group", wanted.group),
            (wanted.first, _FROM, "first", wanted.first and wanted.first.first_day),
            (wanted.last, _TO, "after", wanted.last and wanted.last.after.first_day),
            (wanted.states, _IN_STATES, "states", [state.value for state in wanted.states]),
        ):
            if part:
                where, values = where + condition, values | {name: value}
        return where, values


def _issue(row: RowMapping) -> Issue:
    step = None if row["step_id"] is None else _step({**row, "id": row["step_id"]})
    return Issue(
        id=row["id"],
        area=row["area"],
        group=row["call_type_group"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        observed=row["observed"],
        expected=row["expected"],
        p=row["p"],
        weeks=row["weeks"],
        last_step=step,
    )


def _step(row: dict[str, Any]) -> Step:
    return Step(
        id=row["id"],
        state=State(row["state"]),
        useful=row["useful"],
        note=row["note"],
        by=row["by"],
        at=row["at_real"],
    )
