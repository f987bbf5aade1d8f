"""Makes up webhook requests that Twilio never sent, or never in this shape, and rightly signed nonsense. Seeded."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from uuid import UUID, uuid4

from tests.web.raw_requests import Fields, Raw, encoded, rightly_signed, signature
from tests.web.served import ACCOUNT, ORIGIN, OURS, RESIDENT, TOKENS

STATUSES = ("queued", "sent", "delivered", "undelivered", "failed", "read", "canceled", "accepted")
_WORDS = ("STOP", "ARRET", "START", "hello", "mauvais numéro", "HELP", "", "26-104233 ?", "😀" * 20)
_OTHER = "+13435550117"


@dataclass(frozen=True)
class Forger:
    """Aims at the texts `texts`, which the database under attack really has."""

    rng: Random
    texts: Sequence[UUID]

    @classmethod
    def seeded(cls, seed: int, texts: Sequence[UUID]) -> "Forger":
        return cls(Random(seed), texts)

    def right(self) -> Raw:
        """What Twilio might really send, at one of the three addresses."""
        rng = self.rng
        common = [("AccountSid", ACCOUNT), ("ApiVersion", "2010-04-01"), ("FromZip", ""), ("To", OURS)]
        where = rng.choice(("status", "inbound", "voice"))
        sid = f"{rng.getrandbits(128):032x}"
        if where == "status":
            target = f"/twilio/status?mid={rng.choice(self.texts)}{rng.choice(('', '&x=%2F+y', '&blank='))}"
            report = [("MessageSid", f"SM{sid}"), ("MessageStatus", rng.choice(STATUSES))]
            return rightly_signed(target, [*common, *report, *rng.choice(((), (("ErrorCode", "30003"),)))])
        if where == "inbound":
            text = [("MessageSid", f"SM{sid}"), ("From", rng.choice((RESIDENT, _OTHER)))]
            return rightly_signed("/twilio/inbound", [*common, *text, ("Body", rng.choice(_WORDS))])
        return rightly_signed("/twilio/voice", [*common, ("CallSid", f"CA{sid}"), ("From", RESIDENT)])

    def forged(self) -> tuple[str, Raw]:
        """How, and a request that is well made and not Twilio's."""
        how = self.rng.choice(sorted(_FORGERIES))
        return how, _FORGERIES[how](self.right(), self.rng)

    def malformed(self) -> tuple[str, Raw]:
        """What, and a request that is none, or not one for us. The half of them are rightly signed, where they can."""
        what = self.rng.choice(sorted(_MALFORMED))
        return what, _MALFORMED[what](self.right(), self.rng)

    def nonsense(self) -> Raw:
        """Twilio's own signature under what makes no sense."""
        rng = self.rng
        if rng.random() < 0.5:
            report = [
                ("MessageSid", rng.choice(("SM" + "1" * 32, "SM" + "2" * 32, f"SM{rng.getrandbits(128):032x}"))),
                ("MessageStatus", rng.choice((*STATUSES, "DELIVERED", "teleported", "", "\0", "é" * 500, "claimed"))),
                ("ErrorCode", rng.choice(("", "-1", "30003", "99999999999999999999", "٣٠٠٠٣", "1e5", "\0"))),
            ]
            mid = rng.choice((*map(str, self.texts), str(uuid4()), str(self.texts[0]).upper(), f"{{{self.texts[0]}}}"))
            return rightly_signed(f"/twilio/status?mid={mid}", report)
        body = rng.choice(
            (*_WORDS, "\0", "a\0b", "😀" * 1600, "\u202e\u200b\ufffd", "\x1b[2J", "<Message>&amp;", "é" * 7000)
        )
        sender = rng.choice((RESIDENT, _OTHER, "anonymous", "12345", "+0", "whatsapp:+16135550142", "é" * 64))
        text = [
            ("MessageSid", f"SM{rng.getrandbits(3):032x}"),
            ("From", sender),
            ("To", rng.choice((OURS, _OTHER, "x"))),
            ("Body", body),
            ("OptOutType", rng.choice(("", "STOP", "START", "HELP", "nonsense"))),
        ]
        return rightly_signed("/twilio/inbound", text)


