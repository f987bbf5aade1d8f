"""The network's own interface, for tests, benchmarks and the pages' forms: `/carrier/...` and `/healthz`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from local.carrier import numbers
from local.carrier.api import LONGEST_BODY
from local.carrier.inbound import Inbound
from local.carrier.misbehaviour import Misbehaviour, Mischief
from local.carrier.network import Entry, Network

# Another site's page in the same browser must not be able to text or call from here.
FORBIDDEN_FETCH_SITES = ("cross-site", "same-site")


class InboundText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=LONGEST_BODY)
    to: str = ""
    """The service's number; empty: the one this phone last had to do with."""


class InboundCall(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to: str = ""
    withheld: bool = False
    """The caller's number is not shown to the service."""


def entry_json(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "sid": entry.sid,
        "kind": entry.kind,
        "direction": entry.direction,
        "from": entry.from_,
        "to": entry.to,
        "body": entry.body,
        "redacted": entry.redacted,
        "status": entry.status,
        "error_code": entry.error_code,
        "segments": entry.segments,
        "status_callback": entry.callback_url or None,
        "webhook": entry.webhook or None,
        "said": [{"language": part.language, "text": part.text} for part in entry.said],
        "created": datetime.fromtimestamp(entry.created, UTC).isoformat(),
        "updated": datetime.fromtimestamp(entry.updated, UTC).isoformat(),
    }


def phone_json(number: str, entries: Iterable[Entry], stopped: list[str]) -> dict[str, object]:
    return {"number": number, "stopped": stopped, "messages": [entry_json(entry) for entry in entries]}


def known_number(text: str) -> str:
    number = numbers.number_from(text)
    if number is None:
        raise HTTPException(404, "not a telephone number")
    return number


def sender_for(network: Network, phone: str, asked: str, senders: tuple[str, ...]) -> str | None:
    """The service's number to which a phone texts or calls: the one asked for, the last one it knows, our first."""
    if asked:
        return numbers.number_from(asked)
    last = network.conversation(phone, limit=1)
    return last[0].sender if last else next(iter(senders), None)


def router(*, network: Network, inbound: Inbound, mischief: Mischief, senders: tuple[str, ...]) -> APIRouter:
    routes = APIRouter()

    def sender_of(phone: str, asked: str) -> str:
        sender = sender_for(network, phone, asked, senders)
        if sender is None:
            raise HTTPException(422, "`to` is missing or not a telephone number, and no sender is configured")
        return sender

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/carrier/phones")
    async def phones() -> dict[str, object]:
        grouped = groupby(network.everything(), key=lambda entry: entry.phone)
        return {"phones": [phone_json(number, entries, network.stopped(number)) for number, entries in grouped]}

    @routes.delete("/carrier/phones", status_code=204)
    async def forget() -> Response:
        network.forget()
        return Response(status_code=204)

    @routes.get("/carrier/phones/{number}")
    async def phone(number: str) -> dict[str, object]:
        number = known_number(number)
        return phone_json(number, network.conversation(number, limit=100_000), network.stopped(number))

    @routes.post("/carrier/phones/{number}/texts", status_code=201)
    async def text(number: str, given: InboundText) -> dict[str, object]:
        phone = known_number(number)
        return entry_json(inbound.text(phone=phone, sender=sender_of(phone, given.to), body=given.text))

    @routes.post("/carrier/phones/{number}/calls", status_code=201)
    async def call(number: str, given: InboundCall | None = None) -> dict[str, object]:
        given = given or InboundCall()
        phone = known_number(number)
        return entry_json(
            await inbound.call(phone=phone, sender=sender_of(phone, given.to), withheld=given.withheld)
        )

    @routes.get("/carrier/misbehaviour")
    async def plan() -> Misbehaviour:
        return mischief.plan

    @routes.put("/carrier/misbehaviour")
    async def misbehave(plan: Misbehaviour) -> Misbehaviour:
        mischief.replace(plan)
        return mischief.plan

    return routes
