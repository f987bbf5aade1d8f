"""R2: a worker killed in mid-call, and one killed in mid-send, cost no text and repeat none."""

import os
import signal

import requests
from pydantic import JsonValue
from sqlmodel import Session, col, select

from database.tables import TextRow
from tests.whole.town import Town

WAITING, SENDING = "+16135550120", "+16135550121"


def test_a_worker_killed_while_calls_wait_and_send_is_replaced_and_no_text_comes_twice(slow_town: Town) -> None:
    town = slow_town
    _answer_slowly(town, SENDING)
    now = (town.box.clock.now() - town.begins).total_seconds() / 60
    common = {"agency": "OPS", "priority_native": "4", "source": "phone", "type_initial": "NOISE"}
    town.play(
        common | {"incident_id": "21", "phone": WAITING, "received": town.local(now - 57)},
        common | {"incident_id": "22", "phone": SENDING, "received": town.local(now - 4)},
        name="killed",
    )
    # One text is on its phone, its sender still waits for the answer; the other call waits for a timer.
    town.wait_for("the text whose answer is late", lambda: town.texts(SENDING))
    assert _states(town, "ottawa-22") == ["sending"]
    first = town.supervisor.pid("worker")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    town.wait_for("another worker", lambda: town.supervisor.pid("worker") not in (None, first))
    # The call that waited goes on: its delay notice falls due an hour after receipt.
    town.wait_for("the delay notice", lambda: len(town.texts(WAITING)) == 2)
    # The text that was being sent is found out about when Temporal gives the dead attempt up (30 s), not repeated.
    town.wait_for("the outcome", lambda: _states(town, "ottawa-22") == ["accepted"], seconds=60)
    assert len(town.texts(SENDING)) == 1
    assert len(town.texts(WAITING)) == 2


def _answer_slowly(town: Town, number: str) -> None:
    """And tell us nothing: else the callback would prove what became of the text."""
    rules: list[dict[str, JsonValue]] = [
        {"what": "slow_answer", "next": 1, "seconds": 8, "numbers": [number]},
        {"what": "no_callback", "numbers": [number]},
    ]
    requests.put(f"{town.box.phones_url}/carrier/misbehaviour", json={"rules": rules}, timeout=10).raise_for_status()


def _states(town: Town, call_id: str) -> list[str]:
    with Session(town.engine) as session:
        return list(session.exec(select(TextRow.state).where(col(TextRow.call_id) == call_id)).all())
