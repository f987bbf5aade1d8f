"""What the store holds: one text, call or notice each; and each POST that asked for a text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["text", "call", "notice"]  # a notice is the network's own text, such as the answer to STOP
Direction = Literal["outbound-api", "outbound-reply", "inbound"]  # as Twilio names them, seen from the service


@dataclass(frozen=True, slots=True)
class Said:
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    sid: str
    kind: Kind
    direction: Direction
    phone: str
    sender: str
    body: str
    redacted: bool
    deleted: bool
    status: str
    error_code: int | None
    segments: int
    callback_url: str
    created: float
    """Of a text that the service sent: when its POST arrived."""
    shown: datetime
    """When it was created, as the pages tell it: on the clock of the run that created it."""
    sent: float | None
    updated: float
    webhook: str
    said: tuple[Said, ...]

    @property
    def to(self) -> str:
        return self.sender if self.direction == "inbound" else self.phone

    @property
    def from_(self) -> str:
        return self.phone if self.direction == "inbound" else self.sender


@dataclass(frozen=True, slots=True)
class Post:
    """A request to send a text, whatever became of it."""

    id: int
    arrived: float
    phone: str
    """As it was given: it may be no number."""
    sender: str
    segments: int
    sid: str | None
    """The text that was taken on; None: none was."""
