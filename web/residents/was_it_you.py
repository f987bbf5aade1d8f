"""The public page that a doubtful resident finds without any link, and what it says of a code in a text.

A code is all that is looked up here. Case numbers can be counted through, and whoever watches a caller knows the phone.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

import phonenumbers
from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session, col, select

from calls.contracts import Kind, LedgerState
from calls.facts import Language
from database.encryption import plain_code
from database.tables import TextRow, real_now
from texts.render import render
from texts.samples import sample_fields
from web.residents.agency import Site
from web.residents.guesses import too_many
from web.residents.pages import Pages, page_language
from web.residents.tries import Told, Tries
from web.serving.clients import Clients
from web.serving.forms import Form, posted_form

PATHS: Final = {Language.ENGLISH: "/was-it-you", Language.FRENCH: "/cetait-vous"}
"""Short enough to be said on the phone."""
KNOWN_FOR: Final = timedelta(days=60)
"""Real time since the text went out: longer than a survey's link, and than anybody wonders about a text."""
_MAY_BE_ON_A_PHONE: Final = [
    *(LedgerState.SENDING, LedgerState.UNKNOWN, LedgerState.ACCEPTED, LedgerState.SENT),
    *(LedgerState.DELIVERED, LedgerState.UNDELIVERED),
]
_LONGEST: Final = 200
_LABEL: Final = re.compile(r"^\s*code\b[\s:.#-]*", flags=re.IGNORECASE)
_MANY_DIGITS: Final = 5


class Said(StrEnum):
    """What the page says of what was typed. The values are keys of the pages' words."""

    KNOWN = "code_known"
    UNKNOWN = "code_unknown"
    NUMBER = "code_number"
    """It looks like a case number or a phone number."""
    NOTHING = "code_nothing"


_MISTAKES: Final = {Said.NUMBER, Said.NOTHING}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the page answers. `code`: what is shown again of that which was typed, a code and nothing else. `wait`:
    there were too many wrong ones, and in so many seconds it may be tried again."""

    said: Said | None = None
    code: str = ""
    wait: float = 0


def was_it_you_routes(site: Site, pages: Pages, *, clients: Clients, tries: Tries, told: Told) -> APIRouter:
    """`GET /`, short addresses that lead there, and to them `POST` of a code, where the policy prints codes."""
    router = APIRouter()
    fixed = {language: _fixed(site, language) for language in Language}

    def home(language: Language, answer: Answer) -> Response:
        status = 422 if answer.said in _MISTAKES else 200
        shown = {"said": answer.said, "code": answer.code, "is_mistake": answer.said in _MISTAKES}
        return pages.page("home.html", language, status=status, **shown, **fixed[language])

    @router.get("/")
    def show(lang: Annotated[str | None, Query()] = None, accept_language: Annotated[str, Header()] = "") -> Response:
        """What this service is: where somebody who doubts a text can look."""
        return home(page_language(lang, accept_language=accept_language), Answer())

    def add(language: Language) -> None:
        @router.get(PATHS[language])
        def lead(lang: Annotated[str | None, Query()] = None) -> Response:
            return RedirectResponse(f"/?lang={page_language(lang, language)}", status_code=302)

        @router.post(PATHS[language])
        def check(request: Request, form: Annotated[Form, Depends(posted_form)]) -> Response:
            if not site.agency.prints_codes:
                raise HTTPException(404)
            client = clients.of(request.scope)
            answer = answer_to(form.get("code", ""), site=site, client=client, tries=tries, told=told)
            return too_many(pages, answer.wait, first=language) if answer.wait else home(language, answer)

    for language in Language:
        add(language)
    return router


def answer_to(typed: str, *, site: Site, client: bytes, tries: Tries, told: Told) -> Answer:
    """What there is to say of what was typed. Only what may be a code is looked up, and only a wrong one is a try, and
    that once: whoever reads the answer in the other language, or has the same fake as others, guesses nothing."""
    typed = typed[:_LONGEST]
    code = plain_code(_LABEL.sub("", typed))
    if code is None:
        return Answer(said=_of_no_code(typed))
    code_hash = site.keyring.code_hash(code)
    is_try = code_hash not in told
    wait = tries.take(client) if is_try else 0.0
    if wait:
        return Answer(wait=wait)
    is_ours = is_known(site, code)
    if is_try and is_ours:
        tries.give_back(client)
    elif is_try:
        told.note(code_hash)
    return Answer(said=Said.KNOWN if is_ours else Said.UNKNOWN, code=code.upper())


def is_known(site: Site, code: str) -> bool:
    """Is it the code of a text of ours that may be on a phone? One question to the database, whatever the answer."""
    query = select(TextRow.id).where(
        col(TextRow.code_hash).in_(site.keyring.code_hashes(code)),
        col(TextRow.state).in_(_MAY_BE_ON_A_PHONE),
        col(TextRow.first_sending_real) > real_now() - KNOWN_FOR,
    )
    with Session(site.engine) as session:
        return session.exec(query.limit(1)).first() is not None


def _of_no_code(typed: str) -> Said:
    """What cannot be a code is looked up nowhere, and is not shown again."""
    if not typed.strip():
        return Said.NOTHING
    return Said.NUMBER if sum(sign.isdecimal() for sign in typed) >= _MANY_DIGITS else Said.UNKNOWN


def _fixed(site: Site, language: Language) -> dict[str, object]:
    """What the page shows whoever asks: our number, our texts as they really are, where the survey is."""
    number = phonenumbers.parse(site.agency.sender)
    fields = {**sample_fields(language), **site.agency.fields(language), "link": f"{site.origin}/s/…"}
    kinds = (Kind.CONFIRMATION, Kind.DELAY, Kind.SURVEY)
    return {
        "number": phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
        "samples": {kind: render(site.agency.wording, kind, language, fields).body for kind in kinds},
        "survey_address": f"{site.origin}/s/",
        "prints_codes": site.agency.prints_codes,
        "paths": PATHS,
    }
