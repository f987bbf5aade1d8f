"""The figures that the database is asked for: right, few, from one starter, and gone when the database is."""

import ast
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client.core import Metric
from sqlalchemy import Engine, insert, text
from sqlmodel import Session

from activities.stop_and_go import SHADOW
from calls.clock import REAL_TIME
from calls.contracts import Kind, LedgerState
from calls.eligibility import Rule
from database.engine import connect
from database.line import LineRow
from database.surveys import HeldAnswerRow
from database.tables import CallRow, OptOutRow, ServiceModeRow, SwitchRow, TextRow, real_now
from policy.agency import Agency
from starter import exporter as exporting
from starter.exporter import Exporter
from starter.figures import RULES, figures, rule_of, surveys
from starter.leases import MISSING, NOT_TAKEN
from tests.builders import some_facts
from tests.conftest import FIGURES

AGO = timedelta(hours=2)


def call(call_id: str, **values: object) -> CallRow:
    return CallRow.model_validate(
        {
            "call_id": call_id,
            "agency": "ottawa",
            "merged": {},
            "facts": some_facts().model_dump(mode="json"),
            "eligibility": "eligible",
            "rule": "",
            "reason": "",
            "policy_version": "1",
            "signalled_version": 1,
            **values,
        }
    )


def a_text(kind: Kind = Kind.DELAY, state: LedgerState = LedgerState.DELIVERED, **values: object) -> TextRow:
    now = real_now()
    return TextRow.model_validate(
        {
            "id": uuid4(),
            "call_id": uuid4().hex,
            "kind": kind,
            "state": state,
            "policy_version": "1",
            "due_at": now - AGO,
            "expires_at": now,
            "claimed_real": now - AGO,
            **values,
        }
    )


def told(engine: Engine, agency: Agency) -> dict[str, float]:
    """Name and labels, and the value."""
    with engine.connect() as connection:
        return flat([*figures(connection, agency, now=real_now()), *surveys(connection, agency)])


def flat(metrics: list[Metric]) -> dict[str, float]:
    return {
        " ".join([sample.name.removeprefix("communityconnect_"), *sample.labels.values()]): sample.value
        for metric in metrics
        for sample in metric.samples
    }


def test_of_an_empty_database_everything_is_told_and_is_nothing(engine: Engine, ottawa: Agency) -> None:
    found = told(engine, ottawa)
    assert found["mode live"] == 1
    assert {name for name, value in found.items() if value} == {"mode live"}
    assert found["calls_in_trouble overdue"] == found["open_calls"] == found["line_closed"] == 0


def test_each_figure_is_what_stands_in_the_database(engine: Engine, ottawa: Agency) -> None:
    now = real_now()
    with Session(engine) as session, session.begin():
        session.add_all(
            [
                call("1", trouble="overdue: confirmation", trouble_since_real=now),
                call("2", trouble=MISSING, trouble_since_real=now),
                call("3", trouble=NOT_TAKEN, trouble_since_real=now, version=2, behind_since_real=now - AGO),
                call("4", trouble="terminated in Temporal", trouble_since_real=now, ended_reason="terminated"),
                call("5", trouble="terminated in Temporal", trouble_since_real=now - 30 * AGO, ended_reason="it was"),
                call("6", eligibility="undecided"),
                call("7", ended_reason="over"),
                a_text(),
                a_text(state=LedgerState.UNKNOWN),
                a_text(state=LedgerState.SENDING, sending_real=now - AGO, claimed_real=now - 2 * AGO),
                a_text(state=LedgerState.SENDING, sending_real=now),
                a_text(state=LedgerState.CLAIMED, kind=Kind.CONFIRMATION),
                a_text(state=LedgerState.SUPPRESSED, rule=SHADOW),
                a_text(state=LedgerState.SUPPRESSED, rule="switched off: call:ottawa-1"),
                a_text(state=LedgerState.SUPPRESSED, rule="613-555-0142"),
                a_text(claimed_real=now - 13 * AGO),
                LineRow(sender=ottawa.identity.sender, closed_since_real=now, free_at_real=now + timedelta(seconds=40)),
                OptOutRow(phone_hash="a", phone_encrypted="", sender="s", since=now),
                OptOutRow(phone_hash="b", phone_encrypted="", sender="s", since=now, ended_at=now),
                SwitchRow(scope="everything", stopped_by="a", why=""),
                SwitchRow(scope="call:ottawa-1", stopped_by="a", why=""),
                SwitchRow(scope="call:ottawa-2", stopped_by="a", why=""),
                SwitchRow(scope="type:noise", stopped_by="a", why="", released_real=now),
                ServiceModeRow(mode="pilot", set_by="a", why=""),
                HeldAnswerRow(body_encrypted=""),
            ]
        )
    found = told(engine, ottawa)
    ages = {name: value for name, value in found.items() if name.endswith("seconds") or "seconds " in name}
    assert {name: value for name, value in found.items() if value and name not in ages} == {
        "open_calls": 4,
        "undecided_calls": 1,
        "calls_in_trouble overdue": 1,
        "calls_in_trouble missing": 1,
        "calls_in_trouble untold": 1,
        "calls_in_trouble ended": 1,
        "forward_waiting_calls": 1,
        "texts_last_day delay delivered": 1,
        "texts_last_day delay unknown": 1,
        "texts_last_day delay sending": 2,
        "texts_last_day confirmation claimed": 1,
        "texts_last_day delay suppressed": 3,
        f"texts_held_back_last_day {SHADOW}": 1,
        "texts_held_back_last_day switched off": 1,
        "texts_held_back_last_day other": 1,
        "texts_in_doubt": 2,
        "texts_waiting confirmation": 1,
        "line_closed": 1,
        "stopped": 1,
        "switched_off everything": 1,
        "switched_off call": 2,
        "mode pilot": 1,
        "opt_outs": 1,
        "survey_answers_held": 1,
    }
    assert found["forward_oldest_seconds"] == pytest.approx(AGO.total_seconds(), abs=30)
    assert found["texts_in_doubt_oldest_seconds"] == pytest.approx(2 * AGO.total_seconds(), abs=30)
    assert found["texts_waiting_oldest_seconds confirmation"] == pytest.approx(AGO.total_seconds(), abs=30)
    assert 30 < found["line_booked_seconds"] <= 40


