"""The pages: an overview of all conversations, and one phone's as a thread of texts. They refresh by themselves."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from local.carrier import numbers
from local.carrier.callbacks import Deliveries
from local.carrier.clock import Clock, now
from local.carrier.control import sender_for
from local.carrier.inbound import Inbound
from local.carrier.messages import LONGEST_BODY
from local.carrier.network import Network
from local.carrier.reading import Reading
from local.carrier.wording import WORDINGS, wanted

MOST_PHONES = 50
MOST_ENTRIES = 200
LANGUAGE_COOKIE = "carrier_language"  # cookies know no ports: the name keeps clear of the service's own


class Pages:
    def __init__(
        self, *, network: Network, inbound: Inbound, deliveries: Deliveries, clock: Clock, senders: tuple[str, ...]
    ) -> None:
        self._network = network
        self._inbound = inbound
        self._deliveries = deliveries
        self._clock = clock
        self._senders = senders
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def router(self) -> APIRouter:
        routes = APIRouter(default_response_class=HTMLResponse)
        routes.add_api_route("/", self.overview, methods=["GET"])
        routes.add_api_route("/phones/{digits}", self.thread, methods=["GET"])
        routes.add_api_route("/phones/{digits}/texts", self.text, methods=["POST"])
        routes.add_api_route("/phones/{digits}/calls", self.call, methods=["POST"])
        routes.add_api_route("/fragments/phones", self.list_fragment, methods=["GET"])
        routes.add_api_route("/fragments/phones/{digits}", self.thread_fragment, methods=["GET"])
        return routes

    async def overview(self, request: Request) -> Response:
        reading = self._reading(request)
        context = self._list(reading, fragment=request.query_params.get("number", ""))
        return self._page(request, "phones.html", reading, context)

    async def thread(self, request: Request, digits: str) -> Response:
        phone = numbers.number_from(digits)
        return self._thread_page(request, phone) if phone else self._not_found(request)

    async def list_fragment(self, request: Request) -> Response:
        reading, query = self._reading(request), request.query_params
        context = self._list(reading, fragment=query.get("number", ""), current=f"+{query.get('current', '')}")
        return self._fragment(request, "_list.html", reading, context, version=str(context["list_version"]))

    async def thread_fragment(self, request: Request, digits: str) -> Response:
        phone, reading = numbers.number_from(digits), self._reading(request)
        if phone is None:
            return self._not_found(request)
        context = self._thread(reading, phone)
        return self._fragment(request, "_thread.html", reading, context, version=str(context["thread_version"]))

    async def text(self, request: Request, digits: str) -> Response:
        phone, form = numbers.number_from(digits), await _form(request)
        if phone is None:
            return self._not_found(request)
        body = form.get("text", "").replace("\r\n", "\n").strip()  # browsers send CR LF; phones do not
        sender = sender_for(self._network, phone, form.get("to", ""), self._senders)
        if sender is None:
            return self._thread_page(request, phone, error="no_sender", draft=body)
        if not body or len(body) > LONGEST_BODY:
            return self._thread_page(request, phone, error="long_reply" if body else "empty_reply", draft=body)
        self._inbound.text(phone=phone, sender=sender, body=body)
        return _back_to(phone)

    async def call(self, request: Request, digits: str) -> Response:
        phone, form = numbers.number_from(digits), await _form(request)
        if phone is None:
            return self._not_found(request)
        sender = sender_for(self._network, phone, form.get("to", ""), self._senders)
        if sender is None:
            return self._thread_page(request, phone, error="no_sender")
        self._deliveries.background(self._inbound.listen(self._inbound.ring(phone=phone, sender=sender)))
        return _back_to(phone)

    # --- what a page shows ---

    def _reading(self, request: Request) -> Reading:
        asked, remembered = request.query_params.get("lang", ""), request.cookies.get(LANGUAGE_COOKIE, "")
        accepted = request.headers.get("accept-language", "")
        return Reading(wanted(asked=asked, remembered=remembered, accepted=accepted), self._clock)

    def _list(self, reading: Reading, *, fragment: str, current: str = "") -> dict[str, object]:
        digits = re.sub(r"[^0-9]", "", fragment)[:15]
        latest = self._network.latest(fragment=digits, limit=MOST_PHONES)
        full = numbers.number_from(digits)
        # Yesterday's texts show a date instead of a time: the list changes at midnight as well.
        today = self._clock.local(now()).date()
        return {
            "rows": [reading.row(entry, current=current) for entry in latest],
            "fragment": digits,
            "count": self._network.count(),
            "to_open": full if full and all(entry.phone != full for entry in latest) else None,
            "current": current.removeprefix("+"),
            "list_version": f'"{self._network.version()}-{reading.wording.language}-{digits}-{today}"',
        }

    def _thread(self, reading: Reading, phone: str) -> dict[str, object]:
        entries = self._network.conversation(phone, limit=MOST_ENTRIES)
        return {
            "phone": phone,
            "digits": phone.removeprefix("+"),
            "number": numbers.shown(phone),
            "senders": list(dict.fromkeys([entry.sender for entry in reversed(entries)] + list(self._senders))),
            "bubbles": reading.thread(entries),
            "older": len(entries) == MOST_ENTRIES,
            "most": MOST_ENTRIES,
            "stopped": self._network.stopped(phone),
            "thread_version": f'"{self._network.version(phone)}-{reading.wording.language}"',
        }

    def _thread_page(self, request: Request, phone: str, *, error: str = "", draft: str = "") -> Response:
        reading = self._reading(request)
        context = self._list(reading, fragment="", current=phone) | self._thread(reading, phone)
        context |= {"error": error, "draft": draft}
        return self._page(request, "phone.html", reading, context, status=422 if error else 200)

    def _not_found(self, request: Request) -> Response:
        return self._page(request, "error.html", self._reading(request), {}, status=404)

    def _fragment(
        self, request: Request, template: str, reading: Reading, context: Mapping[str, object], *, version: str
    ) -> Response:
        if request.headers.get("if-none-match") == version:
            return Response(status_code=304)
        response = self._page(request, template, reading, context)
        response.headers["etag"] = version
        return response

    def _page(
        self, request: Request, template: str, reading: Reading, context: Mapping[str, object], *, status: int = 200
    ) -> Response:
        shared = {
            "t": reading.wording,
            "path": request.url.path,
            "clock": self._clock,
            "clock_now": self._clock.local(now()),
            "shown": numbers.shown,
        }
        response = HTMLResponse(self._templates.get_template(template).render({**shared, **context}), status)
        if request.query_params.get("lang") in WORDINGS:
            response.set_cookie(LANGUAGE_COOKIE, reading.wording.language, max_age=31_536_000, samesite="lax")
        return response


def _back_to(phone: str) -> Response:
    return RedirectResponse(f"/phones/{phone.removeprefix('+')}", 303)


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))
