"""What residents say: the funnel of the survey, and its answers by all that is known of the calls."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response

from insights.answers import Cube, Wanted, telling
from insights.areas import ByArea, by_area
from insights.breakdown import Broken, Line, broken_down, by_question
from insights.charts import THEMES
from insights.funnel import Funnel, funnel
from survey.areas import closed_questions
from survey.context import month_of
from survey.questions import Question, QuestionKind
from web.staff.access.roles import Act, Member
from web.staff.console.guard import needs
from web.staff.console.insights_charts import ANSWER_CHARTS, answer_chart, svg_response
from web.staff.console.insights_csv import answers_csv, codebook_csv, csv_response
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.console.said import WAITS, Said, in_order
from web.staff.console.words import words
from web.staff.figures.answers import Answers, read_answers
from web.staff.nightly import AsOf, ReadNightly, read_ahead

FILTERS: Final = ("language", "priority", "group", "area", "wait")
MOST_CHARACTERS: Final = 100
_FUNNEL_BY: Final = ("week", "language")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody wants to see: which answers, and of which question all details."""

    wanted: Wanted
    question: Question

    @property
    def fields(self) -> dict[str, str]:
        """As in the address."""
        named = {"from": self.wanted.first_week, "to": self.wanted.last_week, "question": self.question.id}
        named |= {name: getattr(self.wanted, name) for name in FILTERS}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def beyond_funnel(self) -> bool:
        """Something is asked for that the funnel does not know."""
        return any(getattr(self.wanted, name) is not None for name in FILTERS if name not in _FUNNEL_BY)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Every figure of the page, for its tables, charts and exports alike."""

    as_of: AsOf
    asked: Asked
    cube: Cube
    funnel: Funnel
    questions: Sequence[Line]
    broken: Broken
    by_area: ByArea


class Insights:
    """An agency's answers, read once a night."""

    def __init__(self, console: Console) -> None:
        self._at_least = console.agency.insights.at_least
        self.questions = closed_questions(console.agency.survey)
        read = partial(read_answers, agency=console.agency)
        self.kept: ReadNightly[Answers] = ReadNightly(console.engine, console.agency.key, read)

    def asked(self, given: Mapping[str, str]) -> Asked:
        """What an address asks for. Where nobody has answered from, there is nobody; what is no week is not asked."""
        known = {name: given[name][:MOST_CHARACTERS] for name in FILTERS if given.get(name)}
        weeks = {name: given[name] for name in ("from", "to") if is_week(given.get(name))}
        chosen = next((one for one in self.questions if one.id == given.get("question")), self.questions[0])
        wanted = Wanted(first_week=weeks.get("from"), last_week=weeks.get("to"), **known)
        return Asked(wanted=wanted, question=chosen)

    def seen(self, asked: Asked) -> Seen:
        as_of, answers = self.kept.get()
        wanted = asked.wanted
        cube = answers.cube.cut(wanted)
        return Seen(
            as_of=as_of,
            asked=asked,
            cube=cube,
            funnel=funnel(
                answers.funnel,
                language=wanted.language,
                first=wanted.first_week,
                last=wanted.last_week,
            ),
            questions=by_question(cube, self.questions, at_least=self._at_least),
            broken=self.broken(cube, asked.question),
            by_area=self.by_area(asked, asked.question),
        )

    def by_area(self, asked: Asked, question: Question) -> ByArea:
        """Of the months in which the weeks that were asked for lie; no other choice is about it."""
        _, answers = self.kept.get()
        weeks = asked.wanted.first_week, asked.wanted.last_week
        first, last = (None if week is None else month_of(week) for week in weeks)
        found = by_area(answers.by_area, question, first=first, last=last, at_least=self._at_least)
        return replace(found, lines=sorted(found.lines, key=lambda line: in_order(line.value)))

    def broken(self, cube: Cube, question: Question) -> Broken:
        broken = broken_down(cube, question, at_least=self._at_least)
        waits = sorted(broken.parts["wait"], key=lambda line: WAITS.index(line.value) if line.value in WAITS else -1)
        areas = sorted(broken.parts["area"], key=lambda line: in_order(line.value))
        return Broken(question=question, whole=broken.whole, parts={**broken.parts, "wait": waits, "area": areas})

    def choices(self, asked: Asked) -> dict[str, Sequence[str]]:
        """What can be asked for, and what was."""
        told = choices_of(self.kept.get()[1].cube.counts.values, asked.fields)
        return {**told, "wait": sorted(told["wait"], key=lambda wait: WAITS.index(wait) if wait in WAITS else -1)}


