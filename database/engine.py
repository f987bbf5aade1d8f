"""Connections to PostgreSQL."""

from sqlalchemy import Engine
from sqlmodel import create_engine


def connect(url: str, *, pool_size: int = 5) -> Engine:
    """An engine whose statements end, one way or the other, within real seconds: nobody waits for a dead database."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=10,
        hide_parameters=True,  # errors of SQL must not hold what was written (R3)
        connect_args={
            "connect_timeout": 5,
            "options": "-c statement_timeout=10000 -c lock_timeout=5000 -c timezone=UTC",
        },
    )
