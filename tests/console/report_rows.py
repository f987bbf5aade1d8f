"""A small service over three months, in a test database: whatever can stand in the tables, by chance and at the edges.

Not what a service would write in every row; every row is one that the report must count right.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from calls.clock import Clock
from calls.facts import CallFacts, Outcome
from database.line import LineClosureRow
from database.surveys import SurveyCutRow
from database.tables import CallRow, OptOutRow, ServiceModeRow, SurveyResponseRow, SwitchRow, TextRow

NOW: Final = datetime(2026, 11, 18, 17, tzinfo=UTC)
"""By the service's clock, in the month that is longest: the clocks went back on its first night."""
CLOCK: Final = Clock(real_origin=datetime(2026, 6, 1, tzinfo=UTC), virtual_origin=NOW, speed=0.05)
"""It hardly goes while a test runs: made for now by `clock_for`."""
BEGINS: Final = datetime(2026, 8, 28, tzinfo=UTC)
EDGES: Final = tuple(
    datetime.fromisoformat(edge)
    for edge in ("2026-09-01T04:00:00+00:00", "2026-10-01T04:00:00+00:00", "2026-11-01T04:00:00+00:00")
)
"""Midnights of the first, by Ottawa's clocks."""
_RULES: Final = ("opted out", "landline", "one survey", "texts a day", "shadow", "switched off: kind:delay")
_CODES: Final = (30003, 30005, 30006, 21614, 30008)
_SILENT: Final = ("cancelled", "excluded call type", "not from a resident", "silenced for ever")
_STATES: Final = (
    *["delivered"] * 10,
    *("accepted", "sent", "undelivered", "failed", "unknown", "suppressed", "suppressed", "expired", "claimed"),
    "sending",
)


def clock_for(real_now: datetime) -> Clock:
    """A clock that shows `NOW` at that moment, and goes so slowly that a test sees it stand."""
    return Clock(real_origin=real_now, virtual_origin=NOW, speed=0.05)


