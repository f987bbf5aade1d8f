"""CAD's database, as far as we may touch it: one connection, that reads one query, and waits for nothing for long."""

import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from policy.cad_columns import CadColumns
from policy.cad_query import NOT_SQL, asks_since
from starter.poll_drivers import engine_for, first_statements
from starter.poll_rows import RowReader, ViewRow, WrongColumns

PATIENCE: Final = timedelta(seconds=30)
"""The longest that CAD's database may take for one answer."""
AT_ONCE: Final = 2_000
"""So many wanted rows are held in memory; up to here the connection is let go before the first of them is taken in."""
_BATCH: Final = 500
T = TypeVar("T")


class ViewTrouble(Exception):  # noqa: N818 - of CAD's making
    """The view cannot be read now. The message says what failed and where, and nothing that a driver said: its words
    may hold a row's values, or a password (R3)."""


class View:
    """A view of CAD's, asked again and again. For one thread, `waiting_for` apart."""

    def __init__(self, url: str, *, query: str, columns: CadColumns, patience: timedelta = PATIENCE) -> None:
        """Connect to nothing yet.

        Raises:
            SettingsError: the address is none, or its driver is not installed.
        """
        self.patience = patience
        self._engine = engine_for(url, patience=patience)
        self._statement = _statement(query)
        self._asks_since = asks_since(query)
        self._columns = columns
        self._waits_since: float | None = None

    def waiting_for(self) -> timedelta:
        """How long CAD's database has not answered; nothing where it is not asked."""
        since = self._waits_since
        return timedelta(0) if since is None else timedelta(seconds=time.monotonic() - since)

    def close(self) -> None:
        """Let the connection go."""
        self._engine.dispose()

    def rows(self, since: datetime, *, is_wanted: Callable[[ViewRow], bool]) -> Generator[Sequence[ViewRow]]:
        """The wanted rows, in parts. The connection is let go before the last part, usually the only one: whoever takes
        in slowly holds nothing open in CAD's database.

        Raises:
            ViewTrouble: the view cannot be read, or not to its end.
        """
        wanted: list[ViewRow] = []
        with self._connected() as connection:
            values = {"since": self._as_bound(since)} if self._asks_since else {}
            result = self._ask("running the query", lambda: connection.execute(self._statement, values))
            try:
                reader = self._reader(list(result.keys()))
                while part := self._ask("fetching rows", lambda: result.fetchmany(_BATCH)):
                    wanted += (row for values in part if is_wanted(row := reader.row(tuple(values))))
                    if len(wanted) >= AT_ONCE:
                        yield wanted
                        wanted = []
            finally:
                with suppress(Exception):  # of a connection that is lost: that is said already
                    result.close()
        if wanted:
            yield wanted

    def _reader(self, names: Sequence[str]) -> RowReader:
        try:
            return RowReader(names, self._columns)
        except WrongColumns as wrong:
            raise ViewTrouble(str(wrong)) from None

    def _as_bound(self, since: datetime) -> datetime | str:
        """SQLite has no times: it compares texts, and a blank stands before a T, a whole second before its parts."""
        if self._engine.dialect.name == "sqlite":
            return since.replace(tzinfo=None).isoformat(sep=" ")
        return since

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        connection = self._ask("connecting", self._engine.connect)
        try:
            for statement in first_statements(self._engine.dialect.name, patience=self.patience):
                self._begin(connection, statement)
            yield connection.execution_options(stream_results=True, max_row_buffer=_BATCH)
        except ViewTrouble:
            connection.invalidate()  # nothing is said to it any more, not even goodbye
            raise
        finally:
            connection.close()

    def _begin(self, connection: Connection, statement: str) -> None:
        self._ask("connecting", lambda: connection.exec_driver_sql(statement))

    def _ask(self, what: str, ask: Callable[[], T]) -> T:
        self._waits_since = time.monotonic()
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - drivers of all kinds; whatever it is, the view cannot be read now
            raise ViewTrouble(f"CAD's database: {_name(error)} while {what}") from None
        finally:
            self._waits_since = None


def _statement(query: str) -> TextClause:
    """The query in SQLAlchemy's words: `:since` is bound, any other colon is a colon."""

    def colons(found: re.Match[str]) -> str:
        return found[0] if found[1] else found[0].replace(":", r"\:")

    query = query.strip().removesuffix(";")
    return text(re.sub(rf"{NOT_SQL}|::|(:since)\b|:", colons, query, flags=re.DOTALL))


def _name(error: Exception) -> str:
    """The error's class, and the code that its database gave it."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    first = cause.args[0] if cause.args else None
    codes = (
        getattr(cause, "sqlstate", None),
        getattr(cause, "sqlite_errorname", None),
        getattr(first, "full_code", None),
        first,
    )
    # ORA-00942, 42S02, SQLITE_ERROR: a word of capitals and digits that has both or is long; no name of a person.
    known = (code for code in codes if isinstance(code, str) and re.fullmatch(r"[0-9A-Z]{5}|[A-Z]{3}-\d+|SQL\w+", code))
    return f"{type(cause).__name__} {code}" if (code := next(known, None)) else type(cause).__name__
