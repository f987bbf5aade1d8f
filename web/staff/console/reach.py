"""Whom we do not reach, by area and by group of call types."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response

from insights.charts import THEMES
from insights.counts import Counts
from insights.reach import TABLES, Reach, Reached, reach
from web.staff.access.roles import Act, Member
from web.staff.console.guard import needs
from web.staff.console.insights import MOST_CHARACTERS, asked_fields, choices_of, is_week
from web.staff.console.insights_charts import REACH_CHARTS, reach_chart, svg_response
from web.staff.console.insights_csv import csv_response, reach_csv
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.console.said import Said, in_order
from web.staff.console.words import words
from web.staff.figures.reach import read_reach
from web.staff.nightly import AsOf, ReadNightly, read_ahead

FILTERS: Final = ("language", "priority", "group", "area")
_Member = Annotated[Member, needs(Act.SEE_INSIGHTS)]


class Missed:
    """An agency's calls, counted once a night."""

    def __init__(self, console: Console) -> None:
        self._at_least = console.agency.insights.at_least
        read = partial(read_reach, agency=console.agency.key, zone=console.agency.policy.timetable.zone)
        self.kept: ReadNightly[Counts] = ReadNightly(console.engine, console.agency.key, read)

    def asked(self, request: Request) -> dict[str, str]:
        """What the address asks for. Where there are no such calls, there are none."""
        given = asked_fields(request)
        weeks = {name: given[name] for name in ("from", "to") if is_week(given.get(name))}
        return weeks | {name: given[name][:MOST_CHARACTERS] for name in FILTERS if given.get(name)}

    def seen(self, asked: dict[str, str]) -> tuple[AsOf, Reach]:
        as_of, counts = self.kept.get()
        cut = counts.cut(
            {name: asked.get(name) for name in FILTERS}, between=("week", asked.get("from"), asked.get("to"))
        )
        found = reach(cut, at_least=self._at_least)
        parts = {name: sorted(lines, key=lambda line: in_order(line.value)) for name, lines in found.parts.items()}
        return as_of, Reach(whole=found.whole, parts=parts)

    def choices(self, asked: dict[str, str]) -> dict[str, Sequence[str]]:
        return choices_of(self.kept.get()[1].values, asked)


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
    def page(request: Request, _: _Member) -> Response:
        asked = missed.asked(request)
        as_of, seen = missed.seen(asked)
        return console.pages.page(
            request,
            "reach.html",
            words_of="reach",
            as_of=as_of,
            reach=seen,
            asked=asked,
            choices=missed.choices(asked),
            filter_names=FILTERS,
            f=words("figures", language_of(request)),
            tables=TABLES,
            kinds=list(Reached),
            at_least=console.agency.insights.at_least,
            say=said(request),
        )

    @router.get("/insights/reach/charts/{name}")
    def chart(request: Request, name: str, _: _Member, theme: Annotated[str, Query()] = "light") -> Response:
        if name not in REACH_CHARTS or theme not in THEMES:
            raise HTTPException(404)
        return svg_response(reach_chart(name, missed.seen(missed.asked(request))[1], said(request), theme=theme))

    @router.get("/insights/reach.csv")
    def export(request: Request, member: Annotated[Member, needs(Act.EXPORT_INSIGHTS)]) -> Response:
        asked = missed.asked(request)
        console.audit.write(member, Act.EXPORT_INSIGHTS, about="reach", detail=asked)
        seen = missed.seen(asked)[1]
        return csv_response(reach_csv(seen, at_least=console.agency.insights.at_least), "reach")

    return router
