"""The carrier of a simulation: it takes every text and gives it to nobody."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from uuid import uuid4

from activities.carrier_client import Accepted
from activities.carrier_messages import Message


class NobodyTexted:
    """Answers as a carrier does that is always well; what it was given is gone."""

    timeout_seconds = 0.0

    def send(self, **_text: object) -> Accepted:
        """Take the text."""
        return Accepted(sid=f"simulated-{uuid4().hex}")

    def find(self, *, to: str, sender: str, body: str, since: datetime, known: Collection[str]) -> Accepted | None:  # noqa: ARG002
        """It keeps nothing."""
        return None

    def fetch(self, sid: str) -> Message | None:  # noqa: ARG002
        """It keeps nothing."""
        return None

    def sent_between(self, since: date, until: date, *, sender: str) -> Iterator[Message]:  # noqa: ARG002
        """It keeps nothing."""
        return iter(())

    def forget(self, sid: str) -> None:
        """It keeps nothing."""
