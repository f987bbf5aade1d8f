"""A slow database takes nothing with it: processes stay up, say so truly, and no record of CAD's is lost (R4)."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from database.tables import CallRow
from tests.conftest import FIGURES
from tests.starter.pushing import Signs, received
from tests.watching.slow_database import Running, Wire, running, wire
from watching.readiness import PATIENCE_SECONDS
from web.staff.console.parts import SESSION_COOKIE


@pytest.fixture
def line(engine: Engine) -> Iterator[Wire]:
    with wire(engine.url.render_as_string(hide_password=False)) as it:
        yield it


def push(cad: Running, cad_id: str) -> int:
    """The status; no answer at all is 0."""
    try:
        return requests.post(f"{cad.address}/cad/v1/calls", json=received(cad_id), auth=Signs(), timeout=20).status_code
    except requests.RequestException:
        return 0


def calls(engine: Engine) -> set[str]:
    with Session(engine) as session:
        return set(session.exec(select(CallRow.call_id)).all())


@pytest.mark.deep
def test_r4_a_process_that_starts_while_the_database_hangs_waits_for_it_and_takes_records_when_it_speaks(
    engine: Engine, line: Wire, tmp_path: Path
) -> None:
    line.mute()
    with running(tmp_path, "cad", "serve", "--port", "{port}", url=line.url) as cad:
        cad.wait_for("/livez", 200)
        assert cad.status("/readyz") == 503
        assert push(cad, "1") == 503  # its sender comes again
        assert cad.status("/metrics", own=True) == 200
        line.speak()
        cad.wait_for("/readyz", 200)
        assert push(cad, "1") == 202
        line.delay = 0.1  # slow, and well
        assert push(cad, "2") == 202
        assert cad.status("/readyz") == 200
    assert calls(engine) == {"ottawa-1", "ottawa-2"}


@pytest.mark.parametrize("command", ["web", pytest.param("console", marks=pytest.mark.deep)])
def test_pages_that_hang_take_neither_livez_nor_readyz_with_them(engine: Engine, tmp_path: Path, command: str) -> None:
    """A lock hangs more pages than there are threads and connections; the database itself is well."""
    page = "/s/abcdefghijkl" if command == "web" else "/board"
    table = "survey_invitation" if command == "web" else "staff_session"
    url = engine.url.render_as_string(hide_password=False)
    with running(tmp_path, command, "--port", "{port}", url=url) as site, engine.connect() as connection:
        site.wait_for("/readyz", 200)
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        cookies = {SESSION_COOKIE: "x" * 43}
        hang = [
            threading.Thread(
                target=requests.get, args=(site.address + page,), kwargs={"timeout": 30, "cookies": cookies}
            )
            for _ in range(60)
        ]
        for thread in hang:
            thread.start()
        time.sleep(0.5)
        for _ in range(5):
            assert [site.status("/livez"), site.status("/readyz")] == [200, 200]
        connection.rollback()
        for thread in hang:
            thread.join()


@pytest.mark.deep
def test_r4_an_outage_of_the_database_loses_no_record_and_ends_no_process(
    engine: Engine, line: Wire, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    accepted: set[str] = set()
    refused = 0
    stop = threading.Event()

    with running(tmp_path, "cad", "serve", "--port", "{port}", url=line.url) as cad:
        cad.wait_for("/readyz", 200)

        def keep_pushing(sender: int) -> None:
            """As CAD does: the same again until it is accepted."""
            nonlocal refused
            number = 0
            while not stop.is_set():
                cad_id = f"{sender}-{number}"
                if push(cad, cad_id) == 202:
                    accepted.add(f"ottawa-{cad_id}")
                    number += 1
                else:
                    refused += 1
                time.sleep(0.05)

        senders = [threading.Thread(target=keep_pushing, args=(one,)) for one in range(4)]
        for sender in senders:
            sender.start()
        time.sleep(2)
        line.mute()
        time.sleep(PATIENCE_SECONDS / 2)
        assert [cad.status("/livez"), cad.status("/readyz")] == [200, 200]  # ten seconds are no reason yet
        away = PATIENCE_SECONDS / 2 + cad.wait_for("/readyz", 503)
        assert cad.status("/livez") == 200
        time.sleep(10)
        line.speak()
        back = cad.wait_for("/readyz", 200)
        time.sleep(3)
        stop.set()
        for sender in senders:
            sender.join()
        assert cad.process.poll() is None
    assert accepted <= calls(engine)
    assert refused > 0
    figures = f"not ready after {away:.0f} s, ready {back:.0f} s after it spoke again; "
    figures += f"{len(accepted)} records accepted, none lost, {refused} pushes told to come again"
    record_property(FIGURES, f"the database said nothing for a while: {figures}")
