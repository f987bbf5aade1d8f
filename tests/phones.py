"""The carrier in a box, for tests: a real server on loopback, and what its phones hold."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from activities.carrier_client import CarrierClient
from local.child import Child
from local.ports import LOOPBACK, free_port
from local.probes import http_ok
from local.processes import Supervisor
from settings import python
from tests.servers import temporary_state

_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Phones:
    """The carrier's own interface. `address` is also where its Twilio API is."""

    address: str
    account_sid: str
    auth_token: str

    def client(self, *, timeout_seconds: float = 2.0, auth_token: str | None = None) -> CarrierClient:
        """Our client, pointed at this carrier."""
        return CarrierClient(
            account_sid=self.account_sid,
            auth_token=auth_token or self.auth_token,
            address=self.address,
            timeout_seconds=timeout_seconds,
        )

    def bodies(self, number: str) -> list[str]:
        """The texts that this phone got from the service, in their order."""
        answer = requests.get(f"{self.address}/carrier/phones/{number}", timeout=_SECONDS).json()
        return [message["body"] for message in answer["messages"] if message["direction"].startswith("outbound")]

    def all(self) -> list[dict[str, Any]]:
        """Every phone with its messages, as the carrier tells them."""
        phones: list[dict[str, Any]] = requests.get(f"{self.address}/carrier/phones", timeout=_SECONDS).json()["phones"]
        return phones

    def posts(self) -> list[dict[str, Any]]:
        """Every POST of a text, taken on or not, in the order in which they arrived."""
        posts: list[dict[str, Any]] = requests.get(f"{self.address}/carrier/posts", timeout=_SECONDS).json()["posts"]
        return posts

    def type(self, number: str, text: str) -> None:
        """Somebody types a text on this phone."""
        url = f"{self.address}/carrier/phones/{number}/texts"
        requests.post(url, json={"text": text}, timeout=_SECONDS).raise_for_status()

    def misbehave(self, *rules: dict[str, Any]) -> None:
        """From now on the network does this; without rules it behaves."""
        url = f"{self.address}/carrier/misbehaviour"
        requests.put(url, json={"rules": list(rules)}, timeout=_SECONDS).raise_for_status()

    def forget(self) -> None:
        """As new: no phones, no mischief."""
        self.misbehave()
        requests.delete(f"{self.address}/carrier/phones", timeout=_SECONDS).raise_for_status()


@contextmanager
def running_phones(*, sender: str) -> Iterator[Phones]:
    """A carrier of its own, without webhooks."""
    port = free_port()
    phones = Phones(
        address=f"http://{LOOPBACK}:{port}", account_sid="AC" + secrets.token_hex(16), auth_token=secrets.token_hex(16)
    )
    with temporary_state() as state, Supervisor(state) as supervisor:
        child = Child(
            name="phones",
            argv=[python(), "-m", "local.carrier"],
            log=state.log("phones"),
            healthy=http_ok(port, "/healthz"),
            env={
                "CARRIER_PORT": str(port),
                "CARRIER_DATABASE": str(state.carrier_db),
                "CARRIER_ACCOUNT_SID": phones.account_sid,
                "CARRIER_AUTH_TOKEN": phones.auth_token,
                "CARRIER_SENDER": sender,
                "CARRIER_DELIVERY_SECONDS": "0.05",
            },
        )
        supervisor.start(child)
        yield phones