def choices_of(values: Mapping[str, Sequence[str]], asked: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """The values that there are, and those that were asked for all the same."""
    own = {name: {asked[name]} for name in values if name in asked}
    own["week"] = {asked[name] for name in ("from", "to") if name in asked}
    told = {name: {value for value in values[name] if value} | own.get(name, set()) for name in values}
    return {name: sorted(found, key=in_order) for name, found in told.items()}


def is_week(text: str | None) -> bool:
    """As `2026-W04`."""
    if text is None or re.fullmatch(r"[0-9]{4}-W[0-9]{2}", text) is None:
        return False
    try:
        date.fromisocalendar(int(text[:4]), int(text[6:]), 1)
    except ValueError:
        return False
    return True


def asked_fields(request: Request) -> dict[str, str]:
    """The address's fields, the last of each."""
    return dict(request.query_params)


_Fields = Annotated[dict[str, str], Depends(asked_fields)]
_Member = Annotated[Member, needs(Act.SEE_INSIGHTS)]


def insights_routes(console: Console) -> APIRouter:
    """Figures only: nobody's number, call or comment is here."""
    insights = Insights(console)

    @asynccontextmanager
    async def reading(_: FastAPI) -> AsyncIterator[None]:
        with read_ahead(insights.kept):
            yield

    router = APIRouter(lifespan=reading)

    def said(request: Request) -> Said:
        language = language_of(request)
        return Said(console.agency, language, words("figures", language))

    @router.get("/insights")
    def page(request: Request, _: _Member, fields: _Fields) -> Response:
        seen = insights.seen(insights.asked(fields))
        return console.pages.page(
            request,
            "insights.html",
            words_of="insights",
            seen=seen,
            asked=seen.asked.fields,
            questions=insights.questions,
            choices=insights.choices(seen.asked),
            filter_names=FILTERS,
            f=words("figures", language_of(request)),
            charts=ANSWER_CHARTS,
            is_scale=seen.broken.question.kind is QuestionKind.SCALE,
            options=telling(seen.broken.question),
            at_least=console.agency.insights.at_least,
            say=said(request),
        )

    @router.get("/insights/charts/{name}")
    def chart(
        request: Request, name: str, _: _Member, fields: _Fields, theme: Annotated[str, Query()] = "light"
    ) -> Response:
        if name not in ANSWER_CHARTS or theme not in THEMES:
            raise HTTPException(404)
        seen = insights.seen(insights.asked(fields))
        return svg_response(
            answer_chart(
                name,
                funnel=seen.funnel,
                questions=seen.questions,
                broken=seen.broken,
                by_area=seen.by_area.lines,
                said=said(request),
                t=words("insights", language_of(request)),
                theme=theme,
            )
        )

    @router.get("/insights.csv")
    def export(member: Annotated[Member, needs(Act.EXPORT_INSIGHTS)], fields: _Fields) -> Response:
        asked = insights.asked(fields)
        console.audit.write(member, Act.EXPORT_INSIGHTS, about="insights", detail=asked.fields)
        seen = insights.seen(asked)
        all_of_them = [
            (insights.broken(seen.cube, question), insights.by_area(seen.asked, question))
            for question in insights.questions
        ]
        return csv_response(
            answers_csv(seen.funnel, all_of_them, at_least=console.agency.insights.at_least), "insights"
        )

    @router.get("/insights-codebook.csv")
    def codebook(_: _Member) -> Response:
        return csv_response(codebook_csv(console.agency, insights.questions), "insights-codebook")

    return router
