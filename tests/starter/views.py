"""CAD's database, as tests need it: another database on the same server, with a table and the view that we read."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text

from calls.facts import CallFacts
from database.encryption import Keyring
from policy.agency import Agency
from policy.cad_feeds import PollRule, SinceWritten
from starter.feeds import Tally, Way
from starter.intake import Intake
from starter.poll import Poller
from starter.poll_view import View
from tests.builders import NOON, minutes

QUERY = "SELECT * FROM calls WHERE updated >= :since"
FEED = "view"
OVERLAP = minutes(5)
_TABLE = """
CREATE TABLE {table} (
    incident_id integer PRIMARY KEY, priority_native numeric(4, 1), type_initial char(12), type_final text, source text,
    phone text, received {time}, call_ended {time}, dispatched {time}, arrived {time}, first_closed {time},
    reopened_at {time}, final_closed {time}, disposition text, area text, updated {time}
)
"""


def polled(agency: Agency, *, query: str = QUERY, since: SinceWritten = SinceWritten.OFFSET) -> Agency:
    """The agency with a view instead of a log."""
    columns = agency.cad.columns.model_copy(update={"updated": ("updated",), "phone": "phone", "language": None})
    rule = PollRule(query=query, since=since, every=timedelta(seconds=5), overlap=OVERLAP)
    return agency.model_copy(update={"cad": agency.cad.model_copy(update={"columns": columns, "poll": rule})})


class Cad:
    """CAD's own side: it writes rows, and knows nothing of us."""

    def __init__(self, url: str, *, time: str = "timestamptz") -> None:
        self.url = url
        self.engine: Engine = create_engine(url)
        with self.engine.begin() as connection:
            connection.exec_driver_sql(_TABLE.format(table="incident", time=time))
            connection.exec_driver_sql("CREATE VIEW calls AS SELECT * FROM incident")

    def do(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def write(self, cad_id: int, *, updated: object, on: Connection | None = None, **cells: object) -> None:
        """Insert the call, or change it where it is there."""
        if on is None:
            with self.engine.begin() as connection:
                self.write(cad_id, updated=updated, on=connection, **cells)
            return
        row: dict[str, object] = {"incident_id": cad_id, "updated": updated, **cells}
        others = {"priority_native": 4, "type_initial": "NOISE", "source": "phone", "received": NOON} | row
        changes = ", ".join(f"{name} = excluded.{name}" for name in row)
        on.execute(
            text(
                f"INSERT INTO incident ({', '.join(others)}) VALUES ({', '.join(f':{name}' for name in others)}) "  # noqa: S608
                f"ON CONFLICT (incident_id) DO UPDATE SET {changes}"
            ),
            others,
        )


class Watch:
    """The service's clock, which stands still until it is put on."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


def poller(
    cad_url: str, engine: Engine, keyring: Keyring, agency: Agency, watch: Watch, *, patience: float = 30
) -> Poller:
    """A poller as a process of its own would have it."""
    rule = agency.cad.poll
    assert rule is not None
    view = View(cad_url, query=rule.query, columns=agency.cad.columns, patience=timedelta(seconds=patience))
    tally = Tally(engine=engine, feed=FEED, way=Way.POLL)
    intake = Intake(engine=engine, keyring=keyring, agency=agency, tally=tally, now=watch.now)
    return Poller(view=view, intake=intake, rule=rule)


def facts_of(engine: Engine) -> Mapping[str, CallFacts]:
    """Every call that we know."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT call_id, facts FROM call")).all()
    return {row.call_id: CallFacts.model_validate(row.facts) for row in rows}


def feed_row(engine: Engine) -> Any:
    """The feed's row, as people see it."""
    with engine.connect() as connection:
        return connection.execute(text("SELECT * FROM cad_feed WHERE feed = 'view'")).one()


def kept(engine: Engine, table: str = "cad_record") -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608
