"""Makes the pictures of `docs/survey.md`, and the README's of the survey, again: `python -m tests.web.pictures`."""

import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from calls.contracts import Kind
from calls.facts import Language
from database import migrate
from database.encryption import load_keyring, new_key
from database.engine import connect
from tests.carrier.carrier_box import PHONE as NUMBER
from tests.carrier.carrier_box import SENDER, running_carrier, running_service
from tests.servers import create_database, running_postgres
from tests.web.browsing import PHONE, chromium
from tests.web.served import Residents, ottawa, residents_site
from tests.web.tour import tour
from texts.render import render
from texts.samples import sample_fields

_FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
_STATES: Final = ("start", "after-your-call", "the-officer", "comment", "comment-too-long", "thanks", "used", "urgent")


def text_on_a_phone(residents: Residents, page: Page) -> None:
    """The texts of one call, on the phone of the network in a box."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service() as service,
        running_carrier(service, Path(folder) / "phones.db") as carrier,
    ):
        for kind in (Kind.CONFIRMATION, Kind.SURVEY):
            fields = {**sample_fields(Language.ENGLISH), **residents.agency.fields(Language.ENGLISH)}
            body = render(residents.agency.wording, kind, Language.ENGLISH, fields).body
            carrier.client().messages.create(to=NUMBER, from_=SENDER, body=body)
        page.goto(f"{carrier.url}/phones/{NUMBER.removeprefix('+')}")
        page.locator("body").evaluate("body => window.scrollTo(0, body.scrollHeight)")
        picture(page, "text")


def picture(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(_FOLDER / f"survey-{name}.png"))


def main() -> None:
    keyring = load_keyring(encryption_keys=f"k1:{new_key()}", lookup_key=new_key())
    with running_postgres() as url:
        engine = connect(create_database(url, "pictures"))
        migrate.upgrade(engine)
        with residents_site(engine, keyring, ottawa()) as site, chromium() as browser:
            for language, scheme in (("en", "light"), ("fr", "dark")):
                page = browser.new_page(viewport=PHONE, color_scheme="light" if scheme == "light" else "dark")
                for state in tour(site, page, language):
                    if language == "en" and state in _STATES:
                        picture(page, state)
                    if language == "fr" and state in {"start", "after-your-call"}:
                        picture(page, f"{state}-fr")
                page.close()
            text_on_a_phone(site, browser.new_page(viewport=PHONE))
            first = browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
            next(tour(site, first, "en"))
            first.screenshot(path=str(_FOLDER / "survey.png"))
        engine.dispose()


if __name__ == "__main__":
    main()
