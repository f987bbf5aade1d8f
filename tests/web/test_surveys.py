import base64
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest
import requests
from sqlalchemy import Engine
from sqlmodel import Session

from calls.clock import Clock
from calls.facts import Language
from database.encryption import Keyring
from database.engine import connect
from database.surveys import HeldAnswerRow
from database.tables import CallRow, SurveyInvitationRow, SurveyResponseRow
from survey.held import Context, HeldAnswer
from tests.builders import some_facts
from tests.web.answering import LAST, language_of, opened, read, sent, submitted
from tests.web.served import Residents, residents_site
from web.residents import locales
from web.residents.agency import ResidentAgency


def test_opening_a_link_never_uses_it_up(residents: Residents) -> None:
    token = residents.invite()
    for _ in range(3):
        assert opened(residents, token).status_code == 200
    assert submitted(residents, token, {"Q1": "4"}).headers["Location"].startswith("/thank-you")


def test_the_notice_of_collection_comes_before_the_first_question(residents: Residents) -> None:
    token = residents.invite()
    for query, authority, emergency in (
        ("?lang=en", "Municipal Freedom of Information", "Emergency? Call 9-1-1."),
        ("?lang=fr", "accès à l’information municipale", "Urgence? Composez le 9-1-1."),
    ):
        page = read(opened(residents, token, query))
        first_question = page.index('id="Q1"')
        for part in (authority, emergency, "leca.ca", "613-236-1222"):
            assert 0 < page.index(part) < first_question
        assert "anonym" not in page.lower()


def test_the_page_opens_in_the_callers_language_then_the_browsers(residents: Residents) -> None:
    french, unknown = residents.invite(language="fr"), residents.invite()
    browser = {"Accept-Language": "de, fr-CA;q=0.9, en;q=0.8"}
    assert language_of(opened(residents, french, **{"Accept-Language": "en"})) == "fr"
    assert language_of(opened(residents, french, "?lang=en", **browser)) == "en"
    assert language_of(opened(residents, unknown, **browser)) == "fr"
    assert language_of(opened(residents, unknown, "?lang=tlh", **{"Accept-Language": "*;q=x, fr;q=0"})) == "en"


def test_r7_what_is_held_keeps_the_week_and_nothing_of_the_invitation(
    engine: Engine, keyring: Keyring, agency: ResidentAgency
) -> None:
    clock = Clock(real_origin=datetime.now(UTC), virtual_origin=datetime(2027, 1, 3, 23, 30, tzinfo=UTC))
    with residents_site(engine, keyring, agency, clock=clock) as site:
        token = site.invite(valid_for=timedelta(days=9000))
        answers = {"Q1": "4", "Q6": "no", "Q7": "5", "C1": "Call me at 613-555-0100", "S1": "summaries"}
        answer = submitted(site, token, answers, "?lang=fr")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/thank-you?lang=fr")

        (held,), (row,) = site.held(), site.rows(HeldAnswerRow)
        (invitation,) = site.rows(SurveyInvitationRow)
        assert site.rows(SurveyResponseRow) == []
    assert invitation.used
    assert held == HeldAnswer(
        agency="ottawa",
        survey_version=agency.survey.version,
        language="fr",
        week="2026-W53",
        answers={"Q1": "4", "Q6": "no"},
        comment="Call me at [phone]",
        context=Context(),
    )
    for secret in (invitation.id, invitation.call_id, invitation.token_hash, token):
        assert str(secret) not in f"{held!r} {row!r}"
    # Fernet writes the second of its making into every token, for everybody to read. Not into this one.
    assert base64.urlsafe_b64decode(row.body_encrypted.partition(":")[2])[1:9] == bytes(8)


@pytest.mark.parametrize(("area", "version"), [("Somerset", "2022"), ("Atlantis", None), (None, None)])
def test_what_is_held_names_the_map_that_the_calls_area_is_of(
    residents: Residents, area: str | None, version: str | None
) -> None:
    token = residents.invite()
    (invitation,) = residents.rows(SurveyInvitationRow)[-1:]
    facts = some_facts(area=area).model_dump(mode="json")
    decided: Any = {"eligibility": "eligible", "rule": "", "reason": "", "policy_version": "", "merged": {}}
    with Session(residents.engine) as session, session.begin():
        session.add(CallRow(call_id=invitation.call_id, agency="ottawa", facts=facts, **decided))
    submitted(residents, token, {"Q1": "4"})
    (held,) = residents.held()
    assert (held.context.area, held.context.area_version) == (area, version)


