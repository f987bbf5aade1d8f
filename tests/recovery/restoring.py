"""A database as it is after a restore, without the restore."""

from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select, update

from activities.stop_and_go import EVERYTHING
from database.recovery import RecoveryRow
from database.restored import mark
from database.tables import real_now


def restored(engine: Engine, *, as_of: datetime | None = None) -> int:
    """Its mark, as the restore's own transaction makes it; the epoch."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            mark(stopped=EVERYTHING, now=real_now(), as_of=as_of or real_now() - timedelta(minutes=1))
        )
    with Session(engine) as session:
        return session.exec(select(RecoveryRow.epoch).order_by(col(RecoveryRow.epoch).desc())).first() or 0


def recovered(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.execute(update(RecoveryRow).values(completed_real=real_now()))
