"""R7: in the nightly cut, answers are counted by the area of their calls, ten together; the rest waits.

docs/decisions/0033-answers-by-area.md
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from random import Random

import structlog
from sqlmodel import Session, and_, col, delete, insert

from activities.held import sealed, take
from activities.member_feedback import WriteAnew
from activities.services import TextServices
from database.surveys import AreaCountRow, HeldAreaRow
from survey.areas import AreaPiece, Place, counted, pieces_of
from survey.context import iso_week
from survey.held import HeldAnswer

log = structlog.get_logger()


def count_by_area(
    session: Session,
    services: TextServices,
    written: Sequence[HeldAnswer],
    *,
    day: date,
    chance: Random,
    write_anew: WriteAnew,
) -> None:
    """The areas' part of the cut of `day`, in its transaction. `written`: the answers that this cut writes: one that
    waits leaves its piece on the night on which it is written. `write_anew` is the cut's own."""
    week, survey = iso_week(day), services.agency.survey
    taken = take(session, services, HeldAreaRow, AreaPiece)
    new = [piece for answer in written for piece in pieces_of(answer, survey, week=week, chance=chance)]
    counting = counted([*taken.ours, *new], week=week)
    write_anew(session, HeldAreaRow, [], [*taken.others, *sealed(services, counting.waits)])
    _add(session, services.agency.key, f"{day:%Y-%m}", Counter(counting.counts))
    for what, count in (
        ("answers were not counted by area: too few in all", counting.dropped),
        ("what is held to be counted by area cannot be read", taken.unreadable),
    ):
        if count:
            log.warning(what, count=count)


def _add(session: Session, agency: str, month: str, counts: Counter[Place]) -> None:
    """The month is written anew, all of it: which of its numbers changed last is not to be seen in the file."""
    of_month = and_(col(AreaCountRow.agency) == agency, col(AreaCountRow.month) == month)
    named = [getattr(AreaCountRow, name) for name in (*Place._fields, "count")]
    for *place, count in session.execute(delete(AreaCountRow).where(of_month).returning(*named)):
        counts[Place(*place)] += count
    rows = [
        {"agency": agency, "month": month, **place._asdict(), "count": count} for place, count in sorted(counts.items())
    ]
    if rows:
        session.execute(insert(AreaCountRow), rows)
