"""What an alert asks for is there, and whoever it wakes finds a page that says what to do."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
PROMETHEUS: Final = ROOT / "deploy" / "prometheus"
DASHBOARD: Final = ROOT / "deploy" / "grafana" / "dashboards" / "communityconnect.json"
PAGES: Final = ROOT / "docs" / "runbooks"
_NAMES: Final = re.compile(r"\b(?:communityconnect|temporal)_[a-z_]+")
_PARTS: Final = ("What it means", "What residents notice", "Look", "Mend")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    """Of every alert, and of every panel."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [rule["expr"] for rule in rules()] + [
        target["expr"] for panel in panels for target in panel.get("targets", ())
    ]


def metrics_asked_for() -> set[str]:
    """Families, without what histograms and counters add to their names."""
    named = {name for expression in expressions() for name in _NAMES.findall(expression)}
    return {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in named}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_has_a_page_that_says_what_to_do(rule: dict[str, Any]) -> None:
    page = ROOT / rule["annotations"]["runbook"]
    text = page.read_text(encoding="utf-8")
    assert rule["alert"] in text.splitlines()[0]
    assert [part for part in _PARTS if f"**{part}.**" not in text] == []
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert "for" in rule


def test_every_page_belongs_to_an_alert() -> None:
    named = {ROOT / rule["annotations"]["runbook"] for rule in rules()}
    assert set(PAGES.glob("*.md")) == named


def test_every_command_that_a_page_names_is_there() -> None:
    from typer.main import get_command

    from cli.main import app

    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = {
        name
        for page in [*PAGES.glob("*.md"), ROOT / "docs" / "watching.md"]
        for name in re.findall(r"`communityconnect ([a-z-]+)", page.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= commands


def test_every_panel_has_a_source_that_grafana_is_given() -> None:
    sources = yaml.safe_load(
        (ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "communityconnect.yml").read_text()
    )["datasources"]
    panels = [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"] for source in sources}
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_a_runbooks_page_stands_where_the_scrape_finds_processes() -> None:
    jobs = {job["job_name"] for job in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]}
    absent = next(rule["expr"] for rule in rules() if rule["alert"] == "ProcessMissing")
    assert set(re.findall(r'job="(\w+)"', absent)) == jobs


@pytest.mark.deep
def test_prometheus_own_tool_finds_the_rules_well_and_the_alerts_fire_when_they_should() -> None:
    """On Debian: apt-get install prometheus."""
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed")
    for arguments in (["check", "config", "prometheus.yml"], ["test", "rules", "rules_test.yml"]):
        done = subprocess.run([tool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
