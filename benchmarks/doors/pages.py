"""The pages of staff on a year of data: 274,075 calls, a million texts, 40,000 answers, 15,000 comments.

Each page is asked for a hundred times by one member of staff, for something else each time where it takes a question.
What is measured is the console's process and its database, and the client, which takes a millisecond or two of it.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import cycle
from typing import Final

from sqlalchemy import text

from benchmarks.figures import Figures, percentiles
from benchmarks.ground import Ground, ground
from benchmarks.processor import Used
from insights.open_data.quarters import Quarter
from local.generated.open_quarters import demonstration_areas
from survey.questions import Role as OfCall
from tests.console.served import Staff
from tests.console.year import FICTIONAL
from tests.console.year import fill as fill_year
from tests.console.year_issues import some_issues
from tests.insights.addresses import addresses_of
from tests.insights.comments_of_a_year import fill_comments
from tests.insights.quarter import fill as fill_answers
from tests.public.made_bundles import prepared
from web.staff.access.roles import Role
from web.staff.console.insights_charts import ANSWER_CHARTS, REACH_CHARTS

Ask = Callable[[], object]
OPEN_CALLS: Final = 5_000
TIMES: Final = 100
_PATIENCE_SECONDS: Final = 120
_QUARTERS: Final = 4.0
_NAME: Final = "2026-q2-v1"
"""Of the bundle of open data that waits for a decision."""


def pages(*, times: int = TIMES) -> Figures:
    """Of each page p50 and p95 in ms, by its name."""
    asked: dict[str, list[float]] = {}
    own, machine, took = 0.0, 0.0, 0.0
    for measure in (_Console.of_calls, _Console.of_answers):
        with _served() as console:
            for what, ask in measure(console):
                before, began = console.used(), time.perf_counter()
                asked[what] = _times(ask, times)
                used, took = console.used().since(before), took + time.perf_counter() - began
                own, machine = own + used.own, machine + used.machine
    figures = {"own_cpu": own / took, "total_cpu": machine / took}
    for what, seconds in asked.items():
        figures |= percentiles(seconds, what=what)
    return figures


def _times(ask: Ask, times: int) -> list[float]:
    ask()  # the first one reads the templates and opens the connection
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return took


@contextmanager
def _served() -> Iterator["_Console"]:
    with ground(carrier="http://127.0.0.1:9", notices=0) as place:
        place.set_up_database()
        yield _Console(place)


class _Console:
    """The console as a process, begun when its database is filled."""

    def __init__(self, place: Ground) -> None:
        self._place, self._agency = place, place.agency

    def used(self) -> Used:
        """The processors' time so far, of whoever asks too."""
        return self._place.used(("console", "PostgreSQL"))

    def of_calls(self) -> Iterator[tuple[str, Ask]]:
        """The pages that show calls, their texts, and what follows from them."""
        year = fill_year(self._place.engine, self._place.keyring, self._agency, open_calls=OPEN_CALLS)
        some_issues(year)
        prepared(self._place.engine, self._agency, Quarter(2026, 2), demonstration_areas())
        self._place.start(self._place.box.console())
        operator, supervisor, analyst = map(self._staff, (Role.OPERATOR, Role.SUPERVISOR, Role.ANALYST))
        calls, cases = self._some("call_id"), self._some("case_number")
        months = [f"{year.ends - timedelta(days=30 * ago):%Y-%m}" for ago in range(11)]
        issues = re.findall(r'href="(/issues/\d+)"', _get(analyst, "/issues?state="))
        for month in months:
            _get(analyst, f"/report/{month}")  # counts the month, where the background has not yet
        yield "board", _asking(operator, ["/calls"])
        yield "board_far_back", _asking(operator, ["/calls?stage=all&sort=due&page=37"])
        yield "call", _asking(operator, [f"/calls/{call}" for call in calls])
        yield "search_case", _finding(operator, cases)
        yield "search_phone", _finding(operator, FICTIONAL)
        yield "texts_week", _asking(supervisor, ["/texts"])
        yield "texts_year", _asking(supervisor, ["/texts?from="])
        yield "texts_held_back", _asking(supervisor, ["/texts?from=&state=suppressed&kind=survey"])
        yield "audit", _asking(supervisor, ["/audit"])
        yield "issues", _asking(analyst, ["/issues?state="])
        yield "issue", _asking(analyst, issues)
        yield "report", _asking(analyst, [f"/report/{month}" for month in months])
        yield "open_data", _asking(supervisor, ["/open-data"])
        yield "open_data_bundle", _asking(supervisor, [f"/open-data/{_NAME}"])

    def of_answers(self) -> Iterator[tuple[str, Ask]]:
        """The pages that show what residents answered."""
        place, agency = self._place, self._agency.key
        fill_answers(place.engine, self._agency, scale=_QUARTERS)
        member = place.keyring.member_hash(agency=agency, role=OfCall.OFFICER, key="4711")
        fill_comments(place.engine, place.keyring, agency=agency, member=member)
        place.start(place.box.console())
        analyst, reviewer, operator = map(self._staff, (Role.ANALYST, Role.REVIEWER, Role.OPERATOR))
        for path in ("/insights", "/insights/reach"):
            _get(analyst, path)  # counts the year, which is kept for some minutes
        comments = re.findall(r'href="(/comments/one/[^"]+)"', _get(reviewer, "/comments"))
        for what, path in (("insights", "/insights"), ("topics", "/insights/topics"), ("reach", "/insights/reach")):
            yield what, _asking(analyst, addresses_of(path))
        for base, names in (("/insights", ANSWER_CHARTS), ("/insights/reach", REACH_CHARTS)):
            charts = [addresses_of(f"{base}/charts/{name}") for name in names]
            yield f"charts{base.replace('/', '_')}", _asking(analyst, _by_turns(charts))
        yield "comments", _asking(reviewer, ["/comments"])
        yield "comment", _asking(reviewer, comments)
        yield "comments_shared", _asking(operator, ["/comments/shared?month=2026-05"])

    def _staff(self, role: Role) -> Staff:
        somebody = Staff(self._place.box.console_url)
        if somebody.sign_in(role, self._place.box.console_password).status_code != 303:
            raise RuntimeError(f"nobody can sign in as {role}")
        return somebody

    def _some(self, column: str) -> Sequence[str]:
        some = f"SELECT {column} FROM call TABLESAMPLE SYSTEM (0.5) REPEATABLE (7) WHERE {column} IS NOT NULL LIMIT 200"  # noqa: S608
        with self._place.engine.connect() as connection:
            return connection.execute(text(some)).scalars().all()


def _get(staff: Staff, path: str) -> str:
    """A first look may take its time: it counts a month or a year, which is kept then."""
    answer = staff.http.get(staff.address + path, timeout=_PATIENCE_SECONDS, allow_redirects=False)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} was answered with {answer.status_code}")
    return answer.text


def _asking(staff: Staff, paths: Iterable[str]) -> Ask:
    some = cycle(paths)

    def ask() -> None:
        _get(staff, next(some))

    return ask


def _finding(staff: Staff, wanted: Iterable[str]) -> Ask:
    some, token = cycle(wanted), staff.token()

    def ask() -> None:
        fields = {"form_token": token, "wanted": next(some)}
        answer = staff.http.post(staff.address + "/find", data=fields, timeout=_PATIENCE_SECONDS)
        if answer.status_code != 200:
            raise RuntimeError(f"a search was answered with {answer.status_code}")

    return ask


def _by_turns(some: Sequence[Iterator[str]]) -> Iterator[str]:
    while True:
        yield from (next(one) for one in some)
