"""What callers say of the call taker and of the officer, for these two alone: kept apart from all other answers (R7).

It is written only when ten callers have said something of the same person, so that each of it may be any of the ten's.
Why, and what remains: docs/decisions/0028-members-own-feedback.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from survey.answers import Answer
from survey.cut import FEWEST, weeks_between
from survey.questions import Role, Survey

FEWEST_TOGETHER: Final = 10
"""So many callers' marks of one person are written together, or none."""
NOBODYS_AFTER: Final = 26
"""Weeks. What has not found its ten by then is nobody's own any more, and is written with others of its role."""
LONGEST: Final = 52
"""Weeks. Then it is deleted."""
_EVEN_MARKS: Final = 1024
_EVEN_COMMENT: Final = 5120
"""Bytes. A comment of a thousand signs has up to 4,000."""
_GIVEN_TO: Final = (Role.OFFICER, Role.CALL_TAKER)


class HeldFeedback(BaseModel):
    """Marks for one person, or a comment for one, until it is written. Nothing in it names call, phone or invitation,
    nor leads from one of a caller's to another.

    `key`: the keyed hash of the person's key; `None`: CAD told none. `scores`: by question id, also where nothing was
    answered; `None`: this is what was written, or not written, by a caller in this `language`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    agency: str
    week: str
    """ISO week of the submission, as `2026-W04`."""
    role: Role
    key: str | None
    scores: Mapping[str, Answer] | None = None
    language: str | None = None
    comment: str | None = None
    """Masked; its writer agreed that those who helped may read it."""

    def as_text(self) -> str:
        """As it is encrypted: marks are all of one length, and so is what may be a comment."""
        body = self.model_dump_json()
        return body + " " * (-len(body.encode()) % (_EVEN_COMMENT if self.scores is None else _EVEN_MARKS))


@dataclass(frozen=True, kw_only=True)
class Batches:
    """What becomes of what was held. The caller shuffles `ready`."""

    ready: Sequence[HeldFeedback]
    waits: Sequence[HeldFeedback]
    dropped: int
    """How many have waited for too long."""


def feedback_in(
    survey: Survey,
    values: Mapping[str, Answer],
    *,
    keys: Mapping[Role, str],
    comment: str | None,
    agency: str,
    week: str,
    language: str,
) -> list[HeldFeedback]:
    """What one submission says of members; nothing where the agency's folder does not ask for it.

    It depends on the call alone how many these are. `keys`: as they are hashed, of those whom CAD told. `comment`: one
    that may be shared. It goes to one person, for in two rows it would say of whom both have helped: to the officer,
    and where CAD told none, to the call taker.
    """
    asks = survey.members_feedback
    if asks is None:
        return []
    given = [
        HeldFeedback(
            agency=agency,
            week=week,
            role=role,
            key=keys.get(role),
            scores={id_: values[id_] for id_ in asks.of(role) if id_ in values},
        )
        for role in asks.roles
    ]
    reader = next((role for role in _GIVEN_TO if role in asks.roles and role in keys), None)
    if reader is None:
        return given
    words = HeldFeedback(agency=agency, week=week, role=reader, key=keys[reader], language=language, comment=comment)
    return [*given, words]


def batches(held: Sequence[HeldFeedback], *, week: str) -> Batches:
    """Part what is held. `week`: the ISO week of this cut."""
    groups: dict[tuple[Role, str | None, bool, str | None], list[HeldFeedback]] = defaultdict(list)
    dropped = 0
    for one in held:
        age = weeks_between(one.week, week)
        if age > LONGEST:
            dropped += 1
            continue
        whose = one.key if age <= NOBODYS_AFTER else None
        groups[one.role, whose, one.scores is None, one.language].append(one.model_copy(update={"key": whose}))
    ready: list[HeldFeedback] = []
    waits: list[HeldFeedback] = []
    for (_, _, is_comment, _), together in groups.items():
        enough = len(together) >= (FEWEST if is_comment else FEWEST_TOGETHER)
        (ready if enough else waits).extend(together)
    return Batches(ready=ready, waits=waits, dropped=dropped)
