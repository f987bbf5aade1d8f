"""Prepares the bundle of a quarter for a person to look at: counts, protects, writes the files, attacks them, and keeps
files and report in the database. Nothing is published here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_bytes
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from activities.quarter_counts import count_quarter
from database.encryption import Keyring
from database.open_data import BundleState, OpenDataBundleRow, OpenDataFileRow
from insights.open_data.attack import World, attack
from insights.open_data.bundle import Geometries, write_bundle
from insights.open_data.counted import QuarterCounts
from insights.open_data.edition import Edition, NotFilledIn
from insights.open_data.intervals import Interval
from insights.open_data.places import Map
from insights.open_data.quarters import Quarter
from insights.open_data.released import Released
from insights.open_data.report import known_of, listed_of, report_of, rules_of
from insights.open_data.shown import Known, Rules, Shown
from policy.agency import Agency
from policy.boundaries import read_boundaries
from survey.areas import closed_questions
from survey.questions import Localized

Beat = Callable[[str], object]


class Count(Protocol):
    """What happened in a quarter."""

    def __call__(self, session: Session, agency: Agency, quarter: Quarter, /, *, beat: Beat) -> QuarterCounts: ...


_QUARTERS_COMPARED: Final = 8
"""Two years: what is counted by area may be of answers of half a year before."""


class CannotPrepare(Exception):  # noqa: N818 - an outcome
    """There is nothing to prepare now; the message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to prepare. `by`: who asked for it; `None`: the schedule. `reason`: of a version after the first."""

    quarter: Quarter
    now: datetime
    by: str | None = None
    reason: Localized | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What waits for a person now."""

    version: int
    is_safe: bool


@dataclass(frozen=True, kw_only=True)
class _Earlier:
    row: OpenDataBundleRow
    released: Released
    known: Known
    listed: Known


def newest_due(agency: Agency, now: datetime) -> Quarter:
    """The newest quarter that is over for as long as the agency's folder says."""
    if agency.open_data is None:
        raise NotFilledIn("the agency's folder has no open_data.yaml; see docs/agency-folder.md")
    return Quarter.newest_due(now, zone=agency.policy.timetable.zone_info, lag=agency.open_data.lag)


def prepare(
    engine: Engine,
    agency: Agency,
    order: Order,
    *,
    keyring: Keyring,
    beat: Beat,
    count: Count | None = None,
    new_secret: Callable[[], bytes] = token_bytes,
) -> Prepared:
    """One version of one quarter. `count`: a demonstration makes its counts up. `new_secret`: by which a quarter's
    first version is rounded; pictures and tests want the same one each time.

    Raises:
        CannotPrepare: it is not over for long enough, there is one already, or that one was made by other rules.
        NotFilledIn: the agency's folder lacks something.
        KeyringError: the key that the first version's secret is encrypted with is not here.
        CannotBe: no counts fit what would be published: a fault of ours.
    """
    if order.quarter > newest_due(agency, order.now):
        raise CannotPrepare(f"{order.quarter} is not over for long enough: answers still come in")
    with Session(engine) as session:
        rows = _rows(session, agency.key)
        version = _next_version(rows, order)
        edition = Edition.of(agency, order.quarter, version=version, reason=order.reason, prepared_at=order.now)
        counts = (count or count_quarter)(session, agency, order.quarter, beat=beat)
        map_ = Map(id=agency.key, areas=edition.open_data.areas)
        earlier, others = _comparable(session, rows, edition, map_)
    same = [one for one in earlier if one.released.quarter == order.quarter]
    kept = same[0].row.secret_encrypted if same else None
    secret = new_secret() if kept is None else bytes.fromhex(keyring.decrypt(kept))
    shown = Shown(
        counts,
        map_=map_,
        quarter=order.quarter,
        priorities=agency.policy.eligibility.priorities,
        survey=agency.survey,
        rules=Rules(
            base=edition.open_data.base,
            least_calls=edition.open_data.least_calls,
            least_calls_survey=edition.open_data.least_calls_survey,
            secret=secret,
        ),
        known=same[0].known if same else None,
    )
    beat("writes the files")
    was_on = agency.policy.timetable.survey.enabled or shown.had_survey
    with TemporaryDirectory() as place:
        listed = write_bundle(
            Path(place),
            edition,
            shown,
            survey_version=agency.survey.version,
            was_on=was_on,
            geometries=_geometries(agency),
        )
        files = {path.name: path.read_bytes() for path in Path(place).iterdir()}
    beat("attacks them")
    found = _attacked(agency, edition, map_, files, shown, earlier)
    report = report_of(
        edition,
        shown,
        found,
        counts=counts,
        was_on=was_on,
        compared_with=[f"{one.row.period} v{one.row.version}" for one in earlier],
        not_compared=others,
    )
    row = OpenDataBundleRow(
        agency=agency.key,
        period=str(order.quarter),
        version=version,
        period_start=order.quarter.first_day,
        period_end=order.quarter.last_day,
        base=edition.open_data.base,
        policy_version=agency.version,
        reason=None if order.reason is None else order.reason.model_dump(),
        report=report,
        files=listed,
        secret_encrypted=keyring.encrypt(secret.hex()),
        prepared_by=order.by,
    )
    _keep(engine, row, files, beside=rows)
    return Prepared(version=version, is_safe=bool(report["is_safe"]))


