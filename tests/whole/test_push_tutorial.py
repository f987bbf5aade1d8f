"""The tutorial of `docs/cad-push.md`, as it stands there, in a shell, with curl."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from calls.facts import CallFacts
from database.tables import CallRow
from tests.whole.conftest import BEGINS
from tests.whole.town import ROOT, Town, running_town

CALLER = "+16135550142"
ASSAULTED = "+13435550117"


@pytest.fixture
def town_of_its_own(ottawa_with_numbers: Path) -> Iterator[Town]:
    """The town that others share goes by the clock: its surveys would be due at night after this."""
    with running_town(ottawa_with_numbers, speed=600, begins=BEGINS) as town:
        yield town


def test_the_tutorial_takes_a_call_from_received_to_cleared_and_its_texts_come(town_of_its_own: Town) -> None:
    text = (ROOT / "docs" / "cad-push.md").read_text(encoding="utf-8")
    setting, received, steps, repeated, sensitive = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    setting = setting.replace("http://127.0.0.1:8009", town_of_its_own.box.cad_url)
    setting = setting.replace(".communityconnect/secrets.json", str(town_of_its_own.box.state.secrets))

    def run(block: str) -> list[dict[str, int]]:
        done = subprocess.run(["sh", "-euc", setting + block], capture_output=True, text=True, check=True, timeout=60)
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert [answer["taken"] for answer in run(received)] == [1]
    town_of_its_own.wait_for("the confirmation", lambda: len(town_of_its_own.texts(CALLER)) == 1)
    assert "26-900001" in town_of_its_own.texts(CALLER)[0]
    assert [answer["taken"] for answer in run(steps)] == [1, 1, 1]
    assert [answer["repeated"] for answer in run(repeated)] == [1]
    assert [answer["taken"] for answer in run(sensitive)] == [1, 1]
    town_of_its_own.wait_for("the survey", lambda: len(town_of_its_own.texts(CALLER)) == 2)
    assert "/s/" in town_of_its_own.texts(CALLER)[1]
    assert town_of_its_own.texts(ASSAULTED) == []
    assert _facts(town_of_its_own, "ottawa-T-2").latch is not None


def _facts(town: Town, call_id: str) -> CallFacts:
    with Session(town.engine) as session:
        row = session.get(CallRow, call_id)
        assert row is not None
        return CallFacts.model_validate(row.facts)
