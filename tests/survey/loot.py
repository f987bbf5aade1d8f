"""A copy of the survey's part of the database, hidden columns and all, as somebody reads it who may not."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, text

from calls.facts import CallFacts
from survey.areas import Place
from survey.context import context_of
from survey.questions import Role
from tests.survey.month import TAG, TAGS, Keys

VALID: Final = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """What the database says of it and of its call. `place`: of the row in its file."""

    call_id: str
    used: bool
    language: str | None
    sent: datetime
    context: Mapping[str, object]
    waited: timedelta
    """For an officer; where none came, longer than anybody."""
    xmin: int
    place: tuple[int, int]
    members: Keys = field(default_factory=dict)
    """Who had to do with the call: CAD knows, and the shift. By the hashes of their keys."""
    first_used: int | None = None
    """The night after which it was first seen to be used, where somebody kept a copy of each night."""


@dataclass(frozen=True, kw_only=True)
class Response:
    id: str
    tag: str
    language: str
    week: str
    context: Mapping[str, object]
    answers: Mapping[str, Any]
    xmin: int
    place: tuple[int, int]
    first_seen: int | None = None

    @property
    def cell(self) -> Hashable:
        """All by which its invitation could be known, but for its place."""
        return (*self.written_with, self.met_an_officer)

    @property
    def written_with(self) -> tuple[Hashable, ...]:
        """All that the cut has it say, and in which night, where that is known."""
        return (self.language, self.week, tuple(sorted(self.context.items())), self.xmin, self.first_seen)

    @property
    def met_an_officer(self) -> bool:
        """So says the answer itself: then one came."""
        return self.answers.get("Q6") == "in_person"


@dataclass(kw_only=True)
class Loot:
    """A copy of the database. `held`: how many answers wait, encrypted."""

    invitations: list[Invitation]
    responses: list[Response]
    held: int
    now: datetime
    feedback: list[Response] = field(default_factory=list)
    """What was said of members, whose it is in place of the context, and the month of the week."""
    by_area: Mapping[Place, int] = field(default_factory=dict)
    """Answers counted by area, of all months."""
    by_area_held: int = 0
    """How many wait to be counted, encrypted."""
    nights: Mapping[int, Mapping[Place, int]] = field(default_factory=dict)
    """`by_area` after each night, where somebody kept a copy of each."""


@dataclass(kw_only=True)
class Watch:
    """A copy of each night, by which it is known in which an answer was new, and a link."""

    used: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    by_area: dict[int, Mapping[Place, int]] = field(default_factory=dict)

    def look(self, loot: Loot, night: int) -> None:
        self.by_area[night] = loot.by_area
        for invitation in loot.invitations:
            if invitation.used:
                self.used.setdefault(invitation.call_id, night)
        for response in loot.responses:
            self.seen.setdefault(response.tag, night)  # its content: it is the same in both copies
        for said in loot.feedback:
            self.seen.setdefault(f"{said.context['role']} {said.tag}", night)


def loot_of(
    engine: Engine, *, now: datetime, watch: Watch | None = None, members: Mapping[str, Keys] | None = None
) -> Loot:
    """Everything that can be read. `members`: by call, who had to do with it."""
    used, seen = (watch.used, watch.seen) if watch else ({}, {})
    with engine.connect() as connection:
        invitations = connection.execute(
            text(
                "SELECT i.call_id, i.used, i.language, i.expires_at, c.facts, i.xmin::text::bigint AS xmin, "
                "i.ctid::text AS ctid FROM survey_invitation i JOIN call c ON c.call_id = i.call_id"
            )
        ).mappings()
        responses = connection.execute(
            text("SELECT *, xmin::text::bigint AS the_xmin, ctid::text AS the_ctid FROM survey_response")
        ).mappings()
        feedback = connection.execute(
            text(
                "SELECT *, xmin::text::bigint AS the_xmin, ctid::text AS the_ctid FROM member_feedback "
                "WHERE scores IS NOT NULL"
            )
        ).mappings()
        return Loot(
            invitations=[_invitation(row, used, (members or {}).get(row["call_id"], {})) for row in invitations],
            feedback=[_feedback(row, seen) for row in feedback],
            responses=[_response(row, seen) for row in responses],
            held=connection.execute(text("SELECT count(*) FROM survey_held")).scalar_one(),
            by_area=_by_area(connection),
            by_area_held=connection.execute(text("SELECT count(*) FROM survey_area_held")).scalar_one(),
            nights=watch.by_area if watch else {},
            now=now,
        )


def _by_area(connection: Connection) -> dict[Place, int]:
    sums = text(f"SELECT {', '.join(Place._fields)}, sum(count) FROM survey_area_count GROUP BY 1, 2, 3, 4, 5")  # noqa: S608
    return {Place(*place): count for *place, count in connection.execute(sums)}


def _invitation(row: RowMapping, used: Mapping[str, int], members: Keys) -> Invitation:
    facts = CallFacts.model_validate(row["facts"])
    came = facts.arrived_at or facts.dispatched_at
    return Invitation(
        call_id=row["call_id"],
        used=row["used"],
        language=row["language"],
        sent=row["expires_at"] - VALID,
        context=context_of(facts).model_dump(exclude_none=True),
        waited=timedelta(days=999) if came is None or facts.received_at is None else came - facts.received_at,
        xmin=row["xmin"],
        place=_place(row["ctid"]),
        members=members,
        first_used=used.get(row["call_id"]),
    )


def _response(row: RowMapping, seen: Mapping[str, int]) -> Response:
    tag = row["answers"][TAG]
    return Response(
        id=str(row["id"]),
        tag=tag,
        language=row["language"],
        week=row["week"],
        context=row["context"],
        answers=_without_tags(row["answers"]),
        xmin=row["the_xmin"],
        place=_place(row["the_ctid"]),
        first_seen=seen.get(tag),
    )


def _feedback(row: RowMapping, seen: Mapping[str, int]) -> Response:
    tag = row["scores"][TAGS[Role(row["role"])]]
    return Response(
        id=str(row["id"]),
        tag=tag,
        language="",
        week=row["month"],
        context={"role": row["role"], "key": row["key_hash"]},
        answers=_without_tags(row["scores"]),
        xmin=row["the_xmin"],
        place=_place(row["the_ctid"]),
        first_seen=seen.get(f"{row['role']} {tag}"),
    )


def _without_tags(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answers.items() if name not in (TAG, *TAGS.values())}


def _place(ctid: str) -> tuple[int, int]:
    page, number = ctid.strip("()").split(",")
    return int(page), int(number)
