"""What comments are about, month by month: for those who can change something about it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, FastAPI, Request, Response

from insights.confirmed import MONTHS, Confirmed, TopicLine, by_topic
from insights.nine_weeks import NineWeeks, nine_weeks
from web.staff.access.roles import Act, Member
from web.staff.console.guard import needs
from web.staff.console.insights import asked_fields
from web.staff.console.insights_csv import csv_response, topics_csv
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.console.said import Said
from web.staff.console.words import words
from web.staff.figures.topics import read_topics
from web.staff.nightly import AsOf, ReadNightly, read_ahead

_Member = Annotated[Member, needs(Act.SEE_INSIGHTS)]
_BETWEEN: Final = ("from", "to")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """`asked`: the months that the address asks for; `choices`: all that there are; `months`: those that are shown."""

    as_of: AsOf
    asked: dict[str, str]
    choices: Sequence[str]
    months: Sequence[str]
    lines: Sequence[TopicLine]


class Topics:
    """An agency's, counted once a night. There is nothing to choose but months: every other choice would be a part of
    what is shown, and the rest of it a figure of few."""

    def __init__(self, console: Console) -> None:
        self._at_least = console.agency.insights.at_least
        self.kept: ReadNightly[Confirmed] = ReadNightly(
            console.engine, console.agency.key, partial(read_topics, agency=console.agency.key)
        )

    def seen(self, request: Request) -> Seen:
        as_of, confirmed = self.kept.get()
        given = asked_fields(request)
        asked = {name: given[name] for name in _BETWEEN if given.get(name) in confirmed.months}
        first, last = asked.get("from", ""), asked.get("to", "9999")
        months = [month for month in confirmed.months if first <= month <= last]
        if not first:
            months = months[-MONTHS:]
        lines = by_topic(confirmed, months, at_least=self._at_least)
        return Seen(as_of=as_of, asked=asked, choices=confirmed.months, months=months, lines=lines)


def topics_routes(console: Console) -> APIRouter:
    """Counts; no comment, and nobody's name."""
    topics = Topics(console)

    @asynccontextmanager
    async def reading(_: FastAPI) -> AsyncIterator[None]:
        with read_ahead(topics.kept):
            yield

    router = APIRouter(lifespan=reading)

    @router.get("/insights/topics")
    def page(request: Request, _: _Member) -> Response:
        language = language_of(request)
        return console.pages.page(
            request,
            "topics.html",
            words_of="topics",
            seen=topics.seen(request),
            f=words("figures", language),
            at_least=console.agency.insights.at_least,
            say=Said(console.agency, language, words("figures", language)),
            little=_little,
        )

    @router.get("/insights/topics.csv")
    def export(request: Request, member: Annotated[Member, needs(Act.EXPORT_INSIGHTS)]) -> Response:
        seen = topics.seen(request)
        console.audit.write(member, Act.EXPORT_INSIGHTS, about="topics", detail=seen.asked)
        return csv_response(topics_csv(seen.months, seen.lines, at_least=console.agency.insights.at_least), "topics")

    return router


def _little(line: TopicLine) -> NineWeeks:
    """A bar a month; of one that is not shown there is none."""
    return nine_weeks([count if isinstance(count, int) else 0 for count in line.counts], 0, at_least=1)
