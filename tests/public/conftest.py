import pytest

from cli.open_data_site import write_site
from insights.open_data.quarters import Quarter
from local.generated.open_quarters import demonstration_areas, last_quarters
from policy.agency import Agency
from policy.open_data import Areas, Level, Place
from survey.questions import Localized
from tests.conftest import AGENCIES
from tests.public.made_bundles import publish, write_published
from tests.public.portal import SECRET_WARD, Portal

_LARGE = 3
"""As many calls a ward as Ottawa has: of fewer hardly an answer would be told by ward."""


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory, ottawa: Agency) -> Portal:
    """Three quarters of a few areas, the last one corrected; a fourth lies beside them, and is not published."""
    folder = tmp_path_factory.mktemp("portal")
    root, areas = folder / "bundles", demonstration_areas(wards=4)
    quarters = last_quarters(Quarter(2026, 2), 3)
    entries = [write_published(root, ottawa, quarter, areas, scale=_LARGE) for quarter in quarters]
    entries.append(write_published(root, ottawa, quarters[-1], areas, version=2, scale=_LARGE))
    publish(root, entries)
    secret = Place(id="99", level=Level.WARD, name=Localized(en=SECRET_WARD, fr=SECRET_WARD))
    write_published(root, ottawa, Quarter(2026, 3), Areas(version="2022", places=(*areas.places, secret)))
    said: list[str] = []
    write_site(root, folder / "site", agency=AGENCIES / "ottawa", say=said.append)
    return Portal(bundles=root, site=folder / "site", quarters=[str(each) for each in quarters], said="".join(said))
