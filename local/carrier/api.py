"""The part of Twilio's REST API that the service uses: create, fetch, list, redact and delete messages."""

import asyncio
import base64
import hmac
import math
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from local.carrier.callbacks import API_VERSION, Deliveries
from local.carrier.clock import now
from local.carrier.entries import Entry, Post
from local.carrier.lines import drop
from local.carrier.messages import check, conditions, message_json, own_number_json, whole_number
from local.carrier.misbehaviour import Mischief
from local.carrier.network import Network
from local.carrier.refusals import Refusal, out_of_order, refused

LARGEST_PAGE = 1000


class Api:
    def __init__(
        self,
        *,
        network: Network,
        deliveries: Deliveries,
        mischief: Mischief,
        account_sid: str,
        auth_token: str,
        senders: tuple[str, ...],
        sms_url: str = "",
        voice_url: str = "",
    ) -> None:
        self._network = network
        self._deliveries = deliveries
        self._mischief = mischief
        self._account_sid = account_sid
        self._credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode())
        self._senders = senders
        self._goes_to = {"sms_url": sms_url, "sms_method": "POST", "voice_url": voice_url, "voice_method": "POST"}

    def router(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{API_VERSION}/Accounts/{{account}}", default_response_class=JSONResponse)
        routes.add_api_route("/Messages.json", self.create, methods=["POST"])  # writes it down, then authorises
        known = [Depends(self.authorise)]
        routes.add_api_route("/Messages.json", self.index, methods=["GET"], dependencies=known)
        routes.add_api_route("/Messages/{sid}.json", self.fetch, methods=["GET"], dependencies=known)
        routes.add_api_route("/Messages/{sid}.json", self.update, methods=["POST"], dependencies=known)
        routes.add_api_route("/Messages/{sid}.json", self.delete, methods=["DELETE"], dependencies=known)
        routes.add_api_route("/IncomingPhoneNumbers.json", self.own_numbers, methods=["GET"], dependencies=known)
        return routes

    async def authorise(self, request: Request, account: str) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic" or not hmac.compare_digest(given.strip().encode(), self._credentials):
            raise Refusal(20003, "Authenticate", status=401, headers={"WWW-Authenticate": 'Basic realm="Twilio API"'})
        if account != self._account_sid:
            raise _not_found(request)

    async def create(self, request: Request, account: str) -> Response:
        arrived = now()  # before all else: tests measure from it how soon a stop stops
        body = await request.body()
        post = self._saw(_form(body, errors="replace"), arrived=arrived)
        await self.authorise(request, account)
        form = _form(body)
        self._refuse_on_request(post)
        check(form, self._senders)
        if self._network.has_stopped(post.phone, post.sender):
            raise Refusal(21610, "Attempt to send to unsubscribed recipient")
        failing = self._mischief.strikes("server_error", post.phone)
        if failing and not failing.taken_on:
            raise out_of_order(failing.answered)
        entry = await self._take_on(form, post)
        if failing:
            raise out_of_order(failing.answered)
        if self._mischief.strikes("lose_answer", post.phone):
            await drop(request)
        return self._shown(entry, 201)

    async def index(self, request: Request) -> Response:
        query = request.query_params
        if rule := self._mischief.strikes("list_fails", query.get("To", query.get("From", ""))):
            raise out_of_order(rule.answered)
        size = min(max(whole_number(query.get("PageSize", "50"), "PageSize"), 1), LARGEST_PAGE)
        page = whole_number(query.get("Page", "0"), "Page")
        condition, values = conditions(query, self._network, self._mischief.hidden())
        skipped = page * size
        if token := query.get("PageToken", ""):  # names the last message of the page before
            condition += " AND id < (SELECT id FROM entry WHERE sid = ?)"
            values.append(token.removeprefix("PA"))
            skipped = 0
        entries = self._network.messages(condition, values, limit=skipped + size + 1)[skipped:]
        more, entries = len(entries) > size, entries[:size]
        return JSONResponse(
            {
                "messages": [message_json(entry, self._account_sid) for entry in entries],
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": page * size + max(len(entries) - 1, 0),
                "uri": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
                "first_page_uri": _page_uri(request, size, 0),
                "next_page_uri": _page_uri(request, size, page + 1, f"PA{entries[-1].sid}") if more else None,
                "previous_page_uri": _page_uri(request, size, page - 1) if page else None,
            }
        )

    async def own_numbers(self, request: Request) -> Response:
        """The account's numbers, all on one page; with `PhoneNumber` those that have these digits in them."""
        asked = request.query_params.get("PhoneNumber", "")
        numbers = [number for number in self._senders if asked in number]
        shown = [own_number_json(number, self._account_sid, self._goes_to) for number in numbers]
        return JSONResponse({"incoming_phone_numbers": shown, "page": 0, "page_size": 50, "next_page_uri": None})

    async def fetch(self, request: Request, sid: str) -> Response:
        return self._shown(self._text(request, sid))

    async def update(self, request: Request, sid: str) -> Response:
        entry = self._text(request, sid)
        form = _form(await request.body())
        if form.get("Body") != "":
            raise Refusal(20001, "Invalid parameter: a message can only be redacted, with an empty Body")
        return self._shown(self._network.redact(entry.sid) or entry)

    async def delete(self, request: Request, sid: str) -> Response:
        entry = self._text(request, sid)
        if entry.status == "queued":
            raise Refusal(20009, "Cannot delete this resource before it is complete", status=409)
        self._network.delete(entry.sid)
        return Response(status_code=204)

    def _saw(self, form: Mapping[str, str], *, arrived: float) -> Post:
        return self._network.saw_post(
            arrived=arrived, phone=form.get("To", ""), sender=form.get("From", ""), body=form.get("Body", "")
        )

    def _refuse_on_request(self, post: Post) -> None:
        if rule := self._mischief.strikes("too_many_requests", post.phone):
            headers = {"Retry-After": str(math.ceil(rule.seconds))} if rule.retry_after else None
            raise Refusal(20429, "Too Many Requests", status=429, headers=headers)
        if rule := self._mischief.strikes("refused", post.phone):
            raise refused(rule.code, status=rule.answered, to=post.phone, from_=post.sender)

    async def _take_on(self, form: Mapping[str, str], post: Post) -> Entry:
        """The text is the network's from here on. Returns when it may be answered."""
        entry = self._network.add(
            kind="text",
            direction="outbound-api",
            phone=post.phone,
            sender=post.sender,
            body=form["Body"],
            status="queued",
            callback_url=form.get("StatusCallback", ""),
            post=post,
        )
        if rule := self._mischief.strikes("list_lags", post.phone):
            self._mischief.hide(entry.sid, rule.seconds)
        delivery = self._deliveries.begin(entry)
        if self._mischief.strikes("early_callback", post.phone):
            await asyncio.wait({delivery})
        if rule := self._mischief.strikes("slow_answer", post.phone):
            await asyncio.sleep(rule.seconds)
        return entry

    def _text(self, request: Request, sid: str) -> Entry:
        entry = self._network.entry(sid)
        if entry is None or entry.deleted or entry.kind != "text":
            raise _not_found(request)
        return entry

    def _shown(self, entry: Entry, status: int = 200) -> JSONResponse:
        return JSONResponse(message_json(entry, self._account_sid), status)


def _form(body: bytes, *, errors: str = "strict") -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(errors=errors), keep_blank_values=True))
    except ValueError as error:
        raise Refusal(20001, "The body is not a form in UTF-8") from error


def _page_uri(request: Request, size: int, page: int, token: str = "") -> str:
    paging = ("Page", "PageSize", "PageToken")
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in paging]
    kept += [("PageSize", str(size)), ("Page", str(page))]
    return f"{request.url.path}?{urlencode(kept + ([('PageToken', token)] if token else []))}"


def _not_found(request: Request) -> Refusal:
    return Refusal(20404, f"The requested resource {request.url.path} was not found", status=404)
