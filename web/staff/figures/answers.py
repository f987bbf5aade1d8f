"""What residents answered and how many of them, out of the tables: a small cube of counts, and the funnel's numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, text
from sqlmodel import Session

from calls.contracts import WENT_OUT, LedgerState
from insights.answers import NOT_TOLD, About, Cube, cube_of
from insights.areas import counts_by_area
from insights.counts import Counts
from insights.funnel import Block, blocks
from policy.agency import Agency
from survey.areas import Place
from survey.cut import NO_LANGUAGE
from web.staff.nightly import AsOf

_ANSWERS = text(
    "SELECT week, language, context ->> 'priority' AS priority, context ->> 'call_type_group' AS call_type_group, "
    "context ->> 'area' AS area, context ->> 'delay_band' AS wait, answers, count(*) AS times "
    "FROM survey_response WHERE agency = :agency GROUP BY 1, 2, 3, 4, 5, 6, 7"
)
_INVITED = text(
    "SELECT to_char(COALESCE(t.settled_at, t.due_at) AT TIME ZONE :zone, 'IYYY-\"W\"IW') AS week, "
    "COALESCE(i.language, :no_language) AS language, count(*) AS invited, count(*) FILTER (WHERE t.state = :delivered) "
    "AS delivered FROM text t JOIN survey_invitation i ON i.call_id = t.call_id JOIN call c ON c.call_id = t.call_id "
    "WHERE t.kind = 'survey' AND t.state = ANY(:went_out) AND c.agency = :agency GROUP BY 1, 2"
)
_COUNTED = text("SELECT week, language, opened, started FROM survey_count WHERE agency = :agency")
_BY_AREA = text(f"SELECT month, {', '.join(Place._fields)}, count FROM survey_area_count WHERE agency = :agency")  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Answers:
    """`funnel`: of weeks that are over. `by_area`: counted apart from the answers."""

    cube: Cube
    funnel: Sequence[Block]
    by_area: Counts


def read_answers(session: Session, as_of: AsOf, *, agency: Agency) -> Answers:
    """All of an agency's."""
    rows = session.execute(_ANSWERS, {"agency": agency.key}).mappings()
    cube = cube_of((_about(row), row["answers"], row["times"]) for row in rows)
    counted = [
        (context, kind, count)
        for context, kind, count in (*_steps(session, agency.key, agency.policy.timetable.zone), *_submitted(cube))
        if context[0] < as_of.before
    ]
    steps = blocks(Counts.of(("week", "language"), counted), at_least=agency.insights.at_least)
    return Answers(cube=cube, funnel=steps, by_area=read_by_area(session, as_of, agency=agency))


def read_by_area(session: Session, _: AsOf, *, agency: Agency) -> Counts:
    """What is counted by area, by month."""
    rows = ((month, Place(*place), n) for month, *place, n in session.execute(_BY_AREA, {"agency": agency.key}))
    return counts_by_area(rows, map_version="" if agency.areas is None else agency.areas.version)


def _about(row: RowMapping) -> About:
    def told(name: str) -> str:
        return NOT_TOLD if row[name] is None else str(row[name])

    return About(
        week=told("week"),
        language=told("language"),
        priority=told("priority"),
        group=told("call_type_group"),
        area=told("area"),
        wait=told("wait"),
    )


def _steps(session: Session, agency: str, zone: str) -> Iterator[tuple[tuple[str, ...], str, int]]:
    values = {
        "agency": agency,
        "zone": zone,
        "no_language": NO_LANGUAGE,
        "delivered": LedgerState.DELIVERED.value,
        "went_out": [state.value for state in WENT_OUT],
    }
    for row in session.execute(_INVITED, values).mappings():
        yield from _kinds(row, ("invited", "delivered"))
    for row in session.execute(_COUNTED, {"agency": agency}).mappings():
        yield from _kinds(row, ("opened", "started"))


def _kinds(row: RowMapping, names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str, int]]:
    for name in names:
        yield (str(row["week"]), str(row["language"])), name, int(str(row[name]))


def _submitted(cube: Cube) -> Iterator[tuple[tuple[str, ...], str, int]]:
    for context, count in cube.by_week_and_language().items():
        yield context, "submitted", count
