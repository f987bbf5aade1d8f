"""The whole way in and out at a real provider of OpenID Connect, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from database.encryption import Keyring
from local.ports import free_port
from policy.agency import Agency
from tests.console.browsing import SCREENS
from tests.console.provider import NOBODY, PASSWORD, RunningProvider, running_provider
from tests.console.served import Served, console_site
from tests.web.browsing import DESK, assert_fits, chromium
from web.staff.access.roles import Role


@pytest.fixture(scope="module")
def port() -> int:
    """The console's, which the provider must know. Drawn here and not when the file is read: minutes later it would be
    spoken for no longer, and the provider itself was once given the same."""
    return free_port()


@pytest.fixture(scope="module")
def provider(port: int) -> Iterator[RunningProvider]:
    with running_provider(console=f"http://127.0.0.1:{port}") as provider:
        yield provider


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency, provider: RunningProvider, port: int) -> Iterator[Served]:
    with console_site(engine, keyring, ottawa, local_password="", oidc=provider.setup, port=port) as site:
        yield site


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=DESK, locale="en-CA")
    yield context.new_page()
    context.close()


def sign_in(page: Page, site: Served, account: str, *, path: str = "/audit", press: str = "Authorize") -> None:
    """As people do: from the page that they want, by the provider's own pages, and back."""
    page.goto(site.address + path)
    page.get_by_role("link", name="Sign in with Example Police").click()
    if page.get_by_label("Username").count():
        page.get_by_label("Username").fill(account)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name=press).click()


def test_a_supervisor_signs_in_at_the_provider_and_comes_to_the_page_that_was_wanted(page: Page, site: Served) -> None:
    sign_in(page, site, Role.SUPERVISOR, path="/audit?act=sign_in")
    expect(page).to_have_url(site.address + "/audit?act=sign_in")
    expect(page.get_by_text("Supervisor Example").first).to_be_visible()
    [entry] = [entry for entry in site.audit() if entry.act == "sign_in"]
    assert (entry.name, entry.roles, entry.outcome) == ("Supervisor Example", ["supervisor"], "allowed")
    assert re.fullmatch(r"oidc:\d+", entry.subject)


def test_an_operator_signs_in_and_sees_what_operators_may(page: Page, site: Served) -> None:
    sign_in(page, site, Role.OPERATOR)
    expect(page.get_by_role("heading", name="Not with your role")).to_be_visible()
    expect(page.get_by_text("Operator Example")).to_be_visible()
    assert [(entry.act, entry.outcome) for entry in site.audit()] == [("sign_in", "allowed"), ("see_audit", "refused")]


def test_whoever_signs_out_is_out_at_the_provider_too(page: Page, site: Served, provider: RunningProvider) -> None:
    sign_in(page, site, Role.SUPERVISOR)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(re.escape(provider.issuer) + "/logout/"))
    page.get_by_role("button", name="Logout").or_(page.locator("[name=allow]")).first.click()
    expect(page).to_have_url(re.compile(re.escape(site.address) + "/sign-in"))
    page.get_by_role("link", name="Sign in with Example Police").click()
    expect(page.get_by_label("Password")).to_be_visible()
    assert [entry.act for entry in site.audit()][-1] == "sign_out"


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(("language", "said"), [("en", "No role here yet"), ("fr", "Pas encore de rôle ici")])
def test_somebody_without_a_role_is_told_so_kindly(
    browser: Browser, site: Served, language: str, said: str, screen: str
) -> None:
    context = browser.new_context(viewport=SCREENS[screen], locale=f"{language}-CA")
    page = context.new_page()
    page.goto(site.address + "/")
    page.locator("a.button").click()
    page.get_by_label("Username").fill(NOBODY)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_role("heading", name=said)).to_be_visible()
    assert_fits(page)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert "console_session" not in {cookie["name"] for cookie in context.cookies()}
    [entry] = site.audit()
    assert (entry.name, entry.outcome, entry.roles) == ("Visitor Example", "refused", [])
    page.goto(site.address + "/audit")
    expect(page).to_have_url(re.compile("/sign-in"))
    context.close()


def test_somebody_who_cancels_at_the_provider_can_begin_again(page: Page, site: Served) -> None:
    sign_in(page, site, Role.SUPERVISOR, press="Cancel")
    expect(page.get_by_role("heading", name="The sign-in was not completed")).to_be_visible()
    page.get_by_role("link", name="To the sign-in page").click()
    page.get_by_role("link", name="Sign in with Example Police").click()
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_text("Supervisor Example")).to_be_visible()


def test_an_answer_of_the_provider_is_worth_nothing_a_second_time(page: Page, site: Served) -> None:
    """The provider's own code, state and the browser's own cookie: replayed, they open nothing."""
    kept: list[tuple[str, str]] = []
    page.on(
        "request",
        lambda request: (
            kept.append((request.url, request.all_headers().get("cookie", ""))) if "/callback?" in request.url else None
        ),
    )
    sign_in(page, site, Role.SUPERVISOR)
    expect(page.get_by_text("Supervisor Example").first).to_be_visible()
    [(address, cookie)] = kept
    assert "console_sign_in=" in cookie
    thief = site.staff()
    answer = thief.get(address.removeprefix(site.address), headers={"Cookie": cookie})
    assert answer.status_code == 403
    assert thief.get("/audit").status_code == 303
