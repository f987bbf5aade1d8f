"""Every address of the residents' site, whatever it is for: who may ask how, and what each answer carries."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pytest
import requests
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import Engine

from calls.clock import REAL_TIME
from database.encryption import Keyring, load_keyring, new_key
from database.engine import connect
from database.tables import SurveyInvitationRow
from tests.web.served import ACCOUNT, ORIGIN, TOKENS, Residents, north_bay, residents_site
from web.residents.app import create_residents_app

FOREIGN: Final = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "null"},
    {"Origin": "https://evil.example.org"},
    {"Origin": "https://texts.example.org.evil.example.org"},
    {"Origin": "http://texts.example.org"},
    {"Origin": "https://texts.example.org:8443"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
    {"Origin": ""},
]
OURS: Final[list[dict[str, str]]] = [
    {},
    {"Origin": ORIGIN},
    {"Origin": ORIGIN.upper()},
    {"Origin": "null"},
    {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
]
METHODS: Final = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "BREW"]
HEADERS: Final = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000",
    "Cross-Origin-Opener-Policy": "same-origin",
}
SCANNERS: Final = [
    "facebookexternalhit/1.1",
    "Twitterbot/1.0",
    "Mozilla/5.0 (compatible; Microsoft Safe Links)",
    "",
    "curl/8.0",
]


def _routes() -> list[APIRoute]:
    keyring = load_keyring(encryption_keys=f"k:{new_key()}", lookup_key=new_key())
    nowhere = connect("postgresql+psycopg://nobody@127.0.0.1:1/none")
    app: FastAPI = create_residents_app(
        engine=nowhere,
        webhook_engine=nowhere,
        keyring=keyring,
        agency=north_bay(),
        clock=REAL_TIME,
        origin=ORIGIN,
        twilio_auth_tokens=TOKENS,
        twilio_account_sid=ACCOUNT,
    )
    return list(_all_of(app.routes))


def _all_of(routes: Iterable[object]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from _all_of(getattr(getattr(route, "original_router", None), "routes", ()))


def methods(route: APIRoute) -> set[str]:
    return route.methods or set()


ROUTES: Final = _routes()
PATHS: Final = sorted({route.path for route in ROUTES})
PAGES: Final = [path for path in PATHS if not path.startswith(("/twilio/", "/healthz"))]
POSTED: Final = sorted({route.path for route in ROUTES if "POST" in methods(route) and route.path in PAGES})
GOT: Final = sorted({route.path for route in ROUTES if "GET" in methods(route) and route.path in PAGES})


@dataclass(frozen=True)
class Asked:
    """Asks the site. `{token}` in an address stands for a valid one."""

    site: Residents
    token: str

    def __call__(self, method: str, path: str, **headers: str) -> requests.Response:
        address = self.site.address + self.of(path)
        data = {"code": "7K3M9X"} if method == "POST" else None
        return self.site.http.request(method, address, headers=headers, data=data, timeout=10, allow_redirects=False)

    def of(self, path: str) -> str:
        """The address: a survey's has its page, too, since without one it only leads on."""
        return path if "{token}" not in path else path.replace("{token}", self.token) + "?step=1"

    @property
    def is_used(self) -> Sequence[bool]:
        return [row.used for row in self.site.rows(SurveyInvitationRow)]


@pytest.fixture
def ask(engine: Engine, keyring: Keyring) -> Iterator[Asked]:
    with residents_site(engine, keyring, north_bay()) as site:
        yield Asked(site, site.invite())


