"""PostgreSQL tells the starters, at the commit, that something of a call has changed."""

from typing import Final

from sqlmodel import Session

CHANGED: Final = "communityconnect_call_changed"
"""The channel on which the forwarders listen."""


def wake_forwarders(session: Session) -> None:
    """They hear of it when this transaction commits."""
    session.connection().exec_driver_sql(f"NOTIFY {CHANGED}")
