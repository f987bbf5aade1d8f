"""docker-compose.yml: well-formed, its commands are there, its secrets are files, nothing is open that need not be."""

import re
import tomllib
from copy import deepcopy
from pathlib import Path

import jsonschema
import pytest
import typer.main
from typer.core import TyperGroup

from cli.main import app
from cli.settings_secrets import make_secrets
from settings import Settings
from tests.deploy.composition import CLOUD, COMPOSE, ROOT, composed, let_in, ours, schema, seconds, services, stages
from worker import _GRACE

JOBS = {"setup", "temporal-schema"}
BY_HAND = {"doctor"}
LOOPBACK = re.compile(r"127\.0\.0\.1:\d+:\d+")


@pytest.mark.parametrize("path", [COMPOSE, CLOUD], ids=lambda path: path.name)
def test_the_file_is_as_the_specification_has_it(path: Path) -> None:
    jsonschema.validate(composed(path), schema())


def test_the_schema_sees_what_is_wrong() -> None:
    wrong = deepcopy(composed())
    wrong["services"]["worker"]["stop_grace"] = "60s"
    with pytest.raises(jsonschema.ValidationError, match="stop_grace"):
        jsonschema.validate(wrong, schema())


def test_every_command_of_ours_is_one_that_there_is() -> None:
    commands = typer.main.get_command(app)
    for name, service in ours().items():
        command, words = commands, list(service["command"])
        while isinstance(command, TyperGroup):
            command = command.commands[words.pop(0)]
        command.make_context(name, words)  # its options are there, too


def test_what_depends_on_a_service_waits_until_it_can_be_used() -> None:
    there = services()
    for name, service in there.items():
        for other, how in service.get("depends_on", {}).items():
            if other in JOBS:
                assert how["condition"] == "service_completed_successfully", (name, other)
            elif "healthcheck" in there[other] and other != "prometheus":
                assert how["condition"] == "service_healthy", (name, other)


def test_every_secret_is_a_file_that_the_command_makes(tmp_path: Path) -> None:
    make_secrets(tmp_path, say=lambda _: None)
    declared = composed()["secrets"]
    assert {secret["file"] for secret in declared.values()} == {f"./secrets/{name}" for name in declared}
    assert set(declared) == {path.name for path in tmp_path.iterdir()}
    used = {secret for service in services().values() for secret in service.get("secrets", [])}
    assert used == set(declared)


def test_no_secret_is_in_the_environment() -> None:
    for name, service in services().items():
        for variable in service.get("environment", {}):
            held = re.search(r"PASSWORD|SECRET|TOKEN|API_KEY|_KEYS?$|DATABASE_URL", variable)
            assert held is None or variable.endswith(("_FILE", "__FILE")), (name, variable)


def test_only_setup_is_told_of_the_owner() -> None:
    owner = {"communityconnect_owner_database_url", "postgres_password"}
    told = {name for name, service in services().items() if owner & set(service.get("secrets", []))}
    assert told == {"postgres", "setup"}


def test_r6_setup_has_the_keys_so_that_the_database_knows_which_one_numbers_are_found_by() -> None:
    assert {"communityconnect_encryption_keys", "communityconnect_lookup_key"} <= set(services()["setup"]["secrets"])


def test_every_variable_of_ours_is_a_setting() -> None:
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    said = {name for service in ours().values() for name in service["environment"] if name.startswith("COMMUNITY")}
    assert said - known == set()


def test_what_is_published_is_reached_from_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert set(published) == {"web", "console", "cad", "grafana", "temporal-sign-in"}
    assert [port for ports in published.values() for port in ports if not LOOPBACK.fullmatch(port)] == []


def test_nothing_shares_the_machine_s_network_or_has_rights_over_it() -> None:
    for name, service in services().items():
        assert not {"network_mode", "privileged", "pid", "ipc", "cap_add", "devices"} & set(service), name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_ours_may_write_nowhere_and_can_do_nothing_to_the_kernel() -> None:
    for name, service in ours().items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name


def test_servers_without_a_sign_in_reach_nobody_and_are_reached_from_inside() -> None:
    assert composed()["networks"]["inside"]["internal"]
    for name in ("postgres", "temporal", "temporal-ui", "prometheus"):
        assert services()[name]["networks"] == ["inside"], name
        assert "ports" not in services()[name], name


def test_every_service_has_limits_and_comes_back_and_says_how_it_is() -> None:
    for name, service in services().items():
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
        comes_back = "on-failure:5" if name in JOBS else "no" if name in BY_HAND else "unless-stopped"
        assert service["restart"] == comes_back, name
        if name not in JOBS | BY_HAND and not name.startswith("temporal-"):
            assert "healthcheck" in service, name


def test_a_worker_may_finish_what_it_is_sending() -> None:
    """R2: killed before, a text's outcome would be unknown."""
    assert seconds(services()["worker"]["stop_grace_period"]) > 2 * _GRACE.total_seconds()


def test_every_image_is_named_with_its_version() -> None:
    images = [service["image"] for service in services().values() if "build" not in service]
    images += [stage[0].rest.partition(" ")[0] for stage in stages()]
    assert [image for image in images if not re.search(r":v?\d+\.\d+\.?\d*", image)] == []
    assert len({stage[0].rest.partition(" ")[0] for stage in stages()}) == 1


def test_every_file_that_is_mounted_is_there() -> None:
    sources = {
        volume.partition(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
        if volume.startswith("./deploy/")
    }
    of_the_watchers = {"./deploy/prometheus", "./deploy/grafana/provisioning", "./deploy/grafana/dashboards"}
    assert [source for source in sources - of_the_watchers if not (ROOT / source).exists()] == []


def test_temporal_elsewhere_takes_the_place_of_the_one_here() -> None:
    there = composed(CLOUD)["services"]
    assert set(there) == {name for name in services() if name.startswith("temporal")} | set(ours())
    for name in ours():
        assert set(there[name]["environment"]) == {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"}, name


def test_the_image_holds_what_the_service_runs_and_nothing_else() -> None:
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    for room in rooms["packages"]:
        assert let_in(Path(room, "__init__.py")), room
    assert let_in(Path("worker.py"))
    assert let_in(Path("agencies/ottawa/policy.yaml"))
    assert let_in(Path("database/migrations/versions/0001_the_first_tables.py"))
    for kept_out in (
        ".env",
        "secrets/database_url",
        "tests/servers.py",
        "benchmarks/plan.py",
        "local/carrier/app.py",
        ".git/config",
        "agencies/new-york/sample/calls-2024.csv.gz",
        "cli/__pycache__/main.cpython-312.pyc",
        "requirements/test.txt",
        "docs/privacy.md",
    ):
        assert not let_in(Path(kept_out)), kept_out


def test_the_image_does_not_run_as_root() -> None:
    last = {step.word: step.rest for step in stages()[-1]}
    assert last["USER"] == "10001"
    assert "useradd --system --uid 10001" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
