import pytest

from cli.open_data_site import write_site
from policy.agency import Agency
from tests.conftest import AGENCIES
from tests.public.made_bundles import AREAS, periods, publish, write_bundle
from tests.public.portal import SECRET_WARD, Portal

_FEW = [area for area in AREAS if area[0] != "WARD" or area[1] in ("02", "10", "14")]


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory, ottawa: Agency) -> Portal:
    """Three quarters of a few areas, the last one corrected; a fourth lies beside them, and is not published."""
    folder = tmp_path_factory.mktemp("portal")
    quarters = periods("2025-q4", 3)
    entries = [write_bundle(folder / "bundles", ottawa.survey, period, areas=_FEW) for period in quarters]
    entries.append(write_bundle(folder / "bundles", ottawa.survey, quarters[-1], version=2, areas=_FEW))
    publish(folder / "bundles", entries)
    unpublished = (*_FEW, ("WARD", "99", "2022", SECRET_WARD, SECRET_WARD))
    write_bundle(folder / "bundles", ottawa.survey, "2026-q3", areas=unpublished)
    said: list[str] = []
    write_site(folder / "bundles", folder / "site", agency=AGENCIES / "ottawa", say=said.append)
    return Portal(bundles=folder / "bundles", site=folder / "site", quarters=quarters, said="".join(said))
