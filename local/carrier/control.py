"""The network's own interface in JSON, for tests and benchmarks: `/carrier/...` and `/healthz`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from local.carrier import numbers
from local.carrier.entries import Entry, Post
from local.carrier.inbound import Inbound
from local.carrier.messages import LONGEST_BODY
from local.carrier.misbehaviour import Misbehaviour, Mischief
from local.carrier.network import Network


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
        "created": _iso(entry.created),
        "updated": _iso(entry.updated),
    }


def post_json(post: Post) -> dict[str, object]:
    return {
        "id": post.id,
        "arrived": _iso(post.arrived),
        "to": post.phone,
        "from": post.sender,
        "segments": post.segments,
        "sid": post.sid,
    }


def _iso(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).isoformat()


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


class Control:
    def __init__(self, *, network: Network, inbound: Inbound, mischief: Mischief, senders: tuple[str, ...]) -> None:
        self._network = network
        self._inbound = inbound
        self._mischief = mischief
        self._senders = senders

    def router(self) -> APIRouter:
        routes = APIRouter()
        routes.add_api_route("/healthz", self.healthz, methods=["GET"])
        routes.add_api_route("/carrier/phones", self.phones, methods=["GET"])
        routes.add_api_route("/carrier/phones", self.forget, methods=["DELETE"], status_code=204)
        routes.add_api_route("/carrier/phones/{number}", self.phone, methods=["GET"])
        routes.add_api_route("/carrier/phones/{number}/texts", self.text, methods=["POST"], status_code=201)
        routes.add_api_route("/carrier/phones/{number}/calls", self.call, methods=["POST"], status_code=201)
        routes.add_api_route("/carrier/posts", self.posts, methods=["GET"])
        routes.add_api_route("/carrier/misbehaviour", self.plan, methods=["GET"])
        routes.add_api_route("/carrier/misbehaviour", self.misbehave, methods=["PUT"])
        return routes

    async def healthz(self) -> dict[str, str]:
        return {"status": "ok"}

    async def phones(self) -> dict[str, object]:
        grouped = groupby(self._network.everything(), key=lambda entry: entry.phone)
        return {"phones": [phone_json(number, entries, self._network.stopped(number)) for number, entries in grouped]}

    async def forget(self) -> Response:
        self._network.forget()
        return Response(status_code=204)

    async def phone(self, number: str) -> dict[str, object]:
        number = known_number(number)
        entries = self._network.conversation(number, limit=100_000)
        return phone_json(number, entries, self._network.stopped(number))

    async def posts(self) -> Response:
        """Every request to send a text, taken on or not. As JSON at once: there may be thousands."""
        posts = [post_json(post) for post in self._network.posts()]
        return JSONResponse({"count": len(posts), "posts": posts})

    async def text(self, number: str, given: InboundText) -> dict[str, object]:
        phone = known_number(number)
        return entry_json(self._inbound.text(phone=phone, sender=self._sender(phone, given.to), body=given.text))

    async def call(self, number: str, given: InboundCall | None = None) -> dict[str, object]:
        """Answers when the line has said all it has to say."""
        given = given or InboundCall()
        phone = known_number(number)
        ringing = self._inbound.ring(phone=phone, sender=self._sender(phone, given.to))
        await self._inbound.listen(ringing, withheld=given.withheld)
        return entry_json(self._network.entry(ringing.sid) or ringing)

    async def plan(self) -> Misbehaviour:
        return self._mischief.plan

    async def misbehave(self, plan: Misbehaviour) -> Misbehaviour:
        self._mischief.replace(plan)
        return self._mischief.plan

    def _sender(self, phone: str, asked: str) -> str:
        sender = sender_for(self._network, phone, asked, self._senders)
        if sender is None:
            raise HTTPException(422, "`to` is missing or not a telephone number, and no sender is configured")
        return sender
