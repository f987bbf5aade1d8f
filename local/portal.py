"""The public pages of a box: three made-up quarters, of which the newest waits for somebody at the console.

`python -m local.portal 8014`, started by the box.
"""

import sys
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Final

from sqlalchemy import Engine

from activities.prepare_open_data import Order, newest_due, prepare
from database.encryption import Keyring, keyring_of
from database.engine import connect
from database.open_data import BundleState
from insights.open_data.quarters import Quarter
from local.generated.open_quarters import MadeUp, demonstrating, demonstration_areas, last_quarters
from local.ports import LOOPBACK
from logs import configure_logging
from policy.agency import Agency, load_agency
from settings import Settings, load_settings
from web.public.app import create_portal_app
from web.serving.listening import listen
from web.staff.open_data.bundles import Bundle, Bundles
from web.staff.open_data.publishing import publish

_QUARTERS: Final = 3
_BY: Final = "Demonstration"


def main() -> None:
    settings = load_settings()
    configure_logging(service="portal", format_=settings.log_format)
    port = int(sys.argv[1])
    root = settings.open_data
    assert root is not None  # noqa: S101 - the box says it
    agency = load_agency(settings.agency)
    Thread(target=_make_up, args=(settings, agency, root), daemon=True).start()
    listen(create_portal_app(bundles=root, agency=agency), host=LOOPBACK, port=port)


def _make_up(settings: Settings, agency: Agency, root: Path) -> None:
    """Beside serving: it takes some seconds, and nothing else waits for it."""
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        told = demonstrating(agency, demonstration_areas())
        made_up_quarters(engine, told, root=root, now=settings.clock.now(), keyring=keyring_of(settings))
    finally:
        engine.dispose()


def made_up_quarters(engine: Engine, agency: Agency, *, root: Path, now: datetime, keyring: Keyring) -> None:
    """The last three quarters, prepared as the service does it; the first two published. What is there already stays,
    and what was decided about it."""
    bundles = Bundles(engine, agency.key)
    quarters = last_quarters(newest_due(agency, now), _QUARTERS)
    for quarter in quarters:
        bundle = bundles.one(str(quarter), 1) or _prepared(engine, agency, quarter, now=now, keyring=keyring)
        if quarter != quarters[-1] and bundle.state in (BundleState.PREPARED, BundleState.APPROVED):
            if bundle.state is BundleState.PREPARED:
                bundles.approve(bundle, by=_BY, why="Made up: nobody is in it.")
            publish(engine, bundle, root=root, by=_BY)


def _prepared(engine: Engine, agency: Agency, quarter: Quarter, *, now: datetime, keyring: Keyring) -> Bundle:
    order = Order(quarter=quarter, now=now, by=_BY)
    prepare(engine, agency, order, keyring=keyring, beat=lambda _: None, count=MadeUp())
    bundle = Bundles(engine, agency.key).one(str(quarter), 1)
    assert bundle is not None  # noqa: S101 - it was prepared
    return bundle


if __name__ == "__main__":
    main()
