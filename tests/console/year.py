"""A year of a city in a database: 274,075 calls and about a million texts, for tests of speed.

Made by SQL (`year.sql`), in well under a minute; the facts are such as the starter writes, the numbers nobody's.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text

from calls.eligibility import Rule
from calls.facts import CallFacts
from calls.policy import TypeRule
from database.encryption import Keyring
from policy.agency import Agency
from tests.conftest import FIGURES

CALLS: Final = 274_075
TEXTS: Final = 1_000_000
AUDIT_ENTRIES: Final = 300_000
FICTIONAL: Final = tuple(f"+1613555{n:04}" for n in range(100, 200))
"""A fiftieth of the callers; the others' hashes are of no number at all."""
FILLED: Final = ("call", "text", "survey_invitation", "inbound_message", "opt_out", "blocked_number", "audit_entry")
_SQL: Final = Path(__file__).with_name("year.sql")
_CONSTRAINTS: Final = text(
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE conrelid = CAST(:table AS regclass) AND contype IN ('p', 'u')"
)
_INDEXES: Final = text(
    "SELECT CAST(CAST(indexrelid AS regclass) AS text), pg_get_indexdef(indexrelid) FROM pg_index "
    "WHERE indrelid = CAST(:table AS regclass)"
)
_SESSIONS: Final = text(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
)
_WHY_NOT: Final = (
    ("opted out", "STOP is in force for this number"),
    ("opted out", "STOP is in force for this number"),
    ("texts a day", "this number got 10 texts in 24 hours, the most allowed"),
    ("one survey", "this number was sent a survey within 30 days"),
    ("one survey", "this number was sent a survey within 30 days"),
    ("not to be texted", "alarm company"),
    ("landline", "this number could not take an earlier text"),
    ("wrong number", "so the person who has this phone has told us"),
    ("not confirmed", "the confirmation did not reach the phone"),
    ("overtaken", "newer facts overtook it"),
)


@dataclass(frozen=True, kw_only=True)
class Year:
    """The database, and until when its year goes (real time, which is the service's here)."""

    engine: Engine
    ends: datetime
    calls: int = CALLS


def fill(engine: Engine, keyring: Keyring, agency: Agency, *, open_calls: int = 90) -> Year:
    """Fill an empty, migrated database with a year that ends now; `open_calls` (60 to 5,000) are open."""
    ends = datetime.now(UTC)
    groups = agency.policy.eligibility.groups
    silent = sum(group.rule is not TypeRule.ALLOWED for group in groups.values())
    values = {
        "ends": ends,
        "calls": CALLS,
        "texts": TEXTS,
        "entries": AUDIT_ENTRIES,
        "open": open_calls,
        "silent": silent,
        "allowed": len(groups) - silent,
        "reasons": len(_WHY_NOT),
        "policy": agency.version,
        "wording": agency.wording.version,
        "survey": "2026-2",
        "sender": agency.identity.sender,
        "ciphertext": keyring.encrypt(FICTIONAL[0]),
        "no_facts": json.dumps(CallFacts(agency="ottawa", cad_id="").model_dump(mode="json")),
    }
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '256MB'"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        indexes = _without_indexes(connection)
        _draw_from(connection, keyring, agency)
        for statement in _SQL.read_text(encoding="utf-8").split("\n--;\n"):
            _run(connection, statement, values)
        for index in indexes:
            connection.exec_driver_sql(index)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql(f"VACUUM (ANALYZE) {', '.join(FILLED)}")
        connection.exec_driver_sql("RESET statement_timeout")
    return Year(engine=engine, ends=ends)


