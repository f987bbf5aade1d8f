"""Whom we do not reach in a month, by area, group of call types, language and priority."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response

from insights.charts import THEMES
from insights.counts import Counts
from insights.reach import CONTEXT, TABLES, Line, Reach, Reached, reach
from web.staff.access.roles import Act, Member
from web.staff.console.guard import needs
from web.staff.console.insights_charts import REACH_CHARTS, reach_chart, svg_response
from web.staff.console.insights_csv import csv_response, reach_csv
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.console.said import Said, in_order
from web.staff.console.words import words
from web.staff.figures.reach import read_reach
from web.staff.nightly import AsOf, ReadNightly, read_ahead

_Member = Annotated[Member, needs(Act.SEE_INSIGHTS)]
_Month = Annotated[str | None, Query()]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A month; `None`: none is over yet. `months`: all those that are, the newest first, each with its own figures."""

    as_of: AsOf
    month: str | None
    reach: Reach
    months: Mapping[str, Line]


class Missed:
    """An agency's calls, counted once a night."""

    def __init__(self, console: Console) -> None:
        self._at_least = console.agency.insights.at_least
        zone = console.agency.policy.timetable.zone
        self.kept: ReadNightly[Mapping[str, Reach]] = ReadNightly(
            console.engine,
            console.agency.key,
            lambda session, as_of: self._by_month(read_reach(session, as_of, agency=console.agency.key, zone=zone)),
        )

    def seen(self, asked: str | None) -> Seen:
        """The month that is asked for; the newest, where there is nothing of it."""
        as_of, by_month = self.kept.get()
        month = asked if asked in by_month else next(iter(by_month), None)
        return Seen(
            as_of=as_of,
            month=month,
            reach=by_month[month] if month is not None else reach(Counts.of(CONTEXT, ()), at_least=self._at_least),
            months={month: of.whole for month, of in by_month.items()},
        )

    def _by_month(self, counts: Counts) -> dict[str, Reach]:
        found = {}
        for month in reversed(counts.values["month"]):
            of_month = reach(counts.cut({"month": month}), at_least=self._at_least)
            lines = {name: sorted(of, key=lambda line: in_order(line.value)) for name, of in of_month.parts.items()}
            found[month] = Reach(whole=of_month.whole, parts=lines)
        return found


def reach_routes(console: Console) -> APIRouter:
    """Counts of calls; nobody's number."""
    missed = Missed(console)

    @asynccontextmanager
    async def reading(_: FastAPI) -> AsyncIterator[None]:
        with read_ahead(missed.kept):
            yield

    router = APIRouter(lifespan=reading)

    def said(request: Request) -> Said:
        language = language_of(request)
        return Said(console.agency, language, words("figures", language))

    @router.get("/insights/reach")
    def page(request: Request, _: _Member, month: _Month = None) -> Response:
        seen = missed.seen(month)
        return console.pages.page(
            request,
            "reach.html",
            words_of="reach",
            seen=seen,
            asked={} if seen.month is None else {"month": seen.month},
            f=words("figures", language_of(request)),
            tables=TABLES,
            charts=REACH_CHARTS,
            kinds=list(Reached),
            at_least=console.agency.insights.at_least,
            say=said(request),
        )

    @router.get("/insights/reach/charts/{name}")
    def chart(
        request: Request,
        name: str,
        _: _Member,
        month: _Month = None,
        theme: Annotated[str, Query()] = "light",
    ) -> Response:
        if name not in REACH_CHARTS or theme not in THEMES:
            raise HTTPException(404)
        return svg_response(reach_chart(name, missed.seen(month).reach, said(request), theme=theme))

    @router.get("/insights/reach.csv")
    def export(member: Annotated[Member, needs(Act.EXPORT_INSIGHTS)], month: _Month = None) -> Response:
        seen = missed.seen(month)
        asked = {} if seen.month is None else {"month": seen.month}
        console.audit.write(member, Act.EXPORT_INSIGHTS, about="reach", detail=asked)
        text = reach_csv(seen.reach, seen.months, at_least=console.agency.insights.at_least)
        return csv_response(text, "reach" if seen.month is None else f"reach-{seen.month}")

    return router