def test_there_is_something_to_test() -> None:
    assert {"/", "/s/{token}", "/was-it-you", "/cetait-vous"} <= set(GOT)
    assert {"/s/{token}", "/was-it-you", "/cetait-vous"} <= set(POSTED)


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", "/s/unknown", "/static/none"])
def test_every_answer_carries_the_headers_and_no_cookie(ask: Asked, path: str) -> None:
    for method in METHODS:
        answer = ask(method, path)
        assert answer.status_code < 500
        policy = answer.headers["Content-Security-Policy"]
        for part in ("default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert part in policy
        assert "unsafe" not in policy
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert not {"Set-Cookie", "Server", "X-Powered-By"} & set(answer.headers)
        assert not [name for name in answer.headers if name.startswith("Access-Control-")]
        assert (answer.headers.get("X-Robots-Tag") == "noindex") == path.startswith("/s/")


@pytest.mark.parametrize("path", PATHS)
def test_a_method_that_an_address_does_not_know_is_told_those_that_it_knows(ask: Asked, path: str) -> None:
    known = {method for route in ROUTES if route.path == path for method in methods(route)}
    known |= {"HEAD"} if "GET" in known else set()
    for method in METHODS:
        answer = ask(method, path)
        assert (answer.status_code == 405) == (method not in known), method
        if answer.status_code == 405:
            assert set(answer.headers["Allow"].split(", ")) == known


@pytest.mark.parametrize("path", GOT)
def test_head_is_get_without_the_body(ask: Asked, path: str) -> None:
    got, head = ask("GET", path), ask("HEAD", path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    varies = {"date"}
    assert {k.lower(): v for k, v in head.headers.items() if k.lower() not in varies} == {
        k.lower(): v for k, v in got.headers.items() if k.lower() not in varies
    }


@pytest.mark.parametrize("path", POSTED)
def test_a_post_from_a_foreign_page_is_refused_kindly_and_changes_nothing(ask: Asked, path: str) -> None:
    before = ask.site.rows_in_all()
    for headers in FOREIGN:
        answer = ask("POST", path, **headers)
        assert answer.status_code == 403, headers
        for part in ("It was sent from a page that is not ours", "d’une page qui n’est pas la nôtre", "705-555-0101"):
            assert part in answer.text.replace('<span class="whole">', "").replace("</span>", "")
    assert ask.is_used == [False]
    assert ask.site.rows_in_all() == before


@pytest.mark.parametrize("path", POSTED)
def test_a_post_from_our_own_page_passes_and_so_does_one_that_does_not_say(ask: Asked, path: str) -> None:
    for headers in OURS:
        assert ask("POST", path, **headers).status_code != 403, headers


def test_twilios_posts_are_its_signatures_business_alone(ask: Asked) -> None:
    assert ask.site.text("hello").status_code == 200
    for headers in FOREIGN:
        assert ask("POST", "/twilio/inbound", **headers).status_code == 403  # unsigned; no page of ours
        assert ask("POST", "/twilio/inbound", **headers).content == b""


@pytest.mark.parametrize("path", [path for path in GOT if "{token}" in path])
def test_link_scanners_never_use_a_link_up(ask: Asked, path: str) -> None:
    for agent in SCANNERS:
        for method in ("GET", "HEAD", "OPTIONS"):
            assert ask(method, path, **{"User-Agent": agent}).status_code in {200, 405}
    assert ask.is_used == [False]
    assert ask("GET", path).status_code == 200


@pytest.mark.parametrize("path", POSTED)
def test_a_body_that_is_too_large_or_is_no_form_is_refused(ask: Asked, path: str) -> None:
    address = ask.site.address + ask.of(path)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    large = b"code=" + b"x" * 70_000
    chunks = (large[at : at + 1000] for at in range(0, len(large), 1000))
    for data, status in ((large, 413), (chunks, 413), (b"\xff\xfe", 400), (b"&".join([b"a=1"] * 201), 400)):
        answer = ask.site.http.post(address, data=data, headers=form, timeout=10)
        assert answer.status_code == status
        page = answer.text.replace('<span class="whole">', "").replace("</span>", "")
        assert "Call 9-1-1" in page
        # Whether it sounds urgent nobody can tell: it is asked.
        for words in ("Is anyone in danger now? Call 9-1-1.", "en danger en ce moment? Composez le 9-1-1.", "1,000"):
            assert (words in page) == (status == 413)
    assert ask.is_used == [False]


@pytest.mark.parametrize("path", GOT)
def test_no_page_asks_anybody_else_for_anything(ask: Asked, path: str) -> None:
    page = ask("GET", path).text
    assert not re.search(r'(?:src|href|action|srcset|data)="(?:\w+:)?//', page)
    assert not re.search(r"<script|<style|<iframe|<img|\sstyle=|\son\w+=|http-equiv|@import|url\(", page)


@pytest.mark.parametrize("path", [path for path in PATHS if "{token}" in path])
def test_r3_no_token_is_in_any_line_of_the_log(ask: Asked, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    secrets = [ask.token, "0123456789ab", ask.token.upper()]
    for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS"):
        for token in secrets:
            ask(method, path.replace("{token}", token))
            ask(method, path.replace("{token}", token) + "?lang=%ff", Origin="https://evil.example.org")
    out = "".join(capfd.readouterr())
    assert not [token for token in secrets if token in out]


@pytest.mark.parametrize("path", [path for path in GOT if "{token}" in path])
def test_a_token_is_read_as_people_write_it(ask: Asked, path: str) -> None:
    token = ask.token
    while not set("01") & set(token):
        token = ask.site.invite()
    groups = f"{token[:4]}-{token[4:8]}-{token[8:]}"
    written = [token.upper(), groups, groups.upper(), groups.replace("-", "%20"), token.replace("0", "O")]
    written += [token.replace("1", "l"), token.replace("1", "I"), token.upper().replace("0", "o")]
    for one in written:
        assert ask("GET", path.replace("{token}", one)).status_code == 303, one


def test_r3_a_fault_of_ours_is_a_kind_page_and_its_words_are_not_in_the_log(
    ask: Asked, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> str:
        raise ValueError(f"about {ask.token} of +16135550142")

    monkeypatch.setattr(Keyring, "token_hash", broken)
    answer = ask("GET", "/s/{token}")
    assert answer.status_code == 500
    for part in ("Nothing was lost", "Rien n’est perdu"):
        assert part in answer.text
    assert "Content-Security-Policy" in answer.headers
    out = "".join(capfd.readouterr())
    assert "a page failed" in out
    assert "ValueError" in out
    assert ask.token not in out
    assert "6135550142" not in out


def test_r10_what_goes_wrong_is_said_first_in_the_language_of_whoever_asks(
    ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first(answer: requests.Response) -> tuple[str, int]:
        page, section = re.findall(r'<(?:html|section) [^>]*lang="(\w\w)"', answer.text)[:2]
        assert page == section
        return page, answer.status_code

    french = {"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.5"}
    for query, headers, language in (("", french, "fr"), ("?lang=fr", {}, "fr"), ("?lang=en", french, "en")):
        assert first(ask("GET", f"/nowhere{query}", **headers)) == (language, 404)
        assert first(ask("PUT", f"/{query}", **headers)) == (language, 405)
        foreign = {"Origin": "https://evil.example.org", **headers}
        assert first(ask("POST", f"/was-it-you{query}", **foreign)) == (language, 403)
        for _ in range(20):
            ask("GET", "/s/none")
        assert first(ask("GET", f"/s/none{query}", **headers)) == (language, 429)
        with monkeypatch.context() as broken:
            broken.setattr(Keyring, "token_hash", lambda *_: 1 / 0)
            assert first(ask("GET", f"/s/none{query}", **headers)) == (language, 500)


@pytest.mark.parametrize("path", POSTED)
def test_what_was_posted_is_on_the_page_that_says_of_a_fault(
    ask: Asked, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Keyring, "token_hash", lambda *_: 1 / 0)
    monkeypatch.setattr(Keyring, "code_hash", lambda *_: 1 / 0)
    answer = ask("POST", path)
    assert answer.status_code == 500
    assert '<input type="hidden" name="code" value="7K3M9X">' in answer.text
    assert "Nothing was lost" not in answer.text


@pytest.mark.parametrize("path", GOT)
def test_a_slash_at_the_end_is_forgiven_and_leads_to_no_other_host(ask: Asked, path: str) -> None:
    """Some programs add one to links, and people to addresses that they were told. Where a proxy does not pass the
    host on, or speaks https before us, an address that we make of both is a wrong one, with a token in it."""
    written = path.replace("{token}", ask.token)
    for method in ("GET", "HEAD"):
        answers = [
            ask(method, f"{one}?lang=fr", Host="internal.example.org:8000")
            for one in (written, f"{written.rstrip('/')}/")
        ]
        assert [answer.status_code for answer in answers] == [answers[0].status_code] * 2
        assert answers[0].headers.get("Location") == answers[1].headers.get("Location")
        assert not answers[1].headers.get("Location", "/").startswith(("http", "//"))


def test_a_slash_at_the_end_makes_no_other_host_of_an_address(ask: Asked) -> None:
    for path in ("//evil.example.org/", "//evil.example.org//s/", "/nowhere/", "/twilio/inbound/", "/static/"):
        for method in ("GET", "POST"):
            answer = ask(method, path)
            assert answer.status_code in {404, 405}, path
            assert "Location" not in answer.headers


@pytest.mark.parametrize("ending", [",", ".", ")", "),", ").", ";", ":", "!", "?", "'", '"', "”", "»", "…", ">", "%20"])
def test_a_link_that_a_phone_took_with_the_sign_behind_it_is_the_link(ask: Asked, ending: str) -> None:
    written = ending.replace("?", "%3F")
    answer = ask("GET", "/s/" + ask.token + written)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/s/{ask.token}?step=1&lang=en")
    assert ask("GET", f"/s/{ask.token}{written}?step=1").status_code == 200
    for path in ("/was-it-you", "/cetait-vous"):
        assert ask("GET", path + written).headers["Location"] == ask("GET", path).headers["Location"]
    assert ask("GET", "/s/nobody" + written).status_code == 404


def test_an_address_with_capitals_is_the_address(ask: Asked) -> None:
    for path in (f"/S/{ask.token}", f"/S/{ask.token.upper()}."):
        answer = ask("GET", path)
        assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (303, "noindex")
        assert answer.headers["Location"].startswith("/s/")
    assert ask("POST", f"/S/{ask.token}").status_code in {200, 303, 422}
    assert ask("GET", "/Was-It-You").status_code == 302
    for path in (
        "/Twilio/inbound",
        "/TWILIO/inbound.",
        "/twilio/inbound.",
        "/Healthz",
        "/Static/residents.css",
        "/static/.",
    ):
        assert ask("POST", path).status_code in {404, 405}, path


def test_guesses_with_capitals_or_a_sign_behind_them_are_counted_like_others(ask: Asked) -> None:
    guesses = [ask("GET", f"/{'sS'[number % 2]}/{number:012}{',.)'[number % 3]}") for number in range(21)]
    assert [answer.status_code for answer in guesses] == [404] * 20 + [429]
