"""Open data in the console: the report in plain words, the pages as they would be, a decision by name."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from database.encryption import Keyring
from database.open_data import BundleState, OpenDataBundleRow
from insights.open_data.quarters import Quarter
from local.generated.open_quarters import demonstration_areas
from policy.agency import Agency
from tests.console.served import Served, console_site
from tests.public.made_bundles import prepared
from tests.public.read_page import read_page
from web.staff.access.roles import Role
from web.staff.open_data.bundles import Bundle, Bundles

WHY = "Read the report, looked at five areas."
NAME = "2026-q2-v1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "public"


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency, root: Path) -> Iterator[Served]:
    with console_site(engine, keyring, ottawa, open_data=root) as site:
        yield site


@pytest.fixture
def bundle(site: Served) -> Bundle:
    return prepared(site.engine, site.agency, Quarter(2026, 2), demonstration_areas(wards=2))


def _now(site: Served, bundle: Bundle) -> Bundle:
    found = Bundles(site.engine, site.agency.key).one(bundle.period, bundle.version)
    assert found is not None
    return found


def test_the_report_is_told_in_plain_words(site: Served, bundle: Bundle) -> None:
    analyst = site.staff(Role.ANALYST)
    assert "waits for a decision" in analyst.get("/open-data").text
    page = read_page(analyst.get(f"/open-data/{NAME}").text)
    facts = dict(zip((dt.text for dt in page.all("dt")), (dd.text for dd in page.all("dd")), strict=True))
    assert facts["Counted and rounded by lot"] == str(bundle.report["cells"])
    assert facts["The smallest figure that is told"] == "15"
    narrowest = bundle.report["narrowest"]
    assert facts["What can be told most exactly"].startswith(f"{narrowest['quarter']}, {narrowest['place']}")
    assert facts["Compared with"] == "nothing: it is the first"
    assert "can tell no count more exactly than a span of 10 numbers" in page.text
    rows = {row["table"]: row for row in bundle.report["tables"]}
    table = next(t for t in page.all("table") if t.get("data-table") == "tables")
    said = [int(td.text.replace(",", "")) for tr in table.all("tr") for td in tr.all("td")]
    statuses = ("rows", "OK", "SUPPRESSED", "NO_DATA")
    assert said == [rows[name][status] for name in ("activity", "survey_results") for status in statuses]
    assert not list(page.all("textarea")), "an analyst decides nothing"
    assert "It waits for a supervisor’s decision." in page.text


def test_nothing_is_public_before_it_is_approved_and_published(site: Served, bundle: Bundle, root: Path) -> None:
    supervisor = site.staff(Role.SUPERVISOR)
    assert supervisor.post(f"/open-data/{NAME}/publish").status_code == 409
    assert not (root / "ottawa").exists()
    answer = supervisor.post(f"/open-data/{NAME}/decision", decision="approve", why=WHY)
    assert answer.headers["location"] == f"/open-data/{NAME}?said=approved"
    assert not (root / "ottawa").exists(), "approved is not public yet"
    assert supervisor.post(f"/open-data/{NAME}/publish").headers["location"] == f"/open-data/{NAME}?said=published"
    index = json.loads((root / "index.json").read_bytes())
    assert [one["path"] for one in index["bundles"]] == ["ottawa/2026-q2/v1/"]
    page = supervisor.get(f"/open-data/{NAME}?said=published").text
    assert "It is public from now on." in page
    assert f"Approved by {_now(site, bundle).decided_by}" in page
    assert WHY in page
    assert "Published by" in page


def test_who_decided_and_why_is_in_the_audit_log_before_it_happens(site: Served, bundle: Bundle) -> None:
    site.staff(Role.SUPERVISOR).post(f"/open-data/{bundle.name}/decision", decision="decline", why="Q3 lacks a week")
    entry = next(one for one in site.audit() if one.act == "decide_open_data")
    assert (entry.about, entry.detail) == (NAME, {"decision": "decline", "why": "Q3 lacks a week"})
    assert _now(site, bundle).state is BundleState.DECLINED


def test_what_is_declined_is_never_published(site: Served, bundle: Bundle, root: Path) -> None:
    supervisor = site.staff(Role.SUPERVISOR)
    supervisor.post(f"/open-data/{bundle.name}/decision", decision="decline", why=WHY)
    assert supervisor.post(f"/open-data/{NAME}/publish").status_code == 409
    again = supervisor.post(f"/open-data/{NAME}/decision", decision="approve", why=WHY)
    assert again.status_code == 409
    assert "Somebody has decided meanwhile. Nothing was changed." in again.text
    assert _now(site, bundle).state is BundleState.DECLINED
    assert not (root / "ottawa").exists()


@pytest.mark.parametrize(("why", "said"), [("  ", "Write why."), ("x" * 301, "at most 300 characters")])
def test_a_decision_without_a_reason_is_none(site: Served, bundle: Bundle, why: str, said: str) -> None:
    answer = site.staff(Role.SUPERVISOR).post(f"/open-data/{bundle.name}/decision", decision="approve", why=why)
    assert answer.status_code == 400
    assert said in answer.text
    assert _now(site, bundle).state is BundleState.PREPARED


def test_r7_what_is_not_safe_cannot_be_approved(site: Served, bundle: Bundle) -> None:
    with Session(site.engine) as session, session.begin():
        session.execute(text("SET LOCAL session_replication_role = replica"))  # else a trigger refuses it
        row = session.exec(select(OpenDataBundleRow)).one()
        row.report = {**row.report, "is_safe": False, "too_narrow": [bundle.report["narrowest"]]}
        session.add(row)
    supervisor = site.staff(Role.SUPERVISOR)
    page = supervisor.get(f"/open-data/{NAME}").text
    assert "Somebody could be found in it" in page
    assert "What can be told too exactly" in page
    assert 'value="approve"' not in page
    answer = supervisor.post(f"/open-data/{NAME}/decision", decision="approve", why=WHY)
    assert (answer.status_code, _now(site, bundle).state) == (409, BundleState.PREPARED)


def test_the_pages_are_seen_before_they_are_public(site: Served, bundle: Bundle) -> None:
    supervisor = site.staff(Role.SUPERVISOR)
    start = f"/open-data/{NAME}/preview"
    assert f'href="{start}/en/2026-q2/index.html"' in supervisor.get(f"/open-data/{NAME}").text
    for address, kind, words in (
        ("en/2026-q2/index.html", "text/html", "April to June 2026 is not public yet"),
        ("fr/2026-q2/ward-02.html", "text/html", "n’est pas encore publique"),
        ("portal.css", "text/css", ":root"),
        ("ottawa/2026-q2/v1/communityconnect_activity.csv", "text/csv", "CALLS_ELIGIBLE"),
        ("data.json", "application/json", "Dataset"),
    ):
        answer = supervisor.get(f"{start}/{address}")
        assert answer.headers["content-type"].startswith(kind)
        assert words in answer.content.decode()
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert supervisor.get(f"{start}/en/2026-q1/index.html").status_code == 404
    for name in ("2026-q1-v1", "2026-q2-v01", "2026-q2-v2", "2026-q2", "x"):
        assert supervisor.get(f"/open-data/{name}").status_code == 404
    supervisor.post(f"/open-data/{NAME}/decision", decision="approve", why=WHY)
    supervisor.post(f"/open-data/{NAME}/publish")
    assert "is not public yet" not in supervisor.get(f"{start}/en/2026-q2/index.html").text, "now it is"


def test_a_console_without_a_public_folder_publishes_nothing(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    with console_site(engine, keyring, ottawa) as site:
        waiting = prepared(engine, ottawa, Quarter(2026, 2), demonstration_areas(wards=2))
        Bundles(engine, ottawa.key).approve(waiting, by="Somebody", why=WHY)
        supervisor = site.staff(Role.SUPERVISOR)
        assert "has no public folder" in supervisor.get(f"/open-data/{NAME}").text
        assert supervisor.post(f"/open-data/{NAME}/publish").status_code == 409
