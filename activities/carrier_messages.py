"""A message as the carrier has it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from twilio.rest.api.v2010.account.message import MessageInstance


@dataclass(frozen=True, kw_only=True)
class Message:
    """Without its words. `created` is real time; `to` does not show when the message is printed (R3)."""

    sid: str
    status: str
    error_code: int | None
    created: datetime
    segments: int
    is_reply: bool
    """It answered a text, in the webhook's own answer: Twilio told us its sid only in a callback, if at all."""
    to: str = field(repr=False)


def read_message(message: MessageInstance) -> Message:
    """As we need it.

    Raises:
        ValueError: it is no message.
    """
    if not message.sid or message.date_created is None:
        raise ValueError("not a message")
    return Message(
        sid=message.sid,
        status=str(message.status),
        error_code=message.error_code,
        created=message.date_created,
        segments=int(message.num_segments or 0),
        is_reply=str(message.direction) == "outbound-reply",
        to=message.to or "",
    )


@dataclass(frozen=True, kw_only=True)
class WholeMessage:
    """With its words, which do not show when it is printed (R3): none where they were deleted at the carrier."""

    message: Message
    sender: str = field(repr=False)
    body: str = field(repr=False)


def read_whole(message: MessageInstance) -> WholeMessage:
    """As a recovery needs it.

    Raises:
        ValueError: it is no message.
    """
    return WholeMessage(message=read_message(message), sender=message.from_ or "", body=message.body or "")


def oldest_first(listed: Sequence[WholeMessage]) -> list[WholeMessage]:
    """The carrier lists the newest first, and its times are whole seconds: of two in one, its order tells."""
    backwards = listed[::-1]
    return sorted(backwards, key=lambda one: one.message.created)
