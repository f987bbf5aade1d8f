"""Sign-in by OpenID Connect against a provider that lies, stumbles and is away: nobody comes in who should not."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from cli.doctor.sign_in import sign_in
from cli.finding import Finding
from database.encryption import Keyring
from database.staff import StaffSessionRow
from policy.agency import Agency
from settings import Settings, SettingsError
from tests.console.forged_provider import Forged, forged_provider, new_key
from tests.console.served import Served, Staff, console_site
from web.staff.access import oidc as oidc_module
from web.staff.access import oidc_provider
from web.staff.access.oidc_setup import oidc_setup_of
from web.staff.access.roles import Role


@pytest.fixture
def forged() -> Iterator[Forged]:
    with forged_provider() as forged:
        yield forged


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency, forged: Forged) -> Iterator[Served]:
    with console_site(engine, keyring, ottawa, local_password="", oidc=forged.setup) as site:
        yield site


def begin(staff: Staff, back: str = "/audit") -> dict[str, str]:
    """To the provider's door; what we have told it."""
    answer = staff.get("/sign-in/oidc", params={"back": back})
    assert answer.status_code == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def come_back(staff: Staff, **answer: str) -> requests.Response:
    return staff.get("/sign-in/oidc/callback", params={"code": "fictional-code", **answer})


def sessions(site: Served) -> int:
    with Session(site.engine) as session:
        return session.exec(select(func.count()).select_from(StaffSessionRow)).one()


def assert_refused(site: Served, staff: Staff, answer: requests.Response, *, status: int = 403) -> None:
    assert answer.status_code == status, answer.text
    assert "console_session" not in answer.headers.get("Set-Cookie", "")
    assert sessions(site) == 0
    assert staff.get("/audit").status_code == 303


def test_an_honest_id_token_opens_a_session_and_leads_to_the_page_that_was_asked_for(
    site: Served, forged: Forged
) -> None:
    staff = site.staff()
    told = begin(staff)
    assert (told["response_type"], told["code_challenge_method"]) == ("code", "S256")
    forged.id_token = forged.signed(forged.claims(told["nonce"]))
    answer = come_back(staff, state=told["state"])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/audit")
    assert "Ada Example" in staff.get("/audit").text
    [entry] = [entry for entry in site.audit() if entry.act == "sign_in"]
    assert (entry.subject, entry.name, entry.roles, entry.outcome) == (
        "oidc:4711",
        "Ada Example",
        ["supervisor"],
        "allowed",
    )
    [request] = forged.token_requests
    assert request["code_verifier"] != [told["code_challenge"]]


Token = Callable[[Forged, str], str]

LIES: dict[str, Token] = {
    "a nonce of another sign-in": lambda forged, _: forged.signed(forged.claims("another")),
    "no nonce": lambda forged, nonce: forged.signed(forged.claims(nonce, nonce=None)),
    "a token for another client": lambda forged, nonce: forged.signed(forged.claims(nonce, aud="another")),
    "a token for several, made for another": lambda forged, nonce: forged.signed(
        forged.claims(nonce, aud=["the-console", "another"], azp="another")
    ),
    "a token for another, asked for by us": lambda forged, nonce: forged.signed(
        forged.claims(nonce, aud="another", azp="the-console")
    ),
    "a token for nobody": lambda forged, nonce: forged.signed(forged.claims(nonce, aud=None)),
    "another issuer": lambda forged, nonce: forged.signed(forged.claims(nonce, iss="https://example.org")),
    "an expired token": lambda forged, nonce: forged.signed(forged.claims(nonce, exp=int(time.time()) - 120)),
    "a token without an end": lambda forged, nonce: forged.signed(forged.claims(nonce, exp=None)),
    "a token of tomorrow": lambda forged, nonce: forged.signed(forged.claims(nonce, iat=int(time.time()) + 86400)),
    "nobody": lambda forged, nonce: forged.signed(forged.claims(nonce, sub=None)),
    "an empty subject": lambda forged, nonce: forged.signed(forged.claims(nonce, sub="")),
    "no signature": lambda forged, nonce: forged.unsigned(forged.claims(nonce)),
    "our public key as a secret": lambda forged, nonce: forged.signed_with_the_public_key(forged.claims(nonce)),
    "a foreign key under a known name": lambda forged, nonce: forged.signed(forged.claims(nonce), key=new_key("first")),
    "a key that nobody publishes": lambda forged, nonce: forged.signed(forged.claims(nonce), key=new_key("unknown")),
    "a token that was changed": lambda forged, nonce: forged.signed(forged.claims(nonce))[:-4] + "AAAA",
    "another access token's hash": lambda forged, nonce: forged.signed(forged.claims(nonce, at_hash="x" * 22)),
    "no token": lambda *_: "x.y.z",
}


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_is_not_to_be_believed_opens_nothing(site: Served, forged: Forged, lie: str) -> None:
    staff = site.staff()
    told = begin(staff)
    forged.id_token = LIES[lie](forged, told["nonce"])
    assert_refused(site, staff, come_back(staff, state=told["state"]))
    assert not site.audit()