def test_labels_are_few_whatever_stands_in_the_database(engine: Engine, ottawa: Agency) -> None:
    with Session(engine) as session, session.begin():
        for number in range(200):
            session.add(a_text(state=LedgerState.SUPPRESSED, rule=f"rule {number}", kind=list(Kind)[number % 4]))
            session.add(call(str(number), trouble=f"trouble {number}", trouble_since_real=real_now()))
            session.add(SwitchRow(scope=f"call:{number}", stopped_by="a", why=""))
            session.add(SwitchRow(scope=f"surprise{number}:1", stopped_by="a", why=""))
    found = told(engine, ottawa)
    assert len(found) < 100
    assert not [name for name in found if name.split()[-1].isdigit()]
    assert {rule_of(f"rule {number}") for number in range(200)} == {"other"}


def test_every_rule_that_holds_a_text_back_is_known_by_name() -> None:
    """So that the dashboard says which, and not `other`."""
    root = Path(__file__).parents[2]
    named = {
        keyword.value.value
        for path in [*(root / "activities").glob("*.py"), root / "web" / "residents" / "inbound.py"]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "rule" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)
    }
    assert named
    assert named | set(Rule) <= RULES


@contextmanager
def exporter(engine: Engine, agency: Agency) -> Iterator[Exporter]:
    url = engine.url.render_as_string(hide_password=False)
    yield Exporter(url=url, agency=agency, clock=REAL_TIME, client=None)


def exporting_pids(engine: Engine) -> list[int]:
    asked = text(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database "
        "WHERE datname = current_database())"
    )
    with engine.connect() as connection:
        return list(connection.execute(asked).scalars())


def wait_until(is_so: Callable[[], object], *, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_one_starter_exports_and_another_takes_over_when_it_is_gone(
    engine: Engine, ottawa: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "EVERY_SECONDS", 0.1)
    monkeypatch.setattr(exporting, "GOOD_FOR_SECONDS", 1.0)
    with exporter(engine, ottawa) as one, exporter(engine, ottawa) as two:
        one.begin()
        wait_until(lambda: list(one.collect()))
        two.begin()
        time.sleep(0.3)
        assert list(two.collect()) == []
        [pid] = exporting_pids(engine)
        one.end()
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        wait_until(lambda: list(two.collect()))
        wait_until(lambda: not list(one.collect()))
        two.end()


def test_a_database_that_makes_it_wait_makes_the_figures_go_away_and_no_scrape_wait(
    engine: Engine, ottawa: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "EVERY_SECONDS", 0.1)
    monkeypatch.setattr(exporting, "GOOD_FOR_SECONDS", 1.0)
    with exporter(engine, ottawa) as one, engine.connect() as connection:
        one.begin()
        wait_until(lambda: list(one.collect()))
        connection.execute(text("LOCK TABLE text IN ACCESS EXCLUSIVE MODE"))
        began = time.monotonic()
        wait_until(lambda: not list(one.collect()), seconds=4)
        assert time.monotonic() - began < 4
        began = time.monotonic()
        for _ in range(100):
            list(one.collect())
        assert time.monotonic() - began < 0.5
        connection.rollback()
        wait_until(lambda: list(one.collect()))
        one.end()


@pytest.mark.deep
def test_the_figures_are_cheap_with_a_million_texts(
    database_url: str, ottawa: Agency, record_property: Callable[[str, object], None]
) -> None:
    engine = connect(database_url)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(insert(CallRow), [call(f"c{number}").model_dump() for number in range(300)])
        connection.execute(
            text(
                "INSERT INTO text (id, call_id, kind, sequence, recipient_version, state, policy_version, attempts, "
                "claimed_real, due_at, expires_at, updated_real) SELECT gen_random_uuid(), 'c' || n, 'delay', 1, 1, "
                "'delivered', '1', 1, now() - n * interval '30 seconds', now(), now(), now() "
                "FROM generate_series(1, 1000000) n"
            )
        )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE text"))
    times = []
    for _ in range(5):
        began = time.monotonic()
        told(engine, ottawa)
        times.append(time.monotonic() - began)
    engine.dispose()
    record_property(FIGURES, f"the exporter's questions, a million texts: {min(times) * 1000:.0f} ms")
    assert min(times) < 1