def _signed_with(request: Raw, **how: str) -> Raw:
    url = how.get("origin", ORIGIN) + how.get("target", request.target)
    return replace(request, signed=signature(url, request.fields, how.get("token", TOKENS[0])).encode())


def _with_fields(request: Raw, fields: Fields) -> Raw:
    """Other fields under the old signature."""
    return replace(request, fields=fields, body=encoded(fields))


def _changed(request: Raw, rng: Random) -> Raw:
    fields = list(request.fields)
    place = rng.randrange(len(fields))
    name, value = fields[place]
    fields[place] = rng.choice(((name, value + "1"), (name + "1", value), (name, value[:-1] + "é")))
    return _with_fields(request, fields)


def _another_account(request: Raw, _: Random) -> Raw:
    fields = [(name, ACCOUNT[:-1] + "9" if name == "AccountSid" else value) for name, value in request.fields]
    return rightly_signed(request.target, fields)


def _another_query(request: Raw, rng: Random) -> Raw:
    path, _, query = request.target.partition("?")
    parts = query.split("&") if query else []
    if len(parts) > 1 and rng.random() < 0.5:
        return replace(request, target=f"{path}?{'&'.join(reversed(parts))}")
    return replace(request, target=f"{path}?{'&'.join([*parts, rng.choice(('x=', 'x=1', 'mid=', '%20'))])}")


_FORGERIES: dict[str, Callable[[Raw, Random], Raw]] = {
    "no signature": lambda request, _: replace(request, signed=None),
    "an empty signature": lambda request, _: replace(request, signed=b""),
    "a made-up signature": lambda request, rng: replace(request, signed=signature("", [], str(rng.random())).encode()),
    "a signature of garbage": lambda request, rng: replace(
        request, signed=rng.choice((b"\xe9\xff" * 14, b"=" * 28, b"A" * 8000, b"null"))
    ),
    "a shortened signature": lambda request, _: replace(request, signed=(request.signed or b"")[:-2]),
    "a signature in another case": lambda request, _: replace(request, signed=(request.signed or b"").swapcase()),
    "another token": lambda request, rng: _signed_with(request, token=str(rng.random())),
    "an empty token": lambda request, _: _signed_with(request, token=""),
    "another origin": lambda request, rng: _signed_with(
        request,
        origin=rng.choice(
            (
                "http://texts.example.org",
                "https://texts.example.com",
                "http://127.0.0.1",
                f"{ORIGIN}.",
                f"{ORIGIN}:8443",
                "",
            )
        ),
    ),
    "another path": lambda request, _: _signed_with(request, target=request.target.replace("/twilio/", "/twilio/x")),
    "a query of its own": _another_query,
    "a field changed": _changed,
    "a field more": lambda request, _: _with_fields(request, [*request.fields, ("Body", "STOP now")]),
    "a field less": lambda request, rng: _with_fields(
        request,
        [pair for pair in request.fields if pair[0] != rng.choice(("To", "AccountSid", "ApiVersion", "From"))][1:],
    ),
    "a field twice": lambda request, _: _with_fields(request, [*request.fields, ("AccountSid", ACCOUNT + "0")]),
    "another account": _another_account,
}


def _of_body(body: bytes, content_type: bytes = b"application/x-www-form-urlencoded") -> Callable[[Raw, Random], Raw]:
    def make(request: Raw, _: Random) -> Raw:
        return replace(request, body=body, headers=(b"Content-Type: " + content_type,))

    return make


def _framed(*framing: bytes, body: bytes | None = None, is_cut_off: bool = False) -> Callable[[Raw, Random], Raw]:
    def make(request: Raw, _: Random) -> Raw:
        return replace(request, framing=framing, body=request.body if body is None else body, is_cut_off=is_cut_off)

    return make


def _garbage(request: Raw, rng: Random) -> Raw:
    return replace(request, body=rng.randbytes(rng.randrange(1, 3000)))


def _wrong_id(_: Raw, rng: Random) -> Raw:
    query = rng.choice(
        ("", "?mid=", "?mid=1", "?mid=%00", "?mid=%FF%FE", f"?mid={'9' * 3000}", "?mid=%ED%A0%80", "?id=1")
    )
    return rightly_signed(f"/twilio/status{query}", [("MessageSid", "SM" + "f" * 32), ("MessageStatus", "delivered")])


