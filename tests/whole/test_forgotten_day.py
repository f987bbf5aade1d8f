"""R3, R7: a generated day is lived with every process, then years pass: what is left of its callers, and where?"""

import asyncio
import csv
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import text
from sqlmodel import Session, col, select
from temporalio.testing import ActivityEnvironment

from activities.forget import Forget
from activities.forgetting import ForgetActivities
from activities.services import TextServices
from activities.survey_cut import SurveyCut
from calls.clock import Clock
from calls.forgetting import Forgotten
from database.tables import CallRow, OptOutRow, real_now
from settings import Settings, child_environment, python
from starter.rejected import forget_rejected
from tests.builders import hours
from tests.conftest import FIGURES
from tests.leftovers import dumped, in_clear
from tests.whole.town import ROOT, Town, decoded, running_town
from worker import text_services

BEGINS = datetime(2026, 5, 14, 4, 0, tzinfo=UTC)
"""Midnight in Ottawa. The surveys of the day's calls come until eight in the evening."""
SPEED = 240
LATER = timedelta(days=6 * 365)
NAME = "Fictional Person"
FICTIONAL = re.compile(r"(?<![0-9A-Za-z])(?:\+?1\W{0,2})?([2-9]\d\d)\W{0,3}555\W{0,3}(01\d\d)(?![0-9A-Za-z])")
"""Every number of the day, however it is grouped: nobody else's looks like that."""
_REAL = ("updated_real", "claimed_real", "accepted_real", "last_rejected_real", "ended_real", "at_real")


def people_in(clear: str) -> set[str]:
    return {f"+1{area}555{line}" for area, line in FICTIONAL.findall(clear)} | ({NAME} if NAME in clear else set())


@pytest.fixture
def town() -> Iterator[Town]:
    with running_town(ROOT / "agencies" / "ottawa", speed=SPEED, begins=BEGINS) as town:
        yield town


@pytest.mark.deep
@pytest.mark.timeout(2400)
async def test_r3_of_a_whole_day_only_open_calls_and_opt_outs_have_a_number_years_later(
    town: Town, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    with a_day_played(town):
        town.wait_for("ten in the evening", lambda: town.box.clock.now() >= BEGINS + hours(22), seconds=1200)
    people = [phone["number"] for phone in town.phones()]
    assert len(people) > 150, states(town)
    answer_and_write(town, people)
    for name, value in town.box.environment().items():
        monkeypatch.setenv(name, value)
    services = await asyncio.to_thread(text_services, Settings())
    before = people_of(town, services)
    sealed = sealed_of_open_calls(town)  # the starter is at work: some of them end while the years pass
    done = await asyncio.to_thread(years_pass, town, services)
    figures = [f"{len(people)} phones; found before: {sizes(before)}; forgotten: {dict(done.done)}"]

    after = people_of(town, services)
    with Session(town.engine) as session:
        stopped = [row.phone_encrypted for row in session.exec(select(OptOutRow)) if row.ended_at is None]
    of_open_calls, opted_out = ({services.keyring.decrypt(one) for one in some} for some in (sealed, stopped))
    figures.append(f"found after: {sizes(after)}; open calls: {len(of_open_calls)}; opt-outs: {len(opted_out)}")
    assert len(before["call"]) > 150
    assert NAME in before["survey_held"] | before.get("survey_comment", set())
    assert after.pop("opt_out") == opted_out != set()
    assert after.pop("call", set()) <= of_open_calls
    assert after.pop("text", set()) <= of_open_calls
    assert after.pop("inbound_message", set()) <= opted_out  # a STOP that the carrier has answered itself
    assert after == {}
    gone = set(people) - of_open_calls - opted_out
    assert {place: found for place, found in (await elsewhere(town)).items() if found} == {}
    raw = in_files(data_directory(town), {services.keyring.phone_hash(number) for number in gone})
    figures.append(f"files of PostgreSQL, vacuumed: {raw}")
    record_property(FIGURES, "Forgotten: " + "; ".join(figures))
    assert raw["in clear"] == 0
    (town.box.state.logs / "planted.log").write_text(f"call back {people[0]}")
    assert (await elsewhere(town))["log planted.log"] == {people[0]}


def sealed_of_open_calls(town: Town) -> list[str]:
    """Their numbers, encrypted."""
    with Session(town.engine) as session:
        is_open = select(CallRow.phone_encrypted).where(col(CallRow.ended_reason).is_(None))
        return [value for value in session.exec(is_open) if value]


class a_day_played:  # noqa: N801
    """The command `replay` on a generated day; it is ended when the test has seen enough. Calls of other priorities,
    two of three, are left out: nobody is texted of them, and to take them in at this speed needs a machine alone."""

    def __init__(self, town: Town) -> None:
        day = town.folder / "day.csv"
        town.command("generate-day", "--seed", "7", "--day", "2026-05-14", "--out", str(day))
        with day.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if row[2] in {"priority_native", "3", "4"}]
        with day.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        command = [python(), "-m", "cli.main", "replay", "--cad", str(day)]
        environment = child_environment(town.box.environment())
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)


