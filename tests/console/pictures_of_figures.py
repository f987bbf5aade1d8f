"""The pictures of what residents say, and of what it tells the service: of a generated quarter, and of a made-up city.

Part of `python -m tests.console.pictures`, which see.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from playwright.sync_api import Browser
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from calls.clock import Clock
from calls.facts import Language
from database.encryption import Keyring
from database.issues import EmergingIssueRow
from database.tables import real_now
from policy.agency import Agency
from tests.builders import NOON
from tests.console import some_issues
from tests.console.browsing import seat
from tests.console.served import Served, console_site
from tests.console.test_comments import town_of, wrote
from tests.insights.quarter import fill
from web.staff.access.roles import Role

Keep = Callable[[bytes, str], None]
_AFTER_THE_QUARTER: Final = Clock(real_origin=real_now(), virtual_origin=datetime(2026, 9, 28, 14, tzinfo=UTC))
_OF_THE_QUARTER: Final[Mapping[str, tuple[Role, str]]] = {
    "insights": (Role.ANALYST, "/insights"),
    "report": (Role.SUPERVISOR, "/report/2026-08"),
}
_WRITTEN: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "Somebody is hurting him again tonight",
        "Thank you, the officer listened.",
        "The noise goes on every night.",
    ),
    "fr": ("Quelqu’un lui fait du mal encore ce soir", "Merci, l’agente a écouté.", "Le bruit continue chaque nuit."),
}


def take_figures(
    browser: Browser, engine: Engine, keyring: Keyring, agency: Agency, language: Language, keep: Keep
) -> None:
    """The quarter's pages, issues and comments, in one language."""
    fill(engine, agency, scale=0.35)
    with console_site(engine, keyring, agency, clock=_AFTER_THE_QUARTER) as site:
        for name, (role, address) in _OF_THE_QUARTER.items():
            keep(_shot(browser, site, role, address, language), f"{name}-{language}")
        wrote(site, *_WRITTEN[language])
        town_of(site).night(NOON)
        keep(_shot(browser, site, Role.REVIEWER, "/comments", language), f"comments-{language}")


def take_issues(browser: Browser, site: Served, language: Language, keep: Keep) -> None:
    """Of a city that was looked at by the night."""
    some_issues.a_city(site)
    with Session(site.engine) as session:
        graffiti = session.exec(
            select(EmergingIssueRow.id)
            .where(col(EmergingIssueRow.area) == "Somerset")
            .order_by(col(EmergingIssueRow.p))
        ).first()
    keep(_shot(browser, site, Role.SUPERVISOR, f"/issues/{graffiti}", language), f"issue-{language}")


def _shot(browser: Browser, site: Served, role: Role, address: str, language: Language) -> bytes:
    with seat(browser, site, role, language=language, theme="light", screen="desk") as page:
        page.goto(site.address + address)
        page.wait_for_load_state("networkidle")
        return page.screenshot(full_page=True)
