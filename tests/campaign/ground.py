"""Where a campaign is fought: real servers, two workers and two starters, a carrier that does what it likes."""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import yaml
from sqlalchemy import Engine, make_url

from calls.clock import Clock
from cli.set_up import set_up_database
from database.encryption import Keyring, load_keyring
from database.engine import connect
from local.box import Box, Ports
from local.place import new_clock
from local.ports import free_port
from local.processes import Supervisor
from policy.agency import load_agency
from starter.accept import Acceptor
from tests.campaign.troop import Troop
from tests.servers import temporary_state
from tests.whole.town import ROOT

BEGINS = datetime(2026, 1, 15, 14, 0, tzinfo=UTC)
SPEED = 60
"""A minute of the service is a second: a whole call in one minute, and ten minutes until its texts expire."""
_LEAD = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a campaign needs."""

    box: Box
    engine: Engine
    keyring: Keyring
    acceptor: Acceptor
    troop: Troop
    supervisor: Supervisor

    @property
    def clock(self) -> Clock:
        return self.box.clock

    def misbehave(self, *rules: dict[str, Any], seed: int = 0) -> None:
        url = f"{self.box.phones_url}/carrier/misbehaviour"
        requests.put(url, json={"rules": list(rules), "seed": seed}, timeout=10).raise_for_status()

    def mischief(self) -> dict[str, int]:
        """How often each thing went wrong."""
        plan = requests.get(f"{self.box.phones_url}/carrier/misbehaviour", timeout=10).json()
        return {rule["what"]: rule["happened"] for rule in plan["rules"]}

    def messages(self) -> list[dict[str, Any]]:
        """Every text that a phone got."""
        phones = requests.get(f"{self.box.phones_url}/carrier/phones", timeout=60).json()["phones"]
        all_ = [message for phone in phones for message in phone["messages"]]
        return [message for message in all_ if message["direction"].startswith("outbound")]

    def posts(self) -> list[dict[str, Any]]:
        posts: list[dict[str, Any]] = requests.get(f"{self.box.phones_url}/carrier/posts", timeout=60).json()["posts"]
        return posts


def in_a_hurry(folder: Path, *, segments_per_second: float, **changes: Any) -> Path:
    """Ottawa's folder with a whole call in 50 minutes, surveys at any hour, and texts that stay true for ten hours."""
    agency = folder / "ottawa"
    shutil.copytree(ROOT / "agencies" / "ottawa", agency)
    policy = yaml.safe_load((agency / "policy.yaml").read_text())
    table = policy["timetable"]
    table["confirmation"] |= {"expires_after": "10 h"}
    table["delay"] |= {"first_after": {3: "20 min", 4: "20 min"}, "at_most": 1, "expires_after": "10 h"}
    table["survey"] |= {"after_cleared": "20 min", "opens": "00:00", "closes": "23:59:59"}
    for kind, values in changes.items():
        table[kind] |= values
    (agency / "policy.yaml").write_text(yaml.safe_dump(policy))
    identity = yaml.safe_load((agency / "agency.yaml").read_text())
    identity["segments_per_second"] = segments_per_second
    (agency / "agency.yaml").write_text(yaml.safe_dump(identity))
    return agency


@contextmanager
def ground(folder: Path, *, seed: int, speed: float = SPEED, workers: int = 2, starters: int = 2) -> Iterator[Ground]:
    """All of it, running; `folder` is the agency's."""
    agency = load_agency(folder)
    with temporary_state() as state, Supervisor(state) as supervisor:
        box = Box(
            state=state,
            ports=Ports.any_free(),
            folder=folder,
            agency=agency,
            clock=Clock(),
            durable=False,
            extra={"COMMUNITYCONNECT_UNKNOWN_WAIT_SECONDS": "3", "COMMUNITYCONNECT_TWILIO_TIMEOUT_SECONDS": "2"},
        )
        box.start_servers(supervisor)
        environment = box.environment()
        engine = connect(box.owner_url, pool_size=10)
        set_up_database(engine, service=make_url(environment["DATABASE_URL"]), say=lambda _: None)
        box = box.with_clock(new_clock(begins=BEGINS, lead=_LEAD, speed=speed))
        supervisor.start(box.phones(), box.web())
        keyring = load_keyring(
            encryption_keys=environment["COMMUNITYCONNECT_ENCRYPTION_KEYS"],
            lookup_key=environment["COMMUNITYCONNECT_LOOKUP_KEY"],
        )
        acceptor = Acceptor(engine=engine, keyring=keyring, agency="ottawa", policy=agency.policy, now=box.clock.now)
        children = [box.worker(name=f"worker {n}", metrics_port=free_port()) for n in range(workers)]
        children += [box.starter(name=f"starter {n}", metrics_port=free_port()) for n in range(starters)]
        troop = Troop(children=children, dice=random.Random(seed))
        try:
            yield Ground(box=box, engine=engine, keyring=keyring, acceptor=acceptor, troop=troop, supervisor=supervisor)
        finally:
            troop.end()
            engine.dispose()