class Rows:
    """Writes them."""

    def __init__(self, engine: Engine, clock: Clock, *, seed: int = 5) -> None:
        self._engine = engine
        self._clock = clock
        self._chance = Random(seed)
        self._rows: list[SQLModel] = []

    def real(self, moment: datetime) -> datetime:
        return self._clock.real_origin + (moment - NOW) / 0.05

    def write(self, *, calls: int = 500) -> None:
        second = timedelta(seconds=1)
        at_edges = [edge + shift for edge in EDGES for shift in (-second, timedelta(), second)]
        moments = [*at_edges, *(self._moment() for _ in range(calls)), None, None, None]
        for number, received in enumerate(moments):
            self._call(number, received)
        for number in range(40):
            self._text(f"reply-{number}", "auto_reply", 1, self._moment(), call_id=None)
        self._people()
        self._stops()
        with Session(self._engine) as session, session.begin():
            session.add_all(self._rows)

    def _moment(self) -> datetime:
        return BEGINS + self._chance.random() * (NOW - BEGINS)

    def _call(self, number: int, received: datetime | None) -> None:
        chance = self._chance
        came = received or self._moment()
        facts = CallFacts(
            agency="ottawa",
            cad_id=f"r{number}",
            priority=chance.choice([3, 4, 4, None]),
            call_type_group=chance.choice(["noise", "theft", None]),
            received_at=received,
            outcome=Outcome.ORDINARY,
            **self._times(came),
        )
        eligibility = chance.choices(["eligible", "ineligible", "undecided"], [80, 17, 3])[0]
        rule = {"eligible": "all rules met", "undecided": "a fact is missing"}.get(eligibility) or chance.choice(
            _SILENT
        )
        call_id = f"ottawa-r{number}"
        self._rows.append(
            CallRow(
                call_id=call_id,
                agency="ottawa" if chance.random() < 0.98 else "another",
                received_at=received,
                merged={},
                facts=facts.model_dump(mode="json"),
                eligibility=eligibility,
                rule=rule,
                reason="by chance",
                policy_version="p",
                created_real=self.real(came),
                updated_real=self.real(came),
            )
        )
        for version in range(1, chance.choices([1, 2, 3], [10, 85, 5])[0]):
            self._text(call_id, "confirmation", 1, came + timedelta(minutes=3 * version), version=version)
        for sequence in range(1, chance.choices([1, 2, 3], [60, 30, 10])[0]):
            self._text(call_id, "delay", sequence, came + timedelta(minutes=45 * sequence))
        if number % 5 == 0:  # of several notices one may be on the phone, whatever became of the later ones
            for sequence, state in ((11, "unknown"), (12, "suppressed")):
                self._text(call_id, "delay", sequence, came + timedelta(minutes=90), state=state)
        if chance.random() < 0.6:
            self._text(call_id, "survey", 1, came + timedelta(hours=20 * chance.random()))

    def _times(self, came: datetime) -> dict[str, datetime]:
        chance = self._chance
        names = {"queued_at": 0.5, "call_ended_at": 0.5, "dispatched_at": 0.7, "arrived_at": 0.4}
        later = {"requeued_at": 0.15, "cleared_at": 0.6, "reopened_at": 0.1}
        return {
            name: came + timedelta(minutes=chance.choice([0, 5, 30, 60, 61, 100, 200]) - (name == "call_ended_at") * 15)
            for name, share in {**names, **later}.items()
            if chance.random() < share
        }

    def _text(
        self,
        owner: str,
        kind: str,
        sequence: int,
        due: datetime,
        *,
        version: int = 1,
        call_id: str | None = "",
        state: str = "",
    ) -> None:
        chance = self._chance
        state = state or chance.choice(_STATES)
        settled = due + timedelta(seconds=chance.choice([1, 2, 30, 60, 61, 600]))
        self._rows.append(
            TextRow(
                id=UUID(int=chance.getrandbits(128)),
                call_id=owner if call_id == "" else call_id,
                kind=kind,
                sequence=sequence,
                recipient_version=version,
                state=state,
                rule=chance.choice(_RULES) if state == "suppressed" else "expired" if state == "expired" else None,
                policy_version="p",
                segments=chance.choice([1, 2, 3]) if state not in ("suppressed", "expired") else None,
                error_code=chance.choice(_CODES) if state in ("undelivered", "failed") else None,
                due_at=due,
                expires_at=due + timedelta(hours=1),
                settled_at=None if state in ("claimed", "sending") else settled,
                claimed_real=self.real(due),
            )
        )

    def _people(self) -> None:
        chance = self._chance
        for number in range(90):
            since = self._moment()
            ended = since + timedelta(days=20 * chance.random()) if chance.random() < 0.4 else None
            by_staff = chance.random() < 0.2
            self._rows.append(
                OptOutRow(
                    phone_hash=f"h{number}",
                    phone_encrypted="none",
                    sender="+16135550100",
                    since=since,
                    entered_by="Sam Staff" if by_staff else None,
                    ended_at=ended,
                    ended_by="Sam Staff" if ended and by_staff and chance.random() < 0.5 else None,
                )
            )
        for _ in range(60):
            day = self._moment().date()
            week = "{}-W{:02}".format(*day.isocalendar()[:2])
            self._rows.append(
                SurveyResponseRow(agency="ottawa", survey_version="1", language="en", week=week, answers={})
            )
        self._rows.append(SurveyCutRow(agency="ottawa", day=(NOW - timedelta(days=1)).date()))

    def _stops(self) -> None:
        def at(written: str) -> datetime:
            return self.real(datetime.fromisoformat(written + "+00:00"))

        for scope, began, ended in (
            ("everything", "2026-09-30T20:00", "2026-10-02T04:00"),
            ("everything", "2026-10-31T22:00", "2026-11-01T10:00"),
            ("kind:delay", "2026-11-10T00:00", None),
            ("type:noise", "2026-10-01T04:00", "2026-10-01T05:00"),
            ("type:theft", "2026-10-01T03:00", "2026-10-01T04:00"),
            ("call:ottawa-r1", "2026-10-05T00:00", "2026-10-06T00:00"),
            ("call:ottawa-r2", "2026-11-05T00:00", None),
            ("never:ottawa-r3", "2026-10-05T00:00", None),
        ):
            released = None if ended is None else at(ended)
            self._rows.append(
                SwitchRow(
                    scope=scope, stopped_real=at(began), released_real=released, stopped_by="Sam Staff", why="=exercise"
                )
            )
        for mode, since in (
            ("shadow", "2026-09-01T00:00"),
            ("pilot", "2026-09-20T00:00"),
            ("live", "2026-10-03T00:00"),
        ):
            self._rows.append(ServiceModeRow(mode=mode, since_real=at(since), set_by="Sam Staff", why="begin"))
        for began, ended in (("2026-10-09T00:00", "2026-10-09T02:30"), ("2026-11-18T16:00", None)):
            opened = None if ended is None else at(ended)
            self._rows.append(
                LineClosureRow(sender="+16135550100", closed_real=at(began), because="account", opened_real=opened)
            )
