"""Makes the picture of the board in `docs/console.md` again: `python -m tests.console.board_picture [folder]`."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from calls.contracts import Kind, LedgerState
from database import migrate
from database.encryption import load_keyring, new_key
from database.engine import connect
from database.tables import real_now
from policy.agency import load_agency
from tests.conftest import AGENCIES
from tests.console.board_calls import Desk
from tests.console.browsing import seat
from tests.console.served import console_site
from tests.servers import create_database, running_postgres
from tests.web.browsing import chromium
from web.staff.access.roles import Role
from web.staff.switches import Switches

_FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
_SHOWN: Final = (("board", "en", "light", "desk"),)
_MORE: Final = (
    ("board-fr-dark", "fr", "dark", "desk"),
    ("board-phone", "en", "light", "phone"),
    ("board-phone-fr-dark", "fr", "dark", "phone"),
)


def an_evening(desk: Desk, engine: Engine) -> None:
    """A dozen calls in all stages, and three troubles."""
    for number in range(1, 13):
        cad_id, ago = str(104200 + number), number * 9 + 4
        group = ("noise", "theft", "damage")[number % 3]
        call = desk.call(
            cad_id, minutes_ago=ago, area=("Kanata", "Orléans", "Barrhaven", "Vanier")[number % 4],
            call_type_group=group, call_type_code={"noise": "NOISE", "theft": "THEFT", "damage": "MISCHIEF"}[group],
            language=("en", "fr")[number % 2],
        )  # fmt: skip
        if number == 1:
            continue
        at = real_now() - timedelta(minutes=ago - 3)
        desk.text(call, Kind.CONFIRMATION, updated_real=at)
        if number == 7:
            desk.text(call, Kind.DELAY, LedgerState.UNDELIVERED, error_code=30003)
        if number == 8:
            long_ago = real_now() - timedelta(hours=2)
            desk.text(call, Kind.DELAY, LedgerState.UNKNOWN, first_sending_real=long_ago)
        if number in {3, 5, 9}:
            desk.tell(cad_id, dispatched_at=ago - 12)
        if number == 9:
            desk.tell(cad_id, cleared_at=3, disposition="RTF", outcome="ordinary")
    desk.call("104299", call_type_code="ZOMBIES", call_type_group="")


def main(folder: Path, *, all_of_them: bool) -> None:
    keyring, ottawa = (
        load_keyring(encryption_keys=f"k1:{new_key()}", lookup_key=new_key()),
        load_agency(AGENCIES / "ottawa"),
    )
    with running_postgres() as url:
        engine = connect(create_database(url, "pictures"))
        migrate.upgrade(engine)
        an_evening(Desk(engine, keyring, ottawa), engine)
        Switches(engine=engine, keyring=keyring).stop("call:ottawa-104206", by="Demo", why="the caller asked for it")
        with console_site(engine, keyring, ottawa) as site, chromium() as browser:
            for name, language, theme, screen in (*_SHOWN, *(_MORE if all_of_them else ())):
                with seat(browser, site, Role.OPERATOR, language=language, theme=theme, screen=screen) as page:
                    page.goto(site.address + "/calls")
                    page.screenshot(path=str(folder / f"console-{name}.png"), full_page=True)
        engine.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _FOLDER, all_of_them=len(sys.argv) > 1)
