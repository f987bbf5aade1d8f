"""Bundles of open data: what was prepared, approved, declined. Nothing is public before a person has said so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select, update

from database.open_data import BundleState, OpenDataBundleRow, OpenDataFileRow
from database.tables import real_now


@dataclass(frozen=True, kw_only=True)
class File:
    """Of a bundle. `size` in bytes; `sha256` in hexadecimal digits."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """One version of one quarter, as it was prepared, and what was decided. `report`: the disclosure report; the
    public never sees it. `prepared_by` is `None` where the schedule did it. Times are real."""

    id: int
    agency: str
    period: str
    version: int
    period_start: date
    period_end: date
    base: int
    reason: Mapping[str, str] | None
    report: Mapping[str, Any]
    files: Sequence[File]
    state: BundleState
    prepared_at: datetime
    prepared_by: str | None
    decided_at: datetime | None
    decided_by: str | None
    decided_why: str | None
    published_at: datetime | None
    published_by: str | None

    @property
    def name(self) -> str:
        """As it is called in words and addresses: `2026-q3-v1`."""
        return f"{self.period}-v{self.version}"


class MeanwhileDecided(Exception):  # noqa: N818 - an outcome
    """Somebody has decided about this bundle already; nothing was changed."""


class NotSafe(Exception):  # noqa: N818 - an outcome
    """The disclosure report says that somebody could be found in it: nobody can approve that."""


class Bundles:
    """An agency's."""

    def __init__(self, engine: Engine, agency: str) -> None:
        self._engine = engine
        self._agency = agency

    def all(self) -> list[Bundle]:
        """The newest period and version first."""
        query = (
            select(OpenDataBundleRow)
            .where(col(OpenDataBundleRow.agency) == self._agency)
            .order_by(col(OpenDataBundleRow.period).desc(), col(OpenDataBundleRow.version).desc())
        )
        with Session(self._engine) as session:
            return [_bundle(row) for row in session.exec(query)]

    def one(self, period: str, version: int) -> Bundle | None:
        """As `2026-q3`, 1."""
        query = select(OpenDataBundleRow).where(
            col(OpenDataBundleRow.agency) == self._agency,
            col(OpenDataBundleRow.period) == period,
            col(OpenDataBundleRow.version) == version,
        )
        with Session(self._engine) as session:
            row = session.exec(query).one_or_none()
            return None if row is None else _bundle(row)

    def file(self, bundle: Bundle, name: str) -> bytes | None:
        """The file, byte for byte; `None`: the bundle has none of that name."""
        with Session(self._engine) as session:
            row = session.get(OpenDataFileRow, (bundle.id, name))
            return None if row is None else row.body

    def approve(self, bundle: Bundle, *, by: str, why: str) -> None:
        """It may be published.

        Raises:
            MeanwhileDecided: somebody was faster.
            NotSafe: its disclosure report forbids it.
            ValueError: without a name or a reason.
        """
        if not bundle.report.get("is_safe"):
            raise NotSafe
        self._decide(bundle, BundleState.APPROVED, by=by, why=why)

    def decline(self, bundle: Bundle, *, by: str, why: str) -> None:
        """It is never published; a next version may be.

        Raises:
            MeanwhileDecided: somebody was faster.
            ValueError: without a name or a reason.
        """
        self._decide(bundle, BundleState.DECLINED, by=by, why=why)

    def _decide(self, bundle: Bundle, state: BundleState, *, by: str, why: str) -> None:
        if not by.strip() or not why.strip():
            raise ValueError("a decision has a name and a reason")
        decide = (
            update(OpenDataBundleRow)
            .where(col(OpenDataBundleRow.id) == bundle.id, col(OpenDataBundleRow.state) == BundleState.PREPARED.value)
            .values(state=state.value, decided_by=by.strip(), decided_why=why.strip(), decided_real=real_now())
            .returning(col(OpenDataBundleRow.id))
        )
        with Session(self._engine) as session, session.begin():
            if session.execute(decide).first() is None:
                raise MeanwhileDecided


def _bundle(row: OpenDataBundleRow) -> Bundle:
    assert row.id is not None  # noqa: S101 - it is read from the table
    return Bundle(
        id=row.id,
        agency=row.agency,
        period=row.period,
        version=row.version,
        period_start=row.period_start,
        period_end=row.period_end,
        base=row.base,
        reason=row.reason,
        report=row.report,
        files=[File(name=one["name"], size=one["size"], sha256=one["sha256"]) for one in row.files],
        state=BundleState(row.state),
        prepared_at=row.prepared_real,
        prepared_by=row.prepared_by,
        decided_at=row.decided_real,
        decided_by=row.decided_by,
        decided_why=row.decided_why,
        published_at=row.published_real,
        published_by=row.published_by,
    )