class Stopwatch:
    """Asks many times, says how long that took, and holds it under a limit. The fixture `p95_of` is one.

    It says the processors' time, too, which another load on the machine does not lengthen much: of this process (the
    site and who asks it), and with an `engine` of PostgreSQL's processes that serve it.
    """

    def __init__(self, say: Callable[[str, object], None], engine: Engine | None = None) -> None:
        self._say = say
        self._engine = engine

    def __call__(self, ask: Callable[[], object], times: int = 60, *, what: str, most_ms: float = 300) -> float:
        """The 95th percentile in milliseconds; the figure stands at the end of the tests' output."""
        ask()  # the first one reads the templates and opens the connection
        took = []
        own, of_database = time.process_time(), self._of_database()
        for _ in range(times):
            began = time.perf_counter()
            ask()
            took.append((time.perf_counter() - began) * 1000)
        took.sort()
        p95 = took[-(-times * 95 // 100) - 1]
        cpu = (time.process_time() - own) * 1000 / times
        queries = (self._of_database() - of_database) * 1000 / times
        self._say(
            FIGURES,
            f"{what}: p50 {took[times // 2]:.0f} ms, p95 {p95:.0f} ms, most {took[-1]:.0f} ms; processor {cpu:.0f} ms"
            + (f", of PostgreSQL {queries:.0f} ms" if self._engine is not None else ""),
        )
        assert p95 < most_ms, f"{what}: p95 {p95:.0f} ms"
        return p95

    def _of_database(self) -> float:
        """Seconds of the processors that the sessions of this database have used, by Linux's count."""
        if self._engine is None:
            return 0.0
        with self._engine.connect() as connection:
            pids = connection.execute(_SESSIONS).scalars().all()
        # Of what stands behind the name, which may have blanks: twelfth user time, thirteenth the system's.
        stats = [Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split() for pid in pids]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def _run(connection: Connection, statement: str, values: Mapping[str, object]) -> None:
    prepared = text(statement)
    named = prepared.compile().params  # the driver refuses others
    connection.execute(prepared, {name: values[name] for name in named})


def _without_indexes(connection: Connection) -> list[str]:
    """Drops what is made more quickly when the rows are there, and the log that no crash will need; how to make it."""
    again = []
    for table in FILLED:
        constraints = connection.execute(_CONSTRAINTS, {"table": table}).all()
        for name, how in constraints:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            again.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {how}")
        indexes = connection.execute(_INDEXES, {"table": table}).all()
        for name, how in indexes:
            connection.exec_driver_sql(f"DROP INDEX {name}")
            again.append(how)
        connection.exec_driver_sql(f"ALTER TABLE {table} SET UNLOGGED")
    return again


def _draw_from(connection: Connection, keyring: Keyring, agency: Agency) -> None:
    """What SQL draws from: types of calls, the silent ones first, fictional numbers, and why texts are held back."""
    connection.execute(
        text("CREATE TEMP TABLE type (place int, code text, call_type_group text, rule text, reason text)")
    )
    groups = sorted(agency.policy.eligibility.groups.items(), key=lambda item: item[1].rule is TypeRule.ALLOWED)
    rules = {TypeRule.SENSITIVE: Rule.SENSITIVE_TYPE.value, TypeRule.EXCLUDED: Rule.EXCLUDED_TYPE.value}
    connection.execute(
        text("INSERT INTO type VALUES (:n, :code, :group, :rule, :reason)"),
        [
            {
                "n": n,
                "code": name.replace("_", " ").upper(),
                "group": name,
                "rule": rules.get(group.rule),
                "reason": group.reason,
            }
            for n, (name, group) in enumerate(groups)
        ],
    )
    connection.execute(text("CREATE TEMP TABLE fictional (place int, phone_hash text, phone_encrypted text)"))
    connection.execute(
        text("INSERT INTO fictional VALUES (:n, :phone_hash, :phone_encrypted)"),
        [
            {"n": n, "phone_hash": keyring.phone_hash(number), "phone_encrypted": keyring.encrypt(number)}
            for n, number in enumerate(FICTIONAL)
        ],
    )
    connection.execute(text("CREATE TEMP TABLE why (place int, rule text, reason text)"))
    connection.execute(
        text("INSERT INTO why VALUES (:n, :rule, :reason)"),
        [{"n": n, "rule": rule, "reason": reason} for n, (rule, reason) in enumerate(_WHY_NOT)],
    )
