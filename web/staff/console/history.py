"""All texts, as staff look through them, and their export for a spreadsheet."""

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from calls.contracts import Kind, LedgerState
from calls.facts import Language
from texts.render import BOTH
from web.staff.access.roles import Act, Member
from web.staff.all_texts import (
    ANY,
    NO_LANGUAGE,
    NOTHING,
    RULES,
    SWITCHED_OFF,
    Place,
    Wanted,
    batches_of_texts,
    counts_by_state,
    none_of,
    page_of_texts,
)
from web.staff.console.guard import needs
from web.staff.console.in_words import InWords
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.console.texts_csv import csv_of, delivered_at, sent_at
from web.staff.numbers.carrier_words import known_errors

_USUAL_DAYS: Final = 7
_YEARS: Final = range(2000, 2200)
_STATES: Final = tuple(state.value for state in LedgerState)
_KINDS: Final = tuple(kind.value for kind in Kind)
_LANGUAGES: Final = (*(language.value for language in Language), BOTH, NO_LANGUAGE)


class Filters:
    """What the address asks for. What it cannot mean is refused: nobody should take another list for this one."""

    def __init__(
        self,
        since: Annotated[str | None, Query(alias="from", max_length=10)] = None,
        until: Annotated[str, Query(alias="to", max_length=10)] = "",
        kind: str = "",
        state: str = "",
        rule: str = "",
        language: str = "",
        error: Annotated[str, Query(pattern=rf"^({ANY}|[1-9][0-9]{{0,5}})?$")] = "",
    ) -> None:
        for value, known in ((kind, _KINDS), (state, _STATES), (rule, RULES), (language, _LANGUAGES)):
            if value and value not in known:
                raise HTTPException(400)
        self._since, self.until = since, _day(until)
        self.kind, self.state, self.rule, self.language, self.error = kind, state, rule, language, error

    def first_day(self, today: date) -> date | None:
        """Nobody who has not said so waits for years of texts; who empties the field wants them all."""
        return today - timedelta(days=_USUAL_DAYS - 1) if self._since is None else _day(self._since)

    def wanted(self, today: date, zone: ZoneInfo) -> Wanted:
        """The same for the ledger: days begin at midnight by the agency's clocks."""
        first, last = self.first_day(today), self.until
        return Wanted(
            since=None if first is None else datetime.combine(first, time(), zone),
            until=None if last is None else datetime.combine(last + timedelta(days=1), time(), zone),
            kind=self.kind,
            state=self.state,
            rule=self.rule,
            language=self.language,
            error=self.error,
        )

    def written(self, today: date) -> dict[str, str]:
        """As an address and the audit log have them; `from` stands there also where it is empty."""
        fields = ("kind", "state", "rule", "language", "error")
        said = {name: value for name in fields if (value := getattr(self, name))}
        return {"from": str(self.first_day(today) or ""), **({"to": str(self.until)} if self.until else {}), **said}


def history_routes(console: Console) -> APIRouter:
    """The list, for those who answer for the texts; the export, for those who count them."""
    router = APIRouter()
    zone = console.agency.policy.timetable.zone_info

    def today() -> date:
        return console.clock.now().astimezone(zone).date()

    @router.get("/texts")
    def texts(
        request: Request,
        member: Annotated[Member, needs(Act.SEE_HISTORY)],
        filters: Annotated[Filters, Depends()],
        before: Annotated[str, Query(max_length=100)] = "",
    ) -> Response:
        wanted = filters.wanted(today(), zone)
        place = _place(before)
        counts = counts_by_state(console.engine, wanted)
        page = (
            NOTHING
            if none_of(counts, wanted)
            else page_of_texts(console.engine, wanted, before=place, with_cases=member.may(Act.SEE_CALL))
        )
        return console.pages.page(
            request,
            "history.html",
            words_of="history",
            texts=page.texts,
            counts=counts,
            wanted=filters,
            first_day=filters.first_day(today()),
            address=lambda **changed: _address(filters.written(today()) | changed),
            export="/texts.csv" + _query(filters.written(today())),
            older=page.older,
            is_first=place is None,
            say=InWords(language_of(request)),
            sent=lambda text: sent_at(text, console.clock),
            delivered=lambda text: delivered_at(text, console.clock),
            kinds=_KINDS,
            states=_STATES,
            languages=_LANGUAGES,
            errors=_errors(filters.error),
            number=lambda count: format_decimal(count, locale=language_of(request).value),
            rules=RULES,
            switched_off=SWITCHED_OFF,
        )

    @router.get("/texts.csv")
    def export(
        member: Annotated[Member, needs(Act.EXPORT_HISTORY)], filters: Annotated[Filters, Depends()]
    ) -> Response:
        asked = filters.written(today())
        console.audit.write(member, Act.EXPORT_HISTORY, detail=asked)
        batches = batches_of_texts(console.engine, filters.wanted(today(), zone), with_cases=member.may(Act.SEE_CALL))
        name = "-".join(part for part in ("texts", asked["from"], asked.get("to", "")) if part)
        return StreamingResponse(
            _as_it_comes(csv_of(batches, clock=console.clock, zone=zone)),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
        )

    return router


async def _as_it_comes(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """A piece is made when the one before is on its way: whoever hangs up gets, and costs, no more."""
    while (piece := await run_in_threadpool(next, pieces, None)) is not None:
        yield piece


def _day(written: str) -> date | None:
    if not written.strip():
        return None
    try:
        day = date.fromisoformat(written.strip())
    except ValueError:
        raise HTTPException(400) from None
    if day.year not in _YEARS:
        raise HTTPException(400)
    return day


def _place(written: str) -> Place | None:
    try:
        return Place.read(written) if written else None
    except ValueError:
        raise HTTPException(400) from None


def _errors(chosen: str) -> list[str]:
    """Those that we have words for, and the one that was asked for."""
    codes = [str(code) for code in known_errors()]
    return [ANY, *codes, *([chosen] if chosen not in ("", ANY, *codes) else [])]


def _address(fields: dict[str, str]) -> str:
    return "/texts" + _query(fields)


def _query(fields: dict[str, str]) -> str:
    return "?" + urlencode(fields)
