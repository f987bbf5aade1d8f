"""A small city's calls in the database, on quiet days and on others; and the night that looks at them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text
from sqlmodel import Session, col, insert, select
from temporalio.testing import ActivityEnvironment

from activities.carrier_client import CarrierClient
from activities.find_issues import IssueActivities
from activities.services import TextServices
from calls.clock import Clock
from calls.issues import LookedAt
from database.encryption import Keyring
from database.issues import EmergingIssueRow
from database.tables import CallRow, real_now
from policy.agency import Agency
from tests.builders import some_facts

ZONE: Final = ZoneInfo("America/Toronto")
AREAS: Final = ("Bay", "Kanata North", "Rideau-Vanier", "River", "Somerset")
TYPES: Final = ("NOISE", "THEFT", "MISCHIEF")
DAY: Final = timedelta(days=1)
_OF_DAYS: Final = text(
    # One query that knows nothing of ours: events by a window over the calls, days by the database's own calendar.
    "SELECT day, count(*) FROM ("
    "  SELECT CAST(received_at AT TIME ZONE 'America/Toronto' AS date) AS day, received_at - lag(received_at) OVER ("
    "    PARTITION BY facts ->> 'call_type_group' ORDER BY received_at) AS since"
    "  FROM call WHERE facts ->> 'area' = :area AND (facts ->> 'call_type_group' = :group OR :group = '')"
    "    AND facts ->> 'cancelled' IS DISTINCT FROM 'duplicate' AND facts ->> 'cancelled' IS DISTINCT FROM 'merged'"
    "    AND facts ->> 'cancelled' IS DISTINCT FROM 'test' AND latch IS DISTINCT FROM 'sensitive call type'"
    ") AS told WHERE since IS NULL OR since > interval '30 minutes' GROUP BY day"
)


def local(day: date, hour: int, minute: int = 0, *, fold: int = 0) -> datetime:
    """A time on the city's own clock."""
    return datetime.combine(day, time(hour, minute, fold=fold), ZONE)


def days(first: date, number: int) -> list[date]:
    return [first + DAY * n for n in range(number)]


@dataclass
class City:
    """`numbers` are the calls' own."""

    engine: Engine
    keyring: Keyring
    agency: Agency
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def calls(self, area: str | None, code: str, at: Iterable[datetime], **facts: Any) -> None:
        """One call each."""
        latch = facts.get("latch")
        rows = [self._row(area, code, moment, latch, facts) for moment in at]
        with Session(self.engine) as session, session.begin():
            session.execute(insert(CallRow), rows)

    def quiet(self, last: date, *, number: int = 70, areas: Iterable[str] = AREAS) -> None:
        """In every area a call of every type each second day, until `last`, at hours apart from each other."""
        for place, area in enumerate(areas):
            for kind, code in enumerate(TYPES):
                every_second = [day for day in days(last - DAY * (number - 1), number) if (day.toordinal() + kind) % 2]
                self.calls(area, code, [local(day, 9 + 4 * kind, 7 * place) for day in every_second])

    def night(self, now: datetime) -> LookedAt:
        """The activity, once."""
        done: LookedAt = ActivityEnvironment().run(IssueActivities(self.services(now)).look_at_days)
        return done

    def services(self, now: datetime) -> TextServices:
        return TextServices(
            engine=self.engine,
            carrier=CarrierClient(
                account_sid="AC0", auth_token="none", address="http://127.0.0.1:1", timeout_seconds=1
            ),
            keyring=self.keyring,
            agency=self.agency,
            clock=Clock(real_origin=real_now(), virtual_origin=now),
            origin="http://127.0.0.1:1",
            unknown_wait=timedelta(seconds=120),
        )

    def issues(self) -> list[EmergingIssueRow]:
        """All, the oldest first."""
        with Session(self.engine) as session:
            return list(session.exec(select(EmergingIssueRow).order_by(col(EmergingIssueRow.id))).all())

    def told(self) -> list[tuple[str, str, date, date]]:
        return [(row.area, row.call_type_group, row.first_day, row.last_day) for row in self.issues()]

    def events_by_day(self, area: str, group: str) -> dict[date, int]:
        """Counted by the database alone, with nothing of the code that is tested; of all groups where it is empty."""
        with self.engine.connect() as connection:
            found = connection.execute(_OF_DAYS, {"area": area, "group": group})
            return {row[0]: row[1] for row in found}

    def weeks(self, area: str, group: str, last: date) -> list[int]:
        """Nine weeks that end with `last`, by that count."""
        by_day = self.events_by_day(area, group)
        span = [by_day.get(day, 0) for day in days(last - DAY * 62, 63)]
        return [sum(span[begin : begin + 7]) for begin in range(0, 63, 7)]

    def _row(
        self, area: str | None, code: str, at: datetime, latch: str | None, facts: dict[str, Any]
    ) -> dict[str, Any]:
        number = next(self.numbers)
        group = self.agency.call_types.group_of(code)
        known = some_facts(
            cad_id=str(number), area=area, call_type_code=code, call_type_group=group, received_at=at, **facts
        )
        return {
            "call_id": f"{self.agency.key}-{number}",
            "agency": self.agency.key,
            "received_at": at,
            "merged": {},
            "facts": known.model_dump(mode="json"),
            "eligibility": "eligible",
            "rule": "all rules met",
            "reason": "",
            "policy_version": "",
            "latch": latch,
        }
