"""A submitted survey, as it is held until the cut, and what it may say of its call (R7)."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from survey.answers import Answer

_EVEN: Final = 8192
"""Bytes. A comment of a thousand signs has up to 4,000, and ten answers with it some 1,000."""


class Context(BaseModel):
    """What an answer says of the call that it is about. `None`: not told, or coarsened away."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    priority: int | None = None
    call_type_group: str | None = None
    area: str | None = None
    area_version: str | None = None
    """Of the map that the areas are of: they are redrawn now and then."""
    delay_band: str | None = None
    """How long the caller waited for an officer: `survey.context.DelayBand`."""
    arrived: bool | None = None
    """Whether CAD says that an officer was there, not only sent. It parts the answers, and no answer says it."""
    channel: str | None = None
    """How the link came: `text`."""


class HeldAnswer(BaseModel):
    """One submission. Nothing in it names call, phone or invitation."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    agency: str
    survey_version: str
    language: str
    week: str
    """ISO week of the submission, as `2026-W04`."""
    answers: Mapping[str, Answer]
    """By question id, comments apart."""
    comment: str | None = None
    """Masked."""
    may_share: bool = False
    urgent: bool = False
    """The comment sounds as if somebody should look at it today. Readable outside, it would name the link of a night's
    only urgent one."""
    seen: bool = False
    """A person has looked at the urgent comment."""
    context: Context
    without_facts: bool = False
    """The facts of its call could not be read: the context is empty."""

    def as_text(self) -> str:
        """As it is encrypted: all of one length, by which it could be told who of those that wait wrote a comment, and
        how long a one; the spaces at its end are no part of it."""
        body = self.model_dump_json()
        return body + " " * (-len(body.encode()) % _EVEN)
