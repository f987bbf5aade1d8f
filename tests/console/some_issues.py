"""Issues in a database as the night writes them, steps of staff, and answers of the survey."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from sqlmodel import Session

from calls.clock import Clock
from calls.issues import State
from database.issues import IssueStepRow
from database.surveys import AreaCountRow, SurveyCutRow
from database.tables import real_now
from tests.console.served import Served
from tests.neighbourhoods import DAY, City, days, local

LAST: Final = date(2026, 1, 15)
MORNING: Final = local(LAST + DAY, 8)
QUESTION: Final = "Q10"
CLOCK: Final = Clock(real_origin=real_now(), virtual_origin=MORNING)


def a_city(site: Served) -> City:
    """Quiet, but for graffiti in Somerset and noise by day in Bay; looked at by the night."""
    city = City(engine=site.engine, keyring=site.keyring, agency=site.agency)
    city.quiet(LAST, number=75)
    for day in days(LAST - DAY * 6, 7):
        city.calls("Somerset", "GRAFFITI", [local(day, 21), local(day, 23, 10)])
        city.calls("Bay", "NOISE", [local(day, 14), local(day, 16, 20)])
    # Three calls about one event: three in the grid, one in the chart.
    city.calls("Somerset", "GRAFFITI", [local(LAST, 21, minute) for minute in (5, 15)])
    city.night(local(LAST + DAY, 4, 30))
    return city


def answers(site: Served, area: str | None, chosen: Mapping[tuple[str, ...], int], *, month: str = "2026-01") -> None:
    """So many people of an area chose these options, and were counted by area."""
    counts = Counter({"": sum(chosen.values())})
    for options, number in chosen.items():
        counts.update(dict.fromkeys(options, number))
    place = {"agency": site.agency.key, "month": month, "area": area or "", "survey_version": "2026-2"}
    version = "" if area is None or site.agency.areas is None else site.agency.areas.version
    with Session(site.engine) as session, session.begin():
        session.merge(SurveyCutRow(agency=site.agency.key, day=LAST))
        for option, count in counts.items():
            session.add(AreaCountRow(**place, area_version=version, question=QUESTION, option=option, count=count))


def steps(site: Served, issue_id: int, taken: Sequence[tuple[State, bool | None]], *, note: str = "") -> None:
    """Written down by somebody, in this order."""
    with Session(site.engine) as session, session.begin():
        for state, useful in taken:
            session.add(
                IssueStepRow(
                    issue_id=issue_id,
                    state=state,
                    useful=useful,
                    note=note or f"What was {state.value}.",
                    by="S. Tremblay",
                )
            )
            session.flush()


def all_days(last: date) -> list[date]:
    return [last - timedelta(days=n) for n in range(6, -1, -1)]
