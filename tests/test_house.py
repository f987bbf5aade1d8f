"""What holds for the whole house, and no tool checks."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from settings import Settings
from tests.mutations import MUTATIONS
from watching.redaction import redact

ROOT = Path(__file__).parents[1]
ROOMS = (
    "activities",
    "calls",
    "cli",
    "database",
    "insights",
    "local",
    "policy",
    "starter",
    "survey",
    "texts",
    "watching",
    "web",
)


def modules() -> Iterator[Path]:
    """Every module of the project itself."""
    yield from ROOT.glob("*.py")
    for room in (*ROOMS, "workflows"):
        yield from (ROOT / room).rglob("*.py")


def test_only_settings_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.name != "settings.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert readers == []


def test_no_module_is_longer_than_an_evening_allows() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path: length for path, length in lengths.items() if length > 300} == {}


def test_no_line_file_names_a_registry() -> None:
    for path in (ROOT / "requirements").iterdir():
        assert "://" not in path.read_text(encoding="utf-8"), path


def test_every_setting_stands_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = {str(field.validation_alias) for field in Settings.model_fields.values()} - {"COMMUNITYCONNECT_CLOCK"}
    assert {name for name in names if name not in example} == set()


def test_every_room_is_installed_and_its_imports_are_watched() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert set(project["setuptools"]["packages"]) == rooms - {"benchmarks"}
    assert set(project["importlinter"]["root_packages"]) == rooms


@pytest.mark.parametrize(
    "value",
    [
        "+16135550142",
        "call 613-555-0142",
        "(613) 555-0142 is busy",
        "to=6135550142&x",
        "1.613.555.0142",
        "?To=%2B16135550142",
    ],
)
def test_a_log_line_never_shows_a_telephone_number(value: str) -> None:
    """R3: the net under the rule."""
    assert not re.search(r"555\D{0,3}0142", redact(json.dumps({"event": [value]})))


def test_a_log_line_keeps_ids_and_times() -> None:
    event = {"call_id": "new-york-107757416", "at": "2026-11-22T03:35:44.784184Z", "mid": "01a20153-eb04-7810-b156"}
    assert redact(json.dumps(event)) == json.dumps(event)


def test_r3_no_failure_of_an_activity_brings_along_what_it_was_made_of() -> None:
    """Temporal keeps the error behind an error with its words, and those of a library may hold a number."""
    brought = [
        f"{path.name}:{raised.lineno}"
        for path in (ROOT / "activities").rglob("*.py")
        for handler in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(handler, ast.ExceptHandler)
        for raised in ast.walk(handler)
        if isinstance(raised, ast.Raise) and raised.exc is not None and not _is_none(raised.cause)
    ]
    assert brought == []


def _is_none(cause: ast.expr | None) -> bool:
    return isinstance(cause, ast.Constant) and cause.value is None


def test_every_mutation_finds_the_line_that_it_breaks() -> None:
    """`make mutations` takes an hour: that a line was changed since is said here, in no time."""
    counts = {one.what: (ROOT / one.path).read_text(encoding="utf-8").count(one.before) for one in MUTATIONS}
    assert {what: count for what, count in counts.items() if count != 1} == {}