def answer_and_write(town: Town, people: Iterable[str]) -> None:
    """Some answer the survey and write a name, some write to us, some say STOP; one each."""
    counts: Counter[str] = Counter()
    for place, number in enumerate(people):
        words = {0: "STOP", 1: f"this is {NAME}, {number}"}.get(place % 6)
        links = re.findall(r"https?://\S+/s/\S+", " ".join(town.texts(number)))
        if words is None and links:
            form = {"step": "4", "Q1": "5", "C1": f"It was {NAME} who came"}
            answer = requests.post(links[-1], data=form, timeout=10, allow_redirects=False)
            counts["answers"] += answer.status_code == 303
        elif words is not None:
            url = f"{town.box.phones_url}/carrier/phones/{number}/texts"
            counts[words[:4]] += requests.post(url, json={"text": words}, timeout=10).ok
    assert min(counts["answers"], counts["STOP"], counts["this"]) >= 10, counts
    town.wait_for("what they wrote is taken in", lambda: _inbound(town) >= counts["STOP"] + counts["this"])


def _inbound(town: Town) -> int:
    with town.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM inbound_message")).scalar_one())


def people_of(town: Town, services: TextServices) -> dict[str, set[str]]:
    """By table, whoever can be found with the service's keys."""
    found: dict[str, set[str]] = {}
    hashes = {services.keyring.phone_hash(phone["number"]): phone["number"] for phone in town.phones()}
    for table, rows in dumped(town.engine).items():
        hits = people_in(in_clear(services.keyring, rows))
        hits |= {hashes[hash_] for hash_ in re.findall(r"[0-9a-f]{64}", rows) if hash_ in hashes}
        if hits:
            found[table] = hits
    return found


def years_pass(town: Town, services: TextServices) -> Forgotten:
    """The coming night's cut; then the service's clock is moved by six years, and the rows' real times are made older.

    The worker may have made this night's cut before people answered: what is cut later is of the week of its cut.
    """
    tomorrow = services.clock.now() + timedelta(days=1)
    assert SurveyCut(replace(services, clock=Clock(real_origin=real_now(), virtual_origin=tomorrow)))().done
    with town.engine.begin() as connection:
        columns = text(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = ANY (:names) AND table_name <> 'audit_entry'"
        )
        for table, column in connection.execute(columns, {"names": list(_REAL)}).all():
            connection.execute(text(f"UPDATE {table} SET {column} = {column} - interval '{LATER.days} days'"))  # noqa: S608
    later = replace(services, clock=Clock(real_origin=real_now(), virtual_origin=services.clock.now() + LATER))
    while Forget(later)().after is not None:
        pass
    SurveyCut(later)()
    forget_rejected(services.engine, older_than=services.agency.policy.retention.rejected)
    forgetting, done = ForgetActivities(later), Forgotten()
    while True:
        done = done.and_then(ActivityEnvironment().run(forgetting.forget_some, done.after))
        if done.after is None:
            break
    ActivityEnvironment().run(forgetting.clear_away)
    return done


async def elsewhere(town: Town) -> dict[str, set[str]]:
    """Logs, metrics, Temporal's histories in clear."""
    places = {f"log {name}": people_in(said) for name, said in town.logs().items()}
    places |= {name: people_in(said) for name, said in town.metrics().items()}
    client, count = await town.client(), 0
    async for workflow in client.list_workflows():
        handle = client.get_workflow_handle(workflow.id, run_id=workflow.run_id)
        clear = decoded(await handle.fetch_history()) + str(workflow.typed_search_attributes)
        places[f"history {workflow.id}"], count = people_in(clear), count + 1
    assert count > 150
    return places


def data_directory(town: Town) -> Path:
    with town.engine.connect() as connection:
        connection.commit()
        connection.execute(text("CHECKPOINT"))
        return Path(connection.execute(text("SHOW data_directory")).scalar_one())


def in_files(folder: Path, hashes: set[str]) -> dict[str, int]:
    """How often somebody is told in clear in the files of tables and of the write-ahead log; and how many of these
    keyed hashes are still in free room."""
    clear, left = 0, set[str]()
    for path in [*folder.glob("base/*/*"), *folder.glob("pg_wal/0*")]:
        bytes_ = path.read_bytes().decode("latin-1")
        clear += len(people_in(bytes_))
        if path.parent.name != "pg_wal":
            left |= hashes & set(re.findall(r"[0-9a-f]{64}", bytes_))
    return {"in clear": clear, "hashes in free room": len(left), "of": len(hashes)}


def states(town: Town) -> object:
    with town.engine.connect() as connection:
        return connection.execute(text("SELECT kind, state, rule, count(*) FROM text GROUP BY 1, 2, 3")).all()


def sizes(found: dict[str, set[str]]) -> dict[str, int]:
    return {table: len(hits) for table, hits in found.items()}
