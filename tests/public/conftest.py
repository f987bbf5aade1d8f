from pathlib import Path

import pytest
from sqlalchemy import Engine

from cli.open_data_site import write_site
from database.engine import connect
from insights.open_data.quarters import Quarter
from local.generated.open_quarters import demonstration_areas, last_quarters
from policy.agency import Agency
from policy.open_data import Areas, Level, Place
from survey.questions import Localized
from tests.conftest import AGENCIES
from tests.public.made_bundles import prepared, published
from tests.public.portal import SECRET_WARD, Portal
from tests.servers import create_database, drop_database
from web.staff.open_data.bundles import Bundle, Bundles
from web.staff.open_data.publishing import path_of


def _lay_beside(engine: Engine, bundle: Bundle, root: Path) -> None:
    place = root / path_of(bundle.agency, bundle.period, bundle.version)
    place.mkdir(parents=True)
    for file in bundle.files:
        (place / file.name).write_bytes(Bundles(engine, bundle.agency).file(bundle, file.name) or b"")


@pytest.fixture(scope="session")
def portal(
    tmp_path_factory: pytest.TempPathFactory, ottawa: Agency, postgres_url: str, migrated_template: str
) -> Portal:
    """Three quarters of a few areas, the last one corrected; a fourth is prepared, and its files lie in the public
    folder, but nobody has published it."""
    folder = tmp_path_factory.mktemp("portal")
    root, areas, quarters = folder / "bundles", demonstration_areas(wards=4), last_quarters(Quarter(2026, 2), 3)
    secret = Place(id="99", level=Level.WARD, name=Localized(en=SECRET_WARD, fr=SECRET_WARD))
    engine = connect(create_database(postgres_url, "a_portal", template=migrated_template))
    try:
        for quarter in quarters:
            published(engine, prepared(engine, ottawa, quarter, areas), root)
        published(engine, prepared(engine, ottawa, quarters[-1], areas, again=True), root)
        waiting = prepared(engine, ottawa, Quarter(2026, 3), Areas(version="2022", places=(*areas.places, secret)))
        _lay_beside(engine, waiting, root)
    finally:
        engine.dispose()
        drop_database(postgres_url, "a_portal")
    said: list[str] = []
    write_site(root, folder / "site", agency=AGENCIES / "ottawa", say=said.append)
    return Portal(bundles=root, site=folder / "site", quarters=[str(each) for each in quarters], said="".join(said))
