"""The carrier of the benchmarks, asked by our own client and answered by a receiver of callbacks."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

from activities.carrier_client import Accepted, CarrierClient
from benchmarks.carrier import Reports, stub_carrier

PHONE, SENDER, TOKEN = "+13435550142", "+13435550100", "no secret"
Post = tuple[str, str, float]


def client(origin: str) -> CarrierClient:
    return CarrierClient(account_sid="AC1", auth_token=TOKEN, address=origin, timeout_seconds=5)


def text(carrier: CarrierClient, body: str, *, callback: str = "") -> Accepted:
    return carrier.send(to=PHONE, sender=SENDER, body=body, callback=callback, valid_for_seconds=600)


async def test_our_client_sends_and_finds_its_texts_and_each_is_named_by_its_order() -> None:
    posts: list[Post] = []
    async with stub_carrier(lambda *post: posts.append(post)) as stub:
        ours = client(stub.origin)
        before = time.monotonic()
        sent = [await asyncio.to_thread(text, ours, body) for body in ("received", "delayed", "survey", "another life")]
        found = await asyncio.to_thread(
            ours.find, to=PHONE, sender=SENDER, body="delayed", since=datetime.now(UTC) - timedelta(seconds=9), known=()
        )
    assert [(to, kind) for to, kind, _ in posts] == [
        (PHONE, kind) for kind in ("confirmation", "delay", "survey", "confirmation")
    ]
    assert before < posts[0][2] < posts[3][2] < time.monotonic()
    assert found == sent[1]
    assert len(set(sent)) == 4
    assert stub.posts == {PHONE: 4}


async def test_a_raw_post_says_itself_what_it_is() -> None:
    posts: list[Post] = []
    async with stub_carrier(lambda *post: posts.append(post)) as stub, aiohttp.ClientSession() as session:
        async with session.post(f"{stub.origin}/raw", data=b"7 survey") as answer:
            assert answer.status == 200
        async with session.get(f"{stub.origin}/2010-04-01/Accounts/AC1/Messages/SM1.json") as answer:
            assert answer.status == 404
    assert [(to, kind) for to, kind, _ in posts] == [("7", "survey")]


async def test_reports_come_signed_sent_before_delivered() -> None:
    told: list[str] = []
    delivered = asyncio.Event()

    async def receive(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        assert RequestValidator(TOKEN).validate(str(request.url), form, request.headers["X-Twilio-Signature"])
        told.append(form["MessageStatus"])
        if told[-1] == "delivered":
            delivered.set()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/status", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    callback = f"http://127.0.0.1:{runner.addresses[0][1]}/status?mid=1"
    reports = Reports(account_sid="AC1", auth_token=TOKEN, after_seconds=0.01)
    async with stub_carrier(lambda *_: None, reports=reports) as stub:
        await asyncio.to_thread(text, client(stub.origin), "received", callback=callback)
        async with asyncio.timeout(10):
            await delivered.wait()
    await runner.cleanup()
    assert told == ["sent", "delivered"]
    assert stub.reports["204"] >= 1
