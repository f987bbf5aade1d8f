"""The part of Twilio's REST API that the service uses: create, fetch, list and redact messages."""

import asyncio
import base64
import hmac
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from local.carrier import numbers
from local.carrier.callbacks import API_VERSION, Deliveries
from local.carrier.lines import drop
from local.carrier.misbehaviour import Mischief
from local.carrier.network import Entry, Network

LONGEST_BODY = 1600
LONGEST_VALIDITY_SECONDS = 36000
LARGEST_PAGE = 1000

# What Twilio says about a text that did not arrive.
ERROR_MESSAGES = {
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    21610: "Attempt to send to unsubscribed recipient",
}


class Refusal(Exception):
    """An error as Twilio answers it."""

    def __init__(
        self, code: int, message: str, *, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.headers = code, message, status, headers

    def response(self) -> JSONResponse:
        content = {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        return JSONResponse(content, self.status, self.headers)


def message_json(entry: Entry, account_sid: str) -> dict[str, object]:
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{entry.sid}"
    failed = entry.error_code is not None
    return {
        "sid": entry.sid,
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": "" if entry.redacted else entry.body,
        "date_created": _rfc2822(entry.created),
        "date_sent": _rfc2822(entry.created if entry.direction == "inbound" else entry.sent),
        "date_updated": _rfc2822(entry.updated),
        "direction": entry.direction,
        "error_code": entry.error_code,
        "error_message": ERROR_MESSAGES.get(entry.error_code or 0, "Unknown error") if failed else None,
        "from": entry.from_,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(entry.segments),
        "price": None,
        "price_unit": "USD",
        "status": entry.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": entry.to,
        "uri": f"{uri}.json",
    }


def router(
    *,
    network: Network,
    deliveries: Deliveries,
    mischief: Mischief,
    account_sid: str,
    auth_token: str,
    senders: tuple[str, ...],
) -> APIRouter:
    credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()

    async def authorised(request: Request, account: str) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic" or not hmac.compare_digest(given.strip().encode(), credentials.encode()):
            raise Refusal(20003, "Authenticate", status=401, headers={"WWW-Authenticate": 'Basic realm="Twilio API"'})
        if account != account_sid:
            raise _not_found(request)

    routes = APIRouter(prefix=f"/{API_VERSION}/Accounts/{{account}}", dependencies=[Depends(authorised)])

    def shown(entry: Entry, status: int = 200) -> JSONResponse:
        return JSONResponse(message_json(entry, account_sid), status)

    def text_of(request: Request, sid: str) -> Entry:
        entry = network.entry(sid)
        if entry is None or entry.kind != "text":
            raise _not_found(request)
        return entry

    @routes.post("/Messages.json")
    async def create(request: Request) -> Response:
        form = await _form(request)
        to = form.get("To", "")
        if rule := mischief.strikes("too_many_requests", to):
            raise Refusal(20429, "Too Many Requests", status=429, headers={"Retry-After": str(math.ceil(rule.seconds))})
        if rule := mischief.strikes("server_error", to):
            code = 20500 if rule.status == 500 else 20503
            raise Refusal(code, "An internal server error has occurred", status=rule.status)
        _check(form, senders)
        if network.has_stopped(to, form["From"]):
            raise Refusal(21610, "Attempt to send to unsubscribed recipient")
        entry = network.add(
            kind="text",
            direction="outbound-api",
            phone=to,
            sender=form["From"],
            body=form["Body"],
            status="queued",
            callback_url=form.get("StatusCallback", ""),
        )
        deliveries.begin(entry)
        if rule := mischief.strikes("slow_answer", to):
            await asyncio.sleep(rule.seconds)
        if mischief.strikes("lose_answer", to):
            await drop(request)
        return shown(entry, 201)

    @routes.get("/Messages.json")
    async def index(request: Request) -> Response:
        query = request.query_params
        size = min(max(_whole(query.get("PageSize", "50"), "PageSize"), 1), LARGEST_PAGE)
        page = max(_whole(query.get("Page", "0"), "Page"), 0)
        condition, values = _filter(query, network)
        if token := query.get("PageToken", ""):
            condition += " AND id < (SELECT id FROM entry WHERE sid = ?)"
            values.append(token.removeprefix("PA"))
            skipped = 0
        else:
            skipped = page * size
        entries = network.messages(condition, values, limit=skipped + size + 1)[skipped:]
        more, entries = len(entries) > size, entries[:size]

        def uri(number: int, token: str = "") -> str:
            kept = [(name, value) for name, value in query.multi_items() if name not in ("Page", "PageSize", "PageToken")]
            kept += [("PageSize", str(size)), ("Page", str(number))] + ([("PageToken", token)] if token else [])
            return f"{request.url.path}?{urlencode(kept)}"

        return JSONResponse(
            {
                "messages": [message_json(entry, account_sid) for entry in entries],
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": page * size + max(len(entries) - 1, 0),
                "uri": f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path,
                "first_page_uri": uri(0),
                "next_page_uri": uri(page + 1, f"PA{entries[-1].sid}") if more else None,
                "previous_page_uri": uri(page - 1) if page else None,
            }
        )

    @routes.get("/Messages/{sid}.json")
    async def fetch(request: Request, sid: str) -> Response:
        return shown(text_of(request, sid))

    @routes.post("/Messages/{sid}.json")
    async def update(request: Request, sid: str) -> Response:
        entry = text_of(request, sid)
        form = await _form(request)
        if form.get("Body") != "":
            raise Refusal(20001, "Invalid parameter: a message can only be redacted, with an empty Body")
        return shown(network.redact(entry.sid))

    return routes


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _check(form: Mapping[str, str], senders: tuple[str, ...]) -> None:
    """Refuses what Twilio refuses, in Twilio's order: first what is missing, then what is wrong."""
    to, from_, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
    callback, validity = form.get("StatusCallback", ""), form.get("ValidityPeriod", str(LONGEST_VALIDITY_SECONDS))
    whole = validity.isascii() and validity.isdigit()
    refusals = (
        (not to, 21604, "A 'To' phone number is required."),
        (not from_, 21603, "A 'From' phone number is required."),
        (not body, 21602, "Message body is required."),
        (len(body) > LONGEST_BODY, 21617, f"The concatenated message body exceeds the {LONGEST_BODY} character limit."),
        (not numbers.is_number(to), 21211, f"The 'To' number {to} is not a valid phone number."),
        (to == from_, 21266, "'To' and 'From' number cannot be the same."),
        (
            not numbers.is_number(from_) or (bool(senders) and from_ not in senders),
            21212,
            f"The 'From' number {from_} is not a valid phone number, shortcode, or alphanumeric sender ID.",
        ),
        (bool(callback) and not _is_callback(callback), 21609, f"The StatusCallback URL {callback} is not a valid URL."),
        (
            not whole or not 1 <= int(validity) <= LONGEST_VALIDITY_SECONDS,
            21624,
            "The ValidityPeriod is not an integer between 1 and 36000.",
        ),
    )
    for wrong, code, message in refusals:
        if wrong:
            raise Refusal(code, message)


def _is_callback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and "_" not in host and " " not in url


def _filter(query: Mapping[str, str], network: Network) -> tuple[str, list[str | float]]:
    """Twilio's filters as SQL. A number is a phone's or the service's own, whichever way the text went."""
    condition, values = "", list[str | float]()
    for name, inbound_if_phone in (("To", False), ("From", True)):
        if number := query.get(name, ""):
            is_phone = network.has_phone(number)
            condition += f" AND {'phone' if is_phone else 'sender'} = ? AND (direction = 'inbound') = ?"
            values += [number, inbound_if_phone == is_phone]
    sent = "coalesce(sent, iif(direction = 'inbound', created, NULL))"  # unknown while queued: then no filter matches
    day = 86400
    for name, sql, after in (
        ("DateSent", f" AND {sent} >= ? AND {sent} < ?", (0, day)),
        ("DateSent<", f" AND {sent} < ?", (day,)),
        ("DateSent>", f" AND {sent} >= ?", (0,)),
    ):
        if date := query.get(name, ""):
            start = _instant(date)
            whole_day = len(date) == len("2026-07-14")
            condition += sql
            values += [start + (seconds if whole_day or name == "DateSent" else 0) for seconds in after]
    return condition, values


def _instant(date: str) -> float:
    try:
        instant = datetime.fromisoformat(date)
    except ValueError as error:
        raise Refusal(20001, "Invalid date: use YYYY-MM-DD") from error
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise Refusal(20001, f"Invalid {name}")
    return int(text)


def _rfc2822(stamp: float | None) -> str | None:
    return None if stamp is None else format_datetime(datetime.fromtimestamp(stamp, UTC))


def _not_found(request: Request) -> Refusal:
    return Refusal(20404, f"The requested resource {request.url.path} was not found", status=404)