def test_a_survey_is_answered_once_even_by_two_at_the_same_moment(residents: Residents) -> None:
    token = residents.invite()
    with ThreadPoolExecutor(6) as threads:
        statuses = list(
            threads.map(
                lambda n: (
                    requests.post(
                        f"{residents.address}/s/{token}",
                        data={"step": LAST, "Q10": ["noise", "drugs", "hate"][n % 3]},
                        timeout=10,
                        allow_redirects=False,
                    ).status_code
                ),
                range(6),
            )
        )
    assert sorted(statuses) == [303, 410, 410, 410, 410, 410]
    assert len(residents.held()) == 1


def test_no_link_is_dead(residents: Residents) -> None:
    """Used, expired and unknown links get a kind page in both languages that says where to turn."""
    used, expired = residents.invite(language="fr"), residents.invite(valid_for=timedelta(seconds=-1))
    submitted(residents, used, {"Q1": "5"})
    forms: list[dict[str, str]] = [{"Q1": "1"}, {}, {"Q1": "1", "switch": "fr"}, {"go": "back"}]
    for token, status, english, french in (
        (used, 410, "already in", "déjà envoyées"),
        (expired, 404, "This link opens no survey", "Ce lien n’ouvre aucun sondage"),
        ("0123456789ab", 404, "This link opens no survey", "Ce lien n’ouvre aucun sondage"),
        ("%00%ff" + "x" * 300, 404, "This link opens no survey", "Ce lien n’ouvre aucun sondage"),
    ):
        posts = [sent(residents, token, form, step=step) for form in forms for step in (1, LAST)]
        for page in (opened(residents, token), *posts):
            assert page.status_code == status
            for part in (english, french, "Emergency? Call 9-1-1.", "Urgence? Composez le 9-1-1.", "613-236-1222"):
                assert part in read(page)
    assert language_of(opened(residents, used)) == "fr"
    assert len(residents.held()) == 1


def _sent_something_urgent(residents: Residents, token: str) -> requests.Response:
    return sent(residents, token, {"C1": "He has a knife"}, step=LAST)


def test_an_expired_link_says_as_much_as_one_that_never_was(residents: Residents) -> None:
    """In status, words, language and headers, whatever was saved under it."""
    expired = residents.invite(language="fr", valid_for=timedelta(seconds=-1))
    for ask in (opened, _sent_something_urgent):
        of_expired, of_unknown = ask(residents, expired), ask(residents, "0123456789ab")
        assert of_expired.content == of_unknown.content
        assert of_expired.status_code == of_unknown.status_code
        names = {"Date"}
        assert {k: v for k, v in of_expired.headers.items() if k not in names} == {
            k: v for k, v in of_unknown.headers.items() if k not in names
        }


def test_a_token_read_aloud_opens_the_survey(residents: Residents) -> None:
    token = residents.invite()
    typed = token.upper().replace("0", "O").replace("1", "l")
    assert opened(residents, f"{typed[:4]}-{typed[4:8]}-{typed[8:]}").status_code == 200


