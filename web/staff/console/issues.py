"""Emerging issues: the list, one with its reasons, a brief for a neighbourhood's team, and how often it was right.

Nothing acts by itself, and no call is named.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from babel.numbers import format_decimal, format_percent
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from calls.facts import Language
from calls.issues import State
from insights.months import Month
from insights.nine_weeks import nine_weeks
from insights.small import shown_parts
from web.serving.forms import form_of
from web.staff.access.roles import Act, Member
from web.staff.console.guard import needs
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.console.words import words
from web.staff.issues.answers import AreaAnswers, first_month
from web.staff.issues.calls import BLOCKS, HOURS_A_BLOCK, calls_behind, calls_behind_each
from web.staff.issues.noted import MOST_CHARACTERS, Issue, Issues, MeanwhileChanged, Wanted
from web.staff.issues.precision import precisions

OPEN: Final = "open"
"""Of a filter: all states in which somebody may still have to do something."""
WHOLE: Final = "whole"
"""Of a filter: areas as a whole, and not one group of calls."""
ON_A_BRIEF: Final = 4
"""Issues: more do not fit on one page."""
_NOTE_ON_A_BRIEF: Final = 240
_OPEN_STATES: Final = tuple(state for state in State if state.is_open)
_LOOKED_LATELY: Final = timedelta(days=2)
_A_YEAR: Final = timedelta(days=365)
_ID: Final = Path(ge=1, lt=2**63)


class _Issues:
    """What the pages of this module share."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.issues = Issues(console.engine, console.agency.key)
        self.answers = AreaAnswers(console.engine, console.agency, at_least=console.agency.insights.at_least)

    def today(self) -> date:
        return self.console.clock.now().astimezone(self.console.agency.policy.timetable.zone_info).date()

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        language = language_of(request)
        locale = f"{language.value}_CA"
        at_least = self.console.agency.insights.at_least
        return self.console.pages.page(
            request,
            template,
            words_of="issues",
            status=status,
            group_name=lambda group: self._group_name(group, language),
            number=lambda value, places=0: format_decimal(round(value, places), "#,##0.#########", locale),
            percent=lambda value: format_percent(value, locale=locale),
            chance=lambda p: chance(p, language),
            chart=lambda issue: nine_weeks(issue.weeks, issue.expected, at_least=at_least),
            few=words("issues", language)["fewer_than"].format(number=at_least),
            parts=lambda counts: shown_parts(counts, at_least=at_least),
            week_ends=lambda issue: [issue.last_day - timedelta(weeks=8 - n) for n in range(9)],
            in_language=lambda words_: words_.in_language(language),
            block_name=lambda block: f"{block}–{block + HOURS_A_BLOCK} h",
            blocks=BLOCKS,
            rules=self.console.agency.issues,
            at_least=at_least,
            answers_since=first_month(self.today()),
            **values,
        )

    def issue(self, request: Request, issue: Issue, *, status: int = 200, **said: object) -> Response:
        given = {"error": "", "given": {}, "said": ""} | said
        return self.page(
            request,
            "issue.html",
            status=status,
            issue=issue,
            steps=self.issues.steps(issue.id),
            behind=calls_behind(self.console.engine, self.console.agency, issue),
            answers=self.answers.of(issue.area, self.today()),
            states=tuple(State),
            most=MOST_CHARACTERS,
            **given,
        )

    def found(self, id_: int) -> Issue:
        issue = self.issues.one(id_)
        if issue is None:
            raise HTTPException(404)
        return issue

    def _group_name(self, group: str, language: Language) -> str:
        """As the agency's folder calls it; one that it does not have any more, by its own name."""
        if not group:
            return words("issues", language)["all_calls"]
        known = self.console.agency.policy.eligibility.groups.get(group)
        return group if known is None else known.label.get(language, group)


