"""The open data of a demonstration: three made-up quarters, the newest of which waits for somebody at the console."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from database.open_data import BundleState
from local.generated.open_quarters import demonstrating, demonstration_areas
from local.portal import made_up_quarters
from policy.agency import Agency
from tests.open_data.made_up import KEYRING
from tests.public.served import served_portal
from web.staff.open_data.bundles import Bundles
from web.staff.open_data.publishing import publish

NOW = datetime(2026, 11, 26, 13, tzinfo=UTC)


def test_the_newest_quarter_waits_and_is_there_at_once_when_it_is_published(
    engine: Engine, ottawa: Agency, tmp_path: Path
) -> None:
    root = tmp_path / "public"
    told = demonstrating(ottawa, demonstration_areas(wards=2))
    bundles = Bundles(engine, ottawa.key)
    with served_portal(root, ottawa) as page:
        assert "Nothing has been published yet." in page("/en/index.html").text
        for _ in range(2):  # a box that goes on leaves what is there
            made_up_quarters(engine, told, root=root, now=NOW, keyring=KEYRING)
        assert {bundle.name: bundle.state for bundle in bundles.all()} == {
            "2026-q3-v1": BundleState.PREPARED,
            "2026-q2-v1": BundleState.PUBLISHED,
            "2026-q1-v1": BundleState.PUBLISHED,
        }
        assert all(bundle.report["is_safe"] for bundle in bundles.all())
        assert "April to June 2026" in page("/en/index.html").text
        assert page("/en/2026-q3/index.html").status_code == 404
        waiting = bundles.one("2026-q3", 1)
        assert waiting is not None
        bundles.approve(waiting, by="Somebody", why="Looked at.")
        publish(engine, waiting, root=root, by="Somebody")
        assert page("/en/2026-q3/index.html").status_code == 200
        assert page("/").headers["location"] == "/index.html"
        csv = page("/ottawa/2026-q3/v1/communityconnect_activity.csv")
        assert csv.headers["content-type"].startswith("text/csv")
        assert page("/%2e%2e/index.json").status_code == 404


def test_a_bundle_that_was_changed_on_the_disk_is_not_shown(engine: Engine, ottawa: Agency, tmp_path: Path) -> None:
    told = demonstrating(ottawa, demonstration_areas(wards=1))
    made_up_quarters(engine, told, root=tmp_path, now=NOW, keyring=KEYRING)
    path = tmp_path / "ottawa" / "2026-q2" / "v1" / "communityconnect_activity.csv"
    path.write_bytes(path.read_bytes().replace(b"OK", b"ok", 1))
    with served_portal(tmp_path, ottawa) as page:
        assert page("/en/index.html").status_code == 503
