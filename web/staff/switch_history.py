"""Everything that was ever switched off, released or set as the mode: who, when and why. Rows are kept (R9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, Select, literal, select, union_all
from sqlmodel import Session, col

from activities.stop_and_go import OF_A_CALL
from database.tables import ServiceModeRow, SwitchRow

_A_PAGE: Final = 50
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
STOPPED: Final = "stopped"
STARTED: Final = "started"
MODE: Final = "mode"


@dataclass(frozen=True, kw_only=True)
class Change:
    """`what`: `stopped`, `started` with the switch's scope, `mode` with the mode."""

    at: datetime
    what: str
    of: str
    by: str
    why: str


@dataclass(frozen=True, kw_only=True)
class History:
    """A page. `older`: what to ask for the next one with; `None` at the end."""

    changes: Sequence[Change]
    older: int | None


def switch_history(engine: Engine, *, with_calls: bool, before: int | None = None) -> History:
    """Fifty changes, the newest first. `with_calls`: also those of single calls, which name the call; `before`:
    microseconds since 1970, from the page before."""
    scope = col(SwitchRow.scope)
    of_calls = [] if with_calls else [~scope.startswith(OF_A_CALL, autoescape=True)]
    released = col(SwitchRow.released_real)
    parts: list[Select[Any]] = [
        _part(col(SwitchRow.stopped_real), STOPPED, scope, col(SwitchRow.stopped_by), col(SwitchRow.why)).where(
            *of_calls
        ),
        _part(released, STARTED, scope, col(SwitchRow.released_by), col(SwitchRow.released_why)).where(
            released.is_not(None), *of_calls
        ),
        _part(
            col(ServiceModeRow.since_real),
            MODE,
            col(ServiceModeRow.mode),
            col(ServiceModeRow.set_by),
            col(ServiceModeRow.why),
        ),
    ]
    all_ = union_all(*parts).subquery()
    query = select(all_.c.at, all_.c.what, all_.c["of"], all_.c.by, all_.c.why)
    if before is not None:
        query = query.where(all_.c.at < _EPOCH + before * _MICROSECOND)
    with Session(engine) as session:
        rows = session.execute(query.order_by(all_.c.at.desc()).limit(_A_PAGE + 1)).all()
    changes = [Change(at=at, what=what, of=of, by=by or "", why=why or "") for at, what, of, by, why in rows[:_A_PAGE]]
    return History(changes=changes, older=(changes[-1].at - _EPOCH) // _MICROSECOND if len(rows) > _A_PAGE else None)


def _part(at: Any, what: str, of: Any, by: Any, why: Any) -> Select[Any]:
    return select(at.label("at"), literal(what).label("what"), of.label("of"), by.label("by"), why.label("why"))