def issues_routes(console: Console) -> APIRouter:
    """The list, and a brief for each area."""
    router = APIRouter()
    all_ = _Issues(console)

    @router.get("/issues")
    def issues(
        request: Request,
        _: Annotated[Member, needs(Act.SEE_ISSUES)],
        state: str = OPEN,
        area: Annotated[str, Query(max_length=200)] = "",
        group: Annotated[str, Query(max_length=200)] = "",
        first: Annotated[str, Query(alias="from", max_length=7)] = "",
        last: Annotated[str, Query(alias="to", max_length=7)] = "",
        before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    ) -> Response:
        if state not in ("", OPEN, *State) or "\x00" in area + group:
            raise HTTPException(400)
        wanted = Wanted(
            states=_OPEN_STATES if state == OPEN else [State(state)] if state else (),
            area=area,
            group={"": None, WHOLE: ""}.get(group, group),
            first=_month(first),
            last=_month(last),
        )
        asked = {"state": state, "area": area, "group": group, "from": first, "to": last}
        looked_until = all_.issues.looked_until()
        counts = all_.issues.by_state(wanted)
        return all_.page(
            request,
            "issues.html",
            list=all_.issues.page(wanted, before=before),
            counts=counts,
            open_count=sum(counts[state] for state in _OPEN_STATES),
            states=tuple(State),
            wanted=asked,
            months=all_.issues.months(),
            areas=all_.issues.areas(),
            groups=all_.issues.groups(),
            looked_until=looked_until,
            is_late=looked_until is None or all_.today() - looked_until > _LOOKED_LATELY,
            is_first=before is None,
            address=lambda **changed: _address(asked | changed),
        )

    @router.get("/issues/brief/{area:path}")
    def brief(
        request: Request,
        _: Annotated[Member, needs(Act.SEE_ISSUES)],
        area: Annotated[str, Path(max_length=200)],
    ) -> Response:
        if area not in all_.issues.areas():
            raise HTTPException(404)
        open_ones = all_.issues.page(Wanted(states=_OPEN_STATES, area=area)).issues
        shown = sorted(open_ones, key=lambda issue: (-issue.last_day.toordinal(), issue.p))[:ON_A_BRIEF]
        return all_.page(
            request,
            "issues_brief.html",
            area=area,
            issues=list(zip(shown, calls_behind_each(console.engine, console.agency, area, shown), strict=True)),
            more=len(open_ones) - len(shown),
            answers=all_.answers.of(area, all_.today()),
            today=all_.today(),
            longest=_NOTE_ON_A_BRIEF,
        )

    return router


def issue_routes(console: Console) -> APIRouter:
    """One issue: why it is told, and what people do with it."""
    router = APIRouter()
    all_ = _Issues(console)

    @router.get("/issues/{issue_id}")
    def issue(
        request: Request, _: Annotated[Member, needs(Act.SEE_ISSUES)], issue_id: Annotated[int, _ID], said: str = ""
    ) -> Response:
        return all_.issue(request, all_.found(issue_id), said="step_taken" if said == "step" else "")

    @router.post("/issues/{issue_id}/steps")
    def step(
        request: Request, member: Annotated[Member, needs(Act.WORK_ON_ISSUES)], issue_id: Annotated[int, _ID]
    ) -> Response:
        found = all_.found(issue_id)
        given = dict(form_of(request.scope) or {})
        given["note"] = given.get("note", "").replace("\r\n", "\n")  # as browsers post it, and count it not
        error = _what_is_wrong(given)
        if error:
            return all_.issue(request, found, status=400, error=error, given=given)
        state = State(given["state"])
        after = given.get("after", "")
        try:
            all_.issues.take_step(
                found,
                state,
                note=given["note"],
                useful=given["useful"] == "yes" if state is State.EVALUATED else None,
                by=member,
                after=int(after) if after.isascii() and after.isdigit() else None,
            )
        except MeanwhileChanged:
            return all_.issue(request, all_.found(issue_id), status=409, error="meanwhile", given=given)
        return RedirectResponse(f"/issues/{issue_id}?said=step", 303)

    return router


def threshold_routes(console: Console) -> APIRouter:
    """For those who set the thresholds: how often it was worth telling."""
    router = APIRouter()
    all_ = _Issues(console)

    @router.get("/thresholds")
    def thresholds(request: Request, _: Annotated[Member, needs(Act.SEE_THRESHOLDS)]) -> Response:
        since = all_.today() - _A_YEAR
        found = precisions(console.engine, console.agency.key, since=since)
        return all_.page(request, "issues_thresholds.html", precision=found, since=since)

    return router


def chance(p: float, language: Language) -> str:
    """One in how many, in whole numbers that can be remembered: `1 in 2,500`."""
    t = words("issues", language)
    most = 1_000_000
    if p <= 1 / most:
        return t["less_than_once_in"].format(number=format_decimal(most, locale=f"{language.value}_CA"))
    once_in = 1 / p
    step = 10 ** max(len(str(int(once_in))) - 2, 0)
    return t["once_in"].format(number=format_decimal(int(once_in // step * step), locale=f"{language.value}_CA"))


def _what_is_wrong(given: Mapping[str, str]) -> str:
    """The key of a word that says it; empty: nothing."""
    if given.get("state") not in set(State):
        return "no_state"
    if not given["note"].strip():
        return "no_note"
    if len(given["note"]) > MOST_CHARACTERS:
        return "long_note"
    if given["state"] == State.EVALUATED and given.get("useful") not in {"yes", "no"}:
        return "no_verdict"
    return ""


def _month(written: str) -> Month | None:
    try:
        return Month.read(written) if written else None
    except ValueError:
        raise HTTPException(400) from None


def _address(fields: Mapping[str, object]) -> str:
    told = {name: value for name, value in fields.items() if value or name == "state"}
    return "/issues?" + urlencode(told)
