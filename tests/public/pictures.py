"""Makes the pictures of docs/open-data-site.md again: `python -m tests.public.pictures [folder]`."""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from activities.prepare_open_data import Order, prepare
from cli.open_data_site import write_site
from database import migrate
from database.engine import connect
from insights.open_data.quarters import Quarter
from local.generated.open_quarters import MadeUp, demonstrating, demonstration_areas, last_quarters
from policy.agency import load_agency
from tests.conftest import AGENCIES
from tests.open_data.made_up import KEYRING
from tests.public.made_bundles import SECRET, published
from tests.servers import create_database, running_postgres
from tests.web.browsing import DESK, PHONE, chromium
from web.staff.open_data.bundles import Bundles

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
_LAST: Final = Quarter(2026, 3)
_NOW: Final = datetime(2026, 11, 26, tzinfo=UTC)
_COLOURS: Final = 16
_LOOKS: Final = (  # name, page, screen, theme, height
    ("portal-en", "en/2026-q3/question-q1.html", DESK, "light", 960),
    ("portal-phone-fr", "fr/2026-q3/division-west.html", PHONE, "dark", 960),
)


def main(folder: Path) -> None:
    with TemporaryDirectory() as place, running_postgres() as url:
        write_site(_bundles(url, Path(place)), Path(place) / "site", agency=AGENCIES / "ottawa", say=lambda _: None)
        with chromium() as browser:
            for name, address, screen, theme, height in _LOOKS:
                page = browser.new_page(viewport={**screen, "height": height}, color_scheme=theme)  # type: ignore[arg-type]
                page.goto(f"file://{place}/site/{address}")
                image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                few = image.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
                few.save(folder / f"{name}.png", optimize=True)
                page.close()


def _bundles(url: str, place: Path) -> Path:
    """Two years of a city as large as Ottawa."""
    agency = demonstrating(load_agency(AGENCIES / "ottawa"), demonstration_areas())
    engine = connect(create_database(url, "pictures"))
    try:
        migrate.upgrade(engine)
        for quarter in last_quarters(_LAST, 8):
            order = Order(quarter=quarter, now=_NOW)
            prepare(
                engine, agency, order, keyring=KEYRING, beat=lambda _: None, count=MadeUp(), new_secret=lambda: SECRET
            )
            bundle = Bundles(engine, agency.key).one(str(quarter), 1)
            assert bundle is not None
            published(engine, bundle, place / "bundles")
    finally:
        engine.dispose()
    return place / "bundles"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
