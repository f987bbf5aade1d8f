"""The board: open calls, and above them what needs a person first."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.datastructures import QueryParams

from calls.timetable import Stage
from web.staff.access.roles import Act, Member
from web.staff.board.board import Board, Snapshot
from web.staff.board.open_calls import OpenCall, Trouble
from web.staff.board.troubles import Troubles, TroubleWatch
from web.staff.board.view import Sort, Wanted, Which, view
from web.staff.board.watch import Watched, in_background
from web.staff.comments.urgent import UrgentComments, UrgentCount
from web.staff.console.guard import needs, signed_in
from web.staff.console.in_words import InWords
from web.staff.console.pages import language_of, theme_of
from web.staff.console.parts import Console

_ON_THE_BOARD: Final = 5
"""So many of each trouble; the page of troubles has all."""
_CALLS_EVERY, _TROUBLES_EVERY = 1.0, 3.0
"""Seconds."""
_DAYS_ON_THE_BOARD: Final = 1
_DAYS: Final = 7
STAGES: Final = (
    Which.TEXTED,
    Stage.CONFIRMING,
    Stage.WAITING,
    Stage.DISPATCHED,
    Stage.CLEARED,
    Stage.CORRECTING,
    Stage.HELD,
    Stage.SILENT,
    Stage.OVER,
    Which.ALL,
)


@dataclass(frozen=True, kw_only=True)
class _Watch:
    """What all who watch share. `name`: of this console process, while it runs. Each counts its looks for itself: the
    third look of one is not the third of another, nor of the one before a restart."""

    name: str
    board: Watched[Snapshot]
    now: Watched[Troubles]
    week: Watched[Troubles]


def board_routes(console: Console) -> APIRouter:
    """For those who answer residents."""
    parts: dict[str, Any] = {
        "engine": console.engine,
        "keyring": console.keyring,
        "agency": console.agency,
        "clock": console.clock,
        "urgent": UrgentCount(
            UrgentComments(engine=console.engine, keyring=console.keyring, agency=console.agency.key)
        ),
    }
    watch = _Watch(
        name=secrets.token_hex(8),
        board=Watched(
            Board(engine=console.engine, policy=console.agency.policy, clock=console.clock).look, every=_CALLS_EVERY
        ),
        now=Watched(TroubleWatch(**parts, days=_DAYS_ON_THE_BOARD).look, every=_TROUBLES_EVERY),
        week=Watched(TroubleWatch(**parts, days=_DAYS).look, every=_TROUBLES_EVERY),
    )

    @asynccontextmanager
    async def watching(_: FastAPI) -> AsyncIterator[None]:
        with in_background([watch.board, watch.now, watch.week]):
            yield

    router = APIRouter(lifespan=watching)

    @router.get("/calls")
    def board(request: Request, _: Annotated[Member, needs(Act.SEE_BOARD)]) -> Response:
        return _board(console, watch, request)

    @router.get("/attention")
    def attention(request: Request, _: Annotated[Member, needs(Act.SEE_BOARD)]) -> Response:
        return _attention(console, watch, request)

    return router


def _board(console: Console, watch: _Watch, request: Request) -> Response:
    troubles = watch.now.get()
    snapshot = _marked(watch.board.get(), troubles)
    now = console.clock.now().replace(second=0, microsecond=0)  # waits are shown in minutes
    tag = _tag(console, request, watch.name, snapshot.version, troubles, now)
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    wanted = wanted_of(request.query_params)
    shown = view(snapshot.calls, wanted)
    page = console.pages.page(
        request,
        "board.html",
        words_of="board",
        view=shown,
        wanted=replace(wanted, page=shown.page),
        stages=[stage for stage in STAGES if shown.counts[stage] or stage in (*Which, wanted.stage)],
        sorts=list(Sort),
        link=lambda **changes: link(wanted, **changes),
        troubles=troubles,
        most=_ON_THE_BOARD,
        now=now,
        **_common(console, request),
    )
    page.headers["ETag"] = tag
    return page


def _attention(console: Console, watch: _Watch, request: Request) -> Response:
    troubles = watch.week.get()
    today = console.clock.now().astimezone(console.agency.policy.timetable.zone_info).date()
    tag = _tag(console, request, watch.name, troubles, today)
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    page = console.pages.page(
        request, "attention.html", words_of="board", troubles=troubles, most=10_000, **_common(console, request)
    )
    page.headers["ETag"] = tag
    return page


def _common(console: Console, request: Request) -> dict[str, Any]:
    language = language_of(request)
    groups = console.agency.policy.eligibility.groups

    def label(group: str | None) -> str | None:
        known = groups.get(group or "")
        return None if known is None else known.label[language]

    return {"label": label, "at": console.clock.at, "say": InWords(language)}


def _marked(snapshot: Snapshot, troubles: Troubles) -> Snapshot:
    """With the calls whose texts somebody else gets: that stands in what residents have written, not in the calls."""
    wrong = troubles.wrong_numbers
    if not wrong:
        return snapshot

    def marked(call: OpenCall) -> OpenCall:
        if call.call_id not in wrong:
            return call
        return replace(call, troubles=call.troubles | {Trouble.WRONG_NUMBER})

    return replace(snapshot, calls=tuple(marked(call) for call in snapshot.calls))


def wanted_of(asked: QueryParams) -> Wanted:
    """What the address asks for; what it cannot mean counts for nothing."""
    stages: dict[str, Stage | Which] = {stage.value: stage for stage in STAGES}
    sorts = {sort.value: sort for sort in Sort}
    return Wanted(
        stage=stages.get(asked.get("stage", ""), Which.TEXTED),
        priority=_number(asked.get("priority", "")),
        group=asked.get("type", ""),
        area=asked.get("area", ""),
        needs_person=asked.get("person") == "1",
        sort=sorts.get(asked.get("sort", ""), Sort.WAITING),
        page=_number(asked.get("page", "")) or 1,
    )


def link(wanted: Wanted, **changes: object) -> str:
    """The address of the same board with these changes; any but of a page begins at the first."""
    other: Wanted = replace(wanted, **{"page": 1, **changes})  # type: ignore[arg-type]
    fields = {
        "stage": "" if other.stage is Which.TEXTED else other.stage,
        "priority": "" if other.priority is None else other.priority,
        "type": other.group,
        "area": other.area,
        "person": "1" if other.needs_person else "",
        "sort": "" if other.sort is Sort.WAITING else other.sort,
        "page": "" if other.page == 1 else other.page,
    }
    query = urlencode({name: str(value) for name, value in fields.items() if value != ""})
    return "/calls" + (f"?{query}" if query else "")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def _tag(console: Console, request: Request, *shown: object) -> str:
    """Everything that the page depends on, with what it has `shown`: where that is the same, the page is."""
    seat = signed_in(request)
    parts = (
        console.standing.get(),  # the banner: on every page, and asked for by itself
        *shown,
        request.url.query,
        language_of(request),
        theme_of(request),
        None if seat is None else (seat.form_token, sorted(seat.member.roles)),
    )
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'
