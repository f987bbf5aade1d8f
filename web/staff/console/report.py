"""The monthly operations report: a page that prints one sheet a section, and its figures as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response

from insights.budget import Course, course
from insights.counted import Counted
from insights.months import Month
from insights.operations import billed_segments, report
from insights.values import Line
from web.staff.access.roles import Act, Member
from web.staff.board.watch import in_background
from web.staff.console.guard import needs
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.console.report_csv import report_csv
from web.staff.console.report_words import ReportWords
from web.staff.report.month import MonthReader, terms_of
from web.staff.report.months import KeptMonths

_MOST_MONTHS: Final = 24
"""In the list; older ones are found by their address."""
_Member = Annotated[Member, needs(Act.SEE_REPORT)]


class Reports:
    """Of one agency."""

    def __init__(self, console: Console) -> None:
        self.terms = terms_of(console.agency, at_least=console.agency.insights.at_least)
        self.zone = console.agency.policy.timetable.zone_info
        self._clock = console.clock
        self._reader = MonthReader(engine=console.engine, agency=console.agency, clock=console.clock)
        self.kept = KeptMonths(self._reader.read, clock=console.clock, zone=self.zone)

    @property
    def running(self) -> Month:
        return self.kept.running

    def asked(self, written: str) -> Month:
        """Refuses what is no month, or has not begun."""
        try:
            month = Month.read(written)
        except ValueError:
            raise HTTPException(404) from None
        if month > self.running:
            raise HTTPException(404)
        return month

    def of(self, month: Month) -> tuple[Counted, Counted, Mapping[str, Sequence[Line]]]:
        """The month, the one before, and the report."""
        now, before = self.kept.get(month), self.kept.get(month.before)
        return now, before, report(now, before, self.terms)

    def course(self, month: Counted) -> Course | None:
        """Of the running month: of one that is over the figures say it."""
        price, budget = self.terms.price, self.terms.budget
        if month.month != self.running or price is None or budget is None:
            return None
        since, until = month.month.span(self.zone)
        spent = billed_segments(month) * price
        return course(spent=spent, budget=budget, since=since, until=until, now=self._clock.now())

    def listed(self) -> list[Month]:
        """Since the first call, the newest first."""
        first, month = self._reader.first() or self.running, self.running
        months: list[Month] = []
        while month >= first and len(months) < _MOST_MONTHS:
            months.append(month)
            month = month.before
        self.kept.keep_ready([*months, month])  # the last one stands beside its successor
        return months


def report_routes(console: Console) -> APIRouter:
    """Figures of the service; nobody's number, and no call's."""
    reports = Reports(console)

    @asynccontextmanager
    async def keeping(_: FastAPI) -> AsyncIterator[None]:
        with in_background([reports.kept]):
            yield

    router = APIRouter(lifespan=keeping)

    def page(request: Request, month: Month) -> Response:
        counted, before, sections = reports.of(month)
        language = language_of(request)
        return console.pages.page(
            request,
            "report.html",
            words_of="report",
            shown=month,
            counted=counted,
            before=before,
            sections=sections,
            course=reports.course(counted),
            is_running=month == reports.running,
            now=console.clock.now(),
            months=reports.listed(),
            terms=reports.terms,
            say=ReportWords(console.agency, language, reports.terms),
        )

    @router.get("/report")
    def last_month(request: Request, _: _Member) -> Response:
        return page(request, reports.running.before)

    @router.get("/report/{month}.csv")
    def export(month: str, member: Annotated[Member, needs(Act.EXPORT_REPORT)]) -> Response:
        asked = reports.asked(month)
        console.audit.write(member, Act.EXPORT_REPORT, about=str(asked))
        counted, _before, sections = reports.of(asked)
        return Response(
            report_csv(counted, sections, at_least=reports.terms.at_least, zone=reports.zone),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="report-{asked}.csv"'},
        )

    @router.get("/report/{month}")
    def one_month(request: Request, month: str, _: _Member) -> Response:
        return page(request, reports.asked(month))

    return router