def test_a_code_that_another_browser_was_given_signs_nobody_in(site: Served, forged: Forged) -> None:
    """Login CSRF: the attacker's own answer, brought to somebody else's browser."""
    attacker, victim, busy = site.staff(), site.staff(), site.staff()
    told = begin(attacker)
    forged.id_token = forged.signed(forged.claims(told["nonce"]))
    assert_refused(site, victim, come_back(victim, state=told["state"]))
    begin(busy)
    assert_refused(site, busy, come_back(busy, state=told["state"]))
    assert forged.token_requests == []


def test_an_answer_counts_once(site: Served, forged: Forged) -> None:
    staff = site.staff()
    told = begin(staff)
    forged.id_token = forged.unsigned(forged.claims(told["nonce"]))
    assert come_back(staff, state=told["state"]).status_code == 403
    forged.id_token = forged.signed(forged.claims(told["nonce"]))
    assert_refused(site, staff, come_back(staff, state=told["state"]))


def test_what_a_sign_in_remembers_is_for_ten_minutes_and_cannot_be_written_by_others(
    site: Served, forged: Forged, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = site.staff()
    told = begin(staff)
    cookie = staff.http.cookies["console_sign_in"] or ""
    assert told["state"] not in cookie
    staff.http.cookies.set("console_sign_in", cookie[:-6] + "AAAAAA", path="/sign-in/oidc", domain="127.0.0.1")
    forged.id_token = forged.signed(forged.claims(told["nonce"]))
    assert_refused(site, staff, come_back(staff, state=told["state"]))
    monkeypatch.setattr(oidc_module, "LONGEST_SECONDS", -1)
    told = begin(staff)
    forged.id_token = forged.signed(forged.claims(told["nonce"]))
    assert_refused(site, staff, come_back(staff, state=told["state"]))


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org", "/\\example.org", "/audit\r\nX: y"])
def test_nobody_is_led_to_another_site_by_a_sign_in(site: Served, forged: Forged, back: str) -> None:
    staff = site.staff()
    told = begin(staff, back)
    forged.id_token = forged.signed(forged.claims(told["nonce"]))
    assert come_back(staff, state=told["state"]).headers["Location"] == "/"


@pytest.mark.parametrize("roles", [None, [], ["parking"], {"supervisor": True}, [["supervisor"]], "Supervisor"])
def test_somebody_without_a_role_is_told_so_and_gets_no_session(site: Served, forged: Forged, roles: object) -> None:
    staff = site.staff()
    told = begin(staff)
    forged.id_token = forged.signed(forged.claims(told["nonce"], roles=roles))
    answer = come_back(staff, state=told["state"])
    assert "your account has no role in this console" in answer.text
    assert_refused(site, staff, answer)
    [entry] = site.audit()
    assert (entry.subject, entry.act, entry.outcome, entry.roles) == ("oidc:4711", "sign_in", "refused", [])


@pytest.mark.parametrize("error", ["access_denied", "server_error", "<script>alert(1)</script>"])
def test_a_provider_that_says_no_is_a_kind_page_in_both_languages(site: Served, error: str) -> None:
    staff = site.staff()
    for language, words in (("en", "The sign-in was not completed"), ("fr", "L’ouverture de session n’a pas abouti")):
        told = begin(staff)
        answer = staff.get(
            "/sign-in/oidc/callback",
            params={"error": error, "error_description": "<b>call us</b>", "state": told["state"]},
            headers={"Accept-Language": language},
        )
        assert words in answer.text
        assert not [part for part in ("call us", "alert(", "access_denied") if part in answer.text]
        assert_refused(site, staff, answer)


def test_an_answer_in_another_issuers_name_is_refused_before_the_code_is_spent(site: Served, forged: Forged) -> None:
    staff = site.staff()
    told = begin(staff)
    assert_refused(site, staff, come_back(staff, state=told["state"], iss="https://example.org"))
    assert forged.token_requests == []


def test_a_code_that_the_provider_does_not_take_opens_nothing(site: Served, forged: Forged) -> None:
    staff = site.staff()
    told = begin(staff)
    forged.token_status = 400
    assert_refused(site, staff, come_back(staff, state=told["state"]))


@pytest.mark.parametrize(
    "trouble",
    [
        {"token_status": 500},
        {"delay_seconds": 1.0},
    ],
)
def test_a_provider_that_goes_away_meanwhile_is_said_kindly_and_soon(
    site: Served, forged: Forged, trouble: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_provider, "_TIMEOUT", (0.3, 0.3))
    staff = site.staff()
    told = begin(staff)
    for name, value in trouble.items():
        setattr(forged, name, value)
    answer = come_back(staff, state=told["state"])
    assert "The sign-in service does not answer" in answer.text
    assert_refused(site, staff, answer, status=503)


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://example.org"},
        {"token_endpoint": "http://example.org/token"},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_is_another_or_not_safe_is_not_asked_at_all(
    site: Served, forged: Forged, said: dict[str, str | None]
) -> None:
    forged.discovery = dict(said)
    assert site.staff().get("/sign-in/oidc").status_code == 503


def test_a_provider_that_hangs_makes_many_wait_no_longer_than_one(
    site: Served, forged: Forged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the threads of those who are signed in would be gone with it."""
    monkeypatch.setattr(oidc_provider, "_TIMEOUT", (0.5, 0.5))
    forged.delay_seconds = 3.0
    began = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: site.staff().get("/sign-in/oidc").status_code, range(12)))
    assert answers == [503] * 12
    assert time.monotonic() - began < 3.0
    assert len(forged.asked) == 1


def test_a_provider_that_was_away_is_asked_again_and_meanwhile_the_old_answer_counts(
    site: Served, forged: Forged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_provider, "_ASK_AGAIN_SECONDS", 0.0)
    forged.discovery = {"jwks_uri": None}
    assert site.staff().get("/sign-in/oidc").status_code == 503
    forged.discovery = {}
    monkeypatch.setattr(oidc_provider, "_KEPT_SECONDS", 0.0)
    assert site.staff().get("/sign-in/oidc").status_code == 303
    forged.discovery = {"jwks_uri": None}
    assert site.staff().get("/sign-in/oidc").status_code == 303


def test_keys_are_kept_and_asked_for_anew_when_the_provider_has_changed_them(site: Served, forged: Forged) -> None:
    for key in (forged.key, forged.key, new_key("second"), new_key("third")):
        forged.key, forged.published = key, [key, new_key("to come")]
        staff = site.staff()
        told = begin(staff)
        forged.id_token = forged.signed(forged.claims(told["nonce"]))
        assert come_back(staff, state=told["state"]).status_code == 303, key.kid
    assert forged.asked.count("/keys") == 3
    assert forged.asked.count("/.well-known/openid-configuration") == 1


def test_a_new_sign_in_ends_the_session_that_this_browser_had(site: Served, forged: Forged) -> None:
    staff = site.staff()
    for _ in range(2):
        told = begin(staff)
        forged.id_token = forged.signed(forged.claims(told["nonce"]))
        come_back(staff, state=told["state"])
    assert sessions(site) == 1


def test_where_staff_sign_in_at_a_provider_there_is_no_form_for_a_password(site: Served) -> None:
    page = site.staff().get("/sign-in").text
    assert 'type="password"' not in page
    assert "Sign in with your work account" in page
    assert site.staff().sign_in(Role.SUPERVISOR, "").status_code == 404


def test_without_a_provider_there_is_no_way_to_it(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    with console_site(engine, keyring, ottawa) as site:
        for path in ("/sign-in/oidc", "/sign-in/oidc/callback?code=x&state=y"):
            assert site.staff().get(path).status_code == 404
        assert "/sign-in/oidc" not in site.staff().get("/sign-in").text


def settings(**changes: str) -> Settings:
    return Settings.model_validate({f"COMMUNITYCONNECT_{name.upper()}": value for name, value in changes.items()})


class TestSettings:
    def test_groups_become_roles_wherever_the_provider_has_them(self) -> None:
        setup = oidc_setup_of(
            settings(
                oidc_issuer="https://id.example.org",
                oidc_client_id="console",
                oidc_roles_claim="realm_access.roles",
                oidc_roles="operator:/dispatch/desk, supervisor:leads,analyst:leads",
            )
        )
        assert setup is not None
        groups = {"realm_access": {"roles": ["/dispatch/desk", "operator"]}}
        assert setup.roles_of(groups) == {Role.OPERATOR}
        assert setup.roles_of({"realm_access.roles": "leads"}) == {Role.SUPERVISOR, Role.ANALYST}
        assert setup.roles_of({"realm_access": ["leads"]}) == frozenset()

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"oidc_issuer": "http://id.example.org"}, "https://"),
            ({"oidc_client_id": ""}, "CLIENT_ID is not set"),
            ({"oidc_roles": "boss:group"}, "the roles are operator"),
            ({"oidc_roles": "operator"}, "write role:group"),
        ],
    )
    def test_a_setting_that_cannot_be_used_is_said(self, changes: dict[str, str], said: str) -> None:
        with pytest.raises(SettingsError, match=said):
            oidc_setup_of(settings(**{"oidc_issuer": "https://id.example.org", "oidc_client_id": "console", **changes}))


def finding_of(**changes: str) -> Finding:
    return sign_in(settings(**changes))


class TestDoctor:
    def test_a_provider_that_answers_is_well(self, forged: Forged) -> None:
        finding = finding_of(oidc_issuer=forged.issuer, oidc_client_id="console")
        assert (finding.is_well, finding.detail) == (True, f"{forged.issuer} answers; we are console there")

    @pytest.mark.parametrize(
        ("changes", "detail"),
        [
            ({}, "nobody can sign in"),
            ({"oidc_issuer": "http://id.example.org", "oidc_client_id": "x"}, "https://"),
            ({"oidc_issuer": "https://id.example.org"}, "CLIENT_ID is not set"),
            ({"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "x"}, "does not answer as one"),
        ],
    )
    def test_what_keeps_staff_out_or_lets_others_in_is_named_with_its_mend(
        self, changes: dict[str, str], detail: str
    ) -> None:
        finding = finding_of(**changes)
        assert detail in finding.detail
        assert finding.mend

    def test_an_issuer_that_calls_itself_otherwise_is_named(self, forged: Forged) -> None:
        forged.discovery = {"issuer": forged.issuer + "/"}
        finding = finding_of(oidc_issuer=forged.issuer, oidc_client_id="console")
        assert f"it says that it is {forged.issuer}/" in finding.detail

    def test_a_console_that_is_not_https_is_named(self, forged: Forged) -> None:
        origin = "http://console.example.org"
        finding = finding_of(oidc_issuer=forged.issuer, oidc_client_id="console", console_origin=origin)
        assert "not https" in finding.detail
