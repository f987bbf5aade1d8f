"""Twilio's webhooks: delivery reports, texts and calls that come in on our number."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from starlette.background import BackgroundTask
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

from calls.facts import Language
from database.lookup_keys import number_hash
from texts.render import fill
from texts.wording import Piece
from web.residents.agency import ResidentAgency, Site
from web.residents.delivery import Report, record_delivery
from web.residents.inbound import Inbound, take_in
from web.residents.replies import Reply, heard, unheard
from web.residents.signatures import signed_form
from web.serving.forms import Form
from web.serving.in_time import InTime

_SID = re.compile(r"[A-Za-z0-9]{2,64}")
_ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]{1,64}")  # a number, a short code, `anonymous`, `whatsapp:+1…`
_VOICES = {Language.ENGLISH: ("Polly.Joanna", "en-US"), Language.FRENCH: ("Polly.Chantal", "fr-CA")}
"""Twilio has no Canadian English voice; a voice and a language that do not match make it say nothing."""


_TRIES, _PAUSE_SECONDS = 4, 1.0
"""To write down that an answer has gone out: some fifteen seconds, for which it counts as one without that."""


@dataclass(frozen=True, kw_only=True)
class Within:
    """So many seconds after it came a webhook is answered, whatever the database does."""

    status: float = 1.0
    """A report that is lost costs a look into Twilio's list; many that wait cost the web its connections."""
    inbound: float = 3.0
    """Longer: Twilio sends a text again after a 503 only where it is set up to (`#rc=2&rp=all`, a fallback address);
    an ARRET that is lost is worse than one that waits. It outlasts a migration, which waits two seconds for its locks
    while everybody waits behind it, and is far below the fifteen that Twilio waits."""


AS_TWILIO_WANTS_IT: Final = Within()


def webhook_routes(site: Site, *, auth_tokens: Sequence[str], account_sid: str, within: Within) -> APIRouter:
    """`/twilio/status`, `/twilio/inbound` and `/twilio/voice`; each refuses (403) what Twilio has not signed."""
    router = APIRouter(prefix="/twilio")
    signed = signed_form(origin=site.origin, auth_tokens=auth_tokens, account_sid=account_sid)
    spoken, in_time = _spoken(site.agency), InTime()

    @router.post("/status", status_code=204)
    async def status(form: Annotated[Form, Depends(signed)], mid: UUID) -> None:
        error_code, to = form.get("ErrorCode", ""), form.get("To")
        report = Report(
            text_id=mid,
            provider_sid=_sid(form),
            status=form.get("MessageStatus") or form.get("SmsStatus") or "",
            error_code=int(error_code) if re.fullmatch(r"[0-9]{1,6}", error_code) else None,
            now=site.clock.now(),
            hash_of_number=partial(number_hash, keyring=site.keyring, number=to) if to else None,
        )
        await in_time.run(partial(record_delivery, site.engine, report), within=within.status)

    @router.post("/inbound")
    async def inbound(request: Request, form: Annotated[Form, Depends(signed)]) -> Response:
        message = Inbound(
            provider_sid=_sid(form),
            phone=_address(form, "From"),
            sender=_address(form, "To"),
            body=form.get("Body", ""),
            opt_out_type=form.get("OptOutType", ""),
        )
        answer = MessagingResponse()
        reply = await in_time.run(partial(take_in, site, message), within=within.inbound)
        if reply is not None:
            if await request.is_disconnected():
                await in_time.run(partial(unheard, site, reply), within=within.inbound)
                return Response(status_code=503)
            callback = f"{site.origin}/twilio/status?mid={reply.text_id}"
            answer.message(reply.body, action=callback)
        return _twiml(str(answer), then=None if reply is None else BackgroundTask(passed_on, reply))

    async def passed_on(reply: Reply) -> None:
        for _ in range(_TRIES):  # else it is in doubt, and said once more to whoever writes again
            with suppress(HTTPException):
                await in_time.run(partial(heard, site, reply), within=within.inbound)
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    @router.post("/voice", dependencies=[Depends(signed)])
    async def voice() -> Response:
        """Needs no database and no thread: whoever phones us hears where to turn, whatever else is down or waits."""
        return _twiml(spoken)

    return router


def _sid(form: Form) -> str:
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    if not _SID.fullmatch(sid):
        raise HTTPException(400)
    return sid


def _address(form: Form, field: str) -> str:
    address = form.get(field, "")
    if not _ADDRESS.fullmatch(address):
        raise HTTPException(400)
    return address


def _spoken(agency: ResidentAgency) -> str:
    """Where to turn, said in both languages; then the line is closed."""
    answer = VoiceResponse()
    for language, (voice, tag) in _VOICES.items():
        fields = agency.fields(language) | {name: _digit_by_digit(line) for name, line in agency.lines.items()}
        words = fill(agency.wording, Piece.VOICE, language, fields)
        answer.say(words, voice=voice, language=tag)
    answer.hangup()
    return str(answer)


def _digit_by_digit(line: str) -> str:
    """`613-236-1222` as it is read aloud: `6 1 3, 2 3 6, 1 2 2 2`; `9-1-1` is `9 1 1`."""
    groups = [" ".join(group) for group in line.split("-")]
    return (", " if max(map(len, groups)) > 1 else " ").join(groups)


def _twiml(document: str, *, then: BackgroundTask | None = None) -> Response:
    """`then`: what is done once it has gone out."""
    return Response(document, media_type="text/xml", background=then)