@pytest.mark.parametrize(
    ("answers", "step", "complaint"),
    [
        ({"Q1": "11", "Q2": "5"}, 1, "choose one of the answers"),
        ({"C1": "x" * 1001, "Q10": "noise"}, LAST, "shorten your comment"),
        ({}, LAST, "not answered any question"),
        ({"S1": "yes"}, LAST, "not answered any question"),
        ({"Q10": "spaceships"}, LAST, "choose one of the answers"),
    ],
)
@pytest.mark.parametrize("button", [{}, {"go": "back"}, {"switch": "en"}])
def test_a_mistake_is_said_in_words_and_costs_neither_link_nor_answers(
    residents: Residents, answers: dict[str, str], step: int, complaint: str, button: dict[str, str]
) -> None:
    token = residents.invite()
    page = sent(residents, token, answers, "?lang=en", step=step, **button)
    if button:  # nothing is sent yet: nothing is missing, and what is wrong is told to whoever goes on
        assert page.status_code == 303
        page = sent(residents, token, answers, "?lang=en", step=step)
    assert page.status_code == 422
    assert complaint in page.text
    assert "Q2" not in answers or 'name="Q2" value="5" checked' in page.text
    assert "Q10" not in answers or answers["Q10"] == "spaceships" or 'value="noise" checked' in page.text
    assert residents.held() == []
    assert submitted(residents, token, {"Q1": "1"}).headers["Location"].startswith("/thank-you")


def test_every_answer_carries_the_headers_that_protect_it(residents: Residents) -> None:
    token = residents.invite()
    for path in (f"/s/{token}", "/s/none", "/", "/thank-you", "/nowhere", "/healthz", "/static/none"):
        answer = residents.http.get(residents.address + path, timeout=10)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


def test_pages_are_small_and_load_nothing_foreign(residents: Residents) -> None:
    token = residents.invite()
    style = residents.http.get(f"{residents.address}/static/residents.css", timeout=10)
    for path in (f"/s/{token}?lang=en", f"/s/{token}?lang=fr", "/?lang=en", "/?lang=fr", "/thank-you"):
        page = residents.http.get(residents.address + path, timeout=10)
        assert page.status_code == 200
        assert len(page.content) + len(style.content) < 50_000
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text)
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)
        assert "{" not in page.text


def test_the_home_page_shows_our_number_and_the_texts_as_they_are(residents: Residents) -> None:
    for lang, text in (
        ("en", "Ottawa Police: we received your call, case 26-104233."),
        ("fr", "votre appel est enregistré"),
    ):
        page = residents.http.get(f"{residents.address}/?lang={lang}", timeout=10)
        for part in ("+1 343-803-6032", text, "https://texts.example.org/s/"):
            assert part in read(page)


def test_html_is_well_formed(residents: Residents) -> None:
    class Balance(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
            if tag not in {"meta", "link", "input"}:
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    for path in (f"/s/{residents.invite()}", "/", "/thank-you", "/nowhere"):
        parser = Balance()
        parser.feed(residents.http.get(residents.address + path, timeout=10).text)
        assert parser.open == []


def test_without_a_database_residents_get_a_kind_page_and_the_health_check_says_so(
    engine: Engine, keyring: Keyring, agency: ResidentAgency
) -> None:
    nowhere = engine.url.set(port=9)
    away = connect(nowhere.render_as_string(hide_password=False))
    with residents_site(away, keyring, agency) as site:
        assert site.http.get(f"{site.address}/healthz", timeout=20).status_code == 503
        page = opened(site, "0123456789ab")
        assert (page.status_code, "Nothing was lost" in page.text) == (503, True)
        assert site.text("STOP").status_code == 503  # Twilio turns to its fallback address
        assert site.webhook("/twilio/voice", {"CallSid": "CA1"}).status_code == 200
    away.dispose()


def test_the_health_check_asks_the_database(residents: Residents) -> None:
    assert residents.http.get(f"{residents.address}/healthz", timeout=10).text == "ok"


def test_r10_the_pages_have_all_words_in_both_languages() -> None:
    english, french = locales.words(Language.ENGLISH), locales.words(Language.FRENCH)
    assert english.keys() == french.keys()
    for key, text in english.items():
        assert text.strip()
        assert french[key].strip()
        assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", french[key]), key


def test_a_method_or_page_that_is_not_there_is_said_so(residents: Residents) -> None:
    assert residents.http.put(f"{residents.address}/s/{uuid4()}", timeout=10).status_code == 405
    assert residents.http.get(f"{residents.address}/docs", timeout=10).status_code == 404
    assert residents.http.get(f"{residents.address}/openapi.json", timeout=10).status_code == 404
    assert residents.http.get(f"{residents.address}/static/../app.py", timeout=10).status_code == 404