def _wrong_sid(request: Raw, rng: Random) -> Raw:
    sid = rng.choice(("", "S", "SM" + "1" * 5000, "S\0M", "SM é", "../..", "\n"))
    fields = [pair for pair in request.fields if pair[0] not in {"MessageSid", "SmsSid"}]
    target = request.target if "voice" not in request.target else "/twilio/inbound"
    return rightly_signed(target, [*fields, ("MessageSid", sid)])


def _wrong_sender(_: Raw, rng: Random) -> Raw:
    wrong = rng.choice(("", " ", "\0", "+1613\n5550142", "+1613555\x7f0142", "\x85", "1" * 65, "+1 613 555 0142"))
    sender, ours = rng.choice(((wrong, OURS), (RESIDENT, wrong)))
    fields = [("MessageSid", f"SM{rng.getrandbits(128):032x}"), ("From", sender), ("To", ours), ("Body", "STOP")]
    return rightly_signed("/twilio/inbound", fields)


_MALFORMED: dict[str, Callable[[Raw, Random], Raw]] = {
    "bytes at random": _garbage,
    "no body": _of_body(b""),
    "NUL": _of_body(b"MessageSid=SM1&From=%00&To=\x00&Body=\x00"),
    "broken percent encoding": _of_body(b"MessageSid=SM%&From=%2&To=%zz&Body=%u0041"),
    "bytes that are no UTF-8": _of_body(b"MessageSid=%ff%fe&From=\xe9&Body=%c3"),
    "lone surrogates": _of_body(b"MessageSid=SM1&Body=%ED%A0%80%ED%B0%80&From=%ED%BF%BF"),
    "JSON": _of_body(json.dumps({"MessageSid": "SM1", "From": RESIDENT, "Body": "STOP"}).encode(), b"application/json"),
    "several parts": _of_body(
        b'--x\r\nContent-Disposition: form-data; name="Body"\r\n\r\nSTOP\r\n--x--', b"multipart/form-data"
    ),
    "no type": lambda request, _: replace(request, headers=(), signed=None),
    "70 kB": _of_body(b"Body=" + b"x" * 70_000),
    "500 fields": _of_body(b"&".join(b"f%d=1" % number for number in range(500))),
    "a field 150 times": lambda request, _: _with_fields(
        request, [*request.fields, *[("Body", str(n)) for n in range(150)]]
    ),
    "nothing but &": _of_body(b"&" * 60_000),
    "another method": lambda request, rng: replace(
        request, method=rng.choice(("GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW", "post"))
    ),
    "an address that is not there": lambda request, rng: replace(
        request,
        target=rng.choice(
            ("/twilio", "/twilio/", "/twilio/statuses", "/twilio/status/", "/twilio/%2e%2e/status", "/twilio/status%00")
        ),
    ),
    "an address that is none": lambda request, rng: replace(
        request,
        target=rng.choice(
            ("twilio/status", "*", "", "/twilio/status\x7f", "http://[/twilio/status", "/twilio/in bound")
        ),
    ),
    "less than announced": _framed(b"Content-Length: 60000", is_cut_off=True),
    "more than announced": _framed(b"Content-Length: 3"),
    "no length": _framed(),
    "a length that is none": _framed(b"Content-Length: -1"),
    "two lengths": _framed(b"Content-Length: 5", b"Content-Length: 6"),
    "a length and chunks": _framed(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"Body=STOP\r\n"),
    "chunks that are none": _framed(b"Transfer-Encoding: chunked", body=b"zz\r\nBody=STOP\r\n0\r\n\r\n"),
    "chunks without an end": _framed(b"Transfer-Encoding: chunked", body=b"9\r\nBody=STOP\r\n", is_cut_off=True),
    "chunks of 80 kB": _framed(
        b"Transfer-Encoding: chunked", body=(b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 5 + b"0\r\n\r\n"
    ),
    "packed": lambda request, _: replace(
        request, headers=(*request.headers, b"Content-Encoding: gzip"), body=b"\x1f\x8b\x08"
    ),
    "an id that is none, signed": _wrong_id,
    "a message without a sid, signed": _wrong_sid,
    "a number that is none, signed": _wrong_sender,
}