def _rows(session: Session, agency: str) -> list[OpenDataBundleRow]:
    of_agency = col(OpenDataBundleRow.agency) == agency
    in_order = (col(OpenDataBundleRow.period), col(OpenDataBundleRow.version))
    return list(session.exec(select(OpenDataBundleRow).where(of_agency).order_by(*in_order)))


def _next_version(rows: Sequence[OpenDataBundleRow], order: Order) -> int:
    of_quarter = [row for row in rows if row.period == str(order.quarter)]
    if not of_quarter:
        return 1
    newest = of_quarter[-1]
    if newest.state == BundleState.PREPARED:
        raise CannotPrepare(f"{newest.period} v{newest.version} waits for a decision; approve or decline it first")
    if order.reason is None:
        raise CannotPrepare(f"{newest.period} v{newest.version} is there; a next version needs a reason, EN and FR")
    return newest.version + 1


def _comparable(
    session: Session, rows: Sequence[OpenDataBundleRow], edition: Edition, map_: Map
) -> tuple[list[_Earlier], list[str]]:
    """Everything that is public or may become so; and what of it is of other areas or thresholds."""
    may_be_public = [row for row in rows if row.state != BundleState.DECLINED]
    quarters = sorted({row.period for row in may_be_public})[-_QUARTERS_COMPARED:]
    found: list[_Earlier] = []
    others: list[str] = []
    for row in may_be_public:
        are_alike = row.report["rules"] == rules_of(edition)
        is_same_quarter = row.period == str(edition.quarter)
        if is_same_quarter and not (are_alike and row.base == edition.open_data.base):
            raise CannotPrepare(
                f"{row.period} v{row.version} was made with another base, threshold or map: both together would "
                "tell more than either; a quarter keeps those of its first version, the next quarter may have others"
            )
        if not is_same_quarter and not (are_alike and row.period in quarters):
            others.append(f"{row.period} v{row.version}")
            continue
        of_row = select(OpenDataFileRow).where(col(OpenDataFileRow.bundle_id) == row.id)
        files = {one.name: one.body for one in session.exec(of_row)}
        released = Released.read(files, map_)
        found.append(_Earlier(row=row, released=released, known=known_of(row.report), listed=listed_of(row.report)))
    return found, others


def _attacked(
    agency: Agency,
    edition: Edition,
    map_: Map,
    files: Mapping[str, bytes],
    shown: Shown,
    earlier: Sequence[_Earlier],
) -> list[Interval]:
    calls = {one.released.quarter: one.known for one in earlier}
    listed = {(one.released.quarter, one.released.version): one.listed for one in earlier}
    world = World(
        map=map_,
        questions=closed_questions(agency.survey),
        calls={**calls, edition.quarter: shown.known},
        listed={**listed, (edition.quarter, edition.version): shown.listed},
        least_calls=edition.open_data.least_calls,
        least_calls_survey=edition.open_data.least_calls_survey,
        most_notices=agency.policy.timetable.delay.at_most,
    )
    return attack([*(one.released for one in earlier), Released.read(files, map_)], world)


def _geometries(agency: Agency) -> Geometries | None:
    if agency.boundaries is None or agency.open_data is None or agency.open_data.areas is None:
        return None
    return read_boundaries(agency.boundaries, agency.open_data.areas)


def _keep(
    engine: Engine, row: OpenDataBundleRow, files: Mapping[str, bytes], *, beside: Sequence[OpenDataBundleRow]
) -> None:
    """`beside`: those that were there when it was compared with them."""
    try:
        with Session(engine) as session, session.begin():
            session.execute(text("LOCK TABLE open_data_bundle IN SHARE ROW EXCLUSIVE MODE"))
            if len(_rows(session, row.agency)) != len(beside):
                raise CannotPrepare(
                    "another bundle was prepared meanwhile, and not compared with this; prepare it again"
                )
            session.add(row)
            session.flush()
            for name, body in files.items():
                session.add(OpenDataFileRow(bundle_id=row.id or 0, name=name, body=body))
    except IntegrityError:
        raise CannotPrepare("somebody else has prepared this version meanwhile") from None
