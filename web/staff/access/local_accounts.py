"""Accounts for a demonstration on one machine: a role is its name, and all have one password. Never in production."""

import hmac
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from database.staff import AuditEntryRow
from database.tables import real_now
from web.staff.access.audit import REFUSED, AuditLog
from web.staff.access.roles import Member, Role

SIGN_IN: Final = "sign_in"
_TRIES: Final = 5
_WITHIN: Final = timedelta(minutes=15)


class LockedOut(Exception):  # noqa: N818 - an outcome
    """Too many wrong passwords: the account is closed for a quarter of an hour."""


class LocalAccounts:
    """Five wrong passwords in a quarter of an hour close an account; all processes count together, by the audit log."""

    def __init__(self, *, engine: Engine, audit: AuditLog, password: str) -> None:
        self._engine = engine
        self._audit = audit
        self._password = password

    def sign_in(self, account: str, password: str) -> Member | None:
        """Who it is; `None` for a wrong password.

        Raises:
            LockedOut: too many of them.
        """
        role = next((role for role in Role if role == account), None)
        who = Member(
            subject=f"local:{role or 'unknown'}",
            name=f"Demo {role or 'unknown'}",
            roles=frozenset() if role is None else frozenset({role}),
        )
        if self._wrong_tries(who.subject) >= _TRIES:
            raise LockedOut
        if role is None or not hmac.compare_digest(password.encode(), self._password.encode()):
            self._audit.write(who, SIGN_IN, outcome=REFUSED)
            return None
        return who

    def _wrong_tries(self, subject: str) -> int:
        wrong = select(func.count(col(AuditEntryRow.id))).where(
            col(AuditEntryRow.subject) == subject,
            col(AuditEntryRow.act) == SIGN_IN,
            col(AuditEntryRow.outcome) == REFUSED,
            col(AuditEntryRow.at_real) > real_now() - _WITHIN,
        )
        with Session(self._engine) as session:
            return session.exec(wrong).one()
