"""Makes the pictures of the console's documents again: `python -m tests.console.pictures [folder]`.

A small day in a database of its own (`small_day.py`), once in each language; every page at a desk in both, two on a
phone, one dark. Few colours are kept, so that all of them together stay under 2 MB.
"""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine

from calls.facts import Language
from database import migrate
from database.encryption import Keyring, load_keyring, new_key
from database.engine import connect
from policy.agency import Agency, load_agency
from tests.activities.desk import a_desk
from tests.conftest import AGENCIES
from tests.console.browsing import seat
from tests.console.pictures_of_figures import take_figures, take_issues
from tests.console.served import Served, console_site
from tests.console.small_day import NUMBER, OPTED_OUT, THE_CALL, SmallDay
from tests.console.some_issues import CLOCK
from tests.phones import Phones, running_phones
from tests.servers import create_database, running_postgres
from tests.web.browsing import DESK, chromium
from web.staff.access.roles import Role
from web.staff.console.words import words

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
MOST_BYTES: Final = 2_000_000
_COLOURS: Final = 96
_TALLEST: Final = 1600
_CALL: Final = f"/calls/ottawa-{THE_CALL}"
_PAGES: Final = {  # name: who looks, address
    "board": (Role.OPERATOR, "/calls"),
    "attention": (Role.OPERATOR, "/attention"),
    "call": (Role.OPERATOR, _CALL),
    "service": (Role.SUPERVISOR, "/service"),
    "stop": (Role.OPERATOR, "/service/stop?scope=everything"),
    "start": (Role.SUPERVISOR, "/service/start?scope=kind:survey"),
    "numbers": (Role.OPERATOR, "/numbers"),
    "texts": (Role.OPERATOR, "/texts"),
}
_PARTS: Final = {  # name: address, what of the page
    "why": (f"/calls/ottawa-{OPTED_OUT}", "#story li:has(.tag.warn)"),
    "actions": (_CALL, "section:has(> #actions)"),
}
_SETTLED: Final = {Language.ENGLISH: "Settled on the phone", Language.FRENCH: "Réglé au téléphone"}
_BESIDES: Final = (  # name, page, language, theme, screen
    ("board-phone", "board", "en", "light", "phone"),
    ("call-phone-fr", "call", "fr", "light", "phone"),
    ("board-dark", "board", "en", "dark", "desk"),
)


def keep(shot: bytes, path: Path) -> None:
    """With a palette, as small as it gets."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, _TALLEST)))
    few = image.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


class Pictures:
    """Of one site, in one language."""

    def __init__(self, browser: Browser, site: Served, language: Language, folder: Path) -> None:
        self._browser, self._site, self._language, self._folder = browser, site, language, folder

    def take(self) -> None:
        """Every page, then what is only seen on the way."""
        self._sign_in()
        for name, (role, address) in _PAGES.items():
            self._of(f"{name}-{self._language}", role, self._opened(address))
        self._of(f"find-{self._language}", Role.OPERATOR, self._found)
        for name, (address, part) in _PARTS.items():
            self._of(f"{name}-{self._language}", Role.OPERATOR, self._opened(address), part=part)
        for name, of, language, theme, screen in _BESIDES:
            if language == self._language:
                role, address = _PAGES[of]
                self._of(name, role, self._opened(address), theme=theme, screen=screen)

        self._somebody_works()
        self._of(f"audit-{self._language}", Role.SUPERVISOR, self._opened("/audit"))

    def _somebody_works(self) -> None:
        """So that there is something in the audit log."""
        operator, supervisor = self._site.staff(Role.OPERATOR), self._site.staff(Role.SUPERVISOR)
        operator.post("/find", wanted=NUMBER)
        operator.post(f"{_CALL}/hold", why=_SETTLED[self._language])
        operator.post(f"{_CALL}/release", why=_SETTLED[self._language])
        operator.get("/audit")
        supervisor.get("/numbers/blocked")
        supervisor.post("/service/start/kind:survey", why=_SETTLED[self._language])

    def _of(
        self, name: str, role: Role, go: Callable[[Page], None], *, part: str = "", theme: str = "light",
        screen: str = "desk",
    ) -> None:  # fmt: skip
        with seat(self._browser, self._site, role, language=self._language, theme=theme, screen=screen) as page:
            go(page)
            page.wait_for_load_state("networkidle")
            shot = page.locator(part).first.screenshot() if part else page.screenshot(full_page=True)
            keep(shot, self._folder / f"console-{name}.png")

    def _opened(self, address: str) -> Callable[[Page], None]:
        def go(page: Page) -> None:
            page.goto(self._site.address + address)

        return go

    def _found(self, page: Page) -> None:
        page.goto(self._site.address + "/find")
        page.locator("#wanted").fill(NUMBER)
        page.get_by_role("main").get_by_role("button", name=words("find", self._language)["search"]).click()

    def _sign_in(self) -> None:
        page = self._browser.new_page(viewport=DESK, locale=f"{self._language}-CA")
        page.goto(self._site.address + "/sign-in")
        keep(page.screenshot(), self._folder / f"console-sign-in-{self._language}.png")
        page.close()


@contextmanager
def a_day(engine: Engine, keyring: Keyring, agency: Agency, phones: Phones, language: Language) -> Iterator[Served]:
    """The console of that day, at twenty to three."""
    day = SmallDay(a_desk(engine, keyring, agency, phones), language)
    day.passes()
    with console_site(engine, keyring, agency, clock=day.clock) as site:
        yield site


def _figures(browser: Browser, url: str, keyring: Keyring, agency: Agency, language: Language, folder: Path) -> None:
    def kept(shot: bytes, name: str) -> None:
        keep(shot, folder / f"console-{name}.png")

    engines = [connect(create_database(url, f"{of}_{language}")) for of in ("figures", "issues")]
    for engine in engines:
        migrate.upgrade(engine)
    take_figures(browser, engines[0], keyring, agency, language, kept)
    with console_site(engines[1], keyring, agency, clock=CLOCK) as site:
        take_issues(browser, site, language, kept)
    for engine in engines:
        engine.dispose()


def main(folder: Path) -> None:
    keyring = load_keyring(encryption_keys=f"k1:{new_key()}", lookup_key=new_key())
    ottawa = load_agency(AGENCIES / "ottawa")
    with running_postgres() as url, running_phones(sender=ottawa.identity.sender) as phones, chromium() as browser:
        for language in Language:
            engine = connect(create_database(url, f"pictures_{language}"))
            migrate.upgrade(engine)
            with a_day(engine, keyring, ottawa, phones, language) as site:
                Pictures(browser, site, language, folder).take()
            engine.dispose()
            _figures(browser, url, keyring, ottawa, language, folder)
    size = sum(path.stat().st_size for path in folder.glob("console-*.png"))
    print(f"{size / 1e6:.2f} MB in all")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
