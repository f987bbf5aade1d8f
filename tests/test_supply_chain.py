"""What comes from elsewhere: pinned to its bytes, from no particular place, under licences that we may use."""

from pathlib import Path

import pytest

from tests.supply_chain import FOLDER, LOCKED, is_allowed, licence_of, locked

ROOT = FOLDER.parent


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_every_requirement_is_pinned_to_its_bytes(path: Path) -> None:
    requirements = list(locked(path))
    assert len(requirements) > 10
    assert [one.name for one in requirements if not one.hashes] == []


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_no_lock_file_says_where_from(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [word for word in ("://", "--index-url", "--find-links", "--trusted-host", " @ ") if word in text] == []


def test_every_list_of_requirements_is_locked() -> None:
    assert {path.stem for path in FOLDER.glob("*.in")} == {path.stem for path in LOCKED}


def test_the_service_is_locked_to_the_same_versions_everywhere() -> None:
    """What is tested is what runs."""
    service, tested = ({one.name: one.version for one in locked(FOLDER / name)} for name in ("service.txt", "test.txt"))
    assert {name: version for name, version in service.items() if tested.get(name) != version} == {}


def test_every_licence_is_one_that_we_may_use() -> None:
    licences = {one.name: licence_of(one.name) for one in locked(FOLDER / "test.txt")}
    known = {name: licence for name, licence in licences.items() if licence is not None}
    assert len(known) > 100
    assert {name: licence for name, licence in known.items() if not is_allowed(name, licence)} == {}


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-or-later OR MIT", True),
        ("GNU Affero General Public License v3", False),
        ("unknown", False),
    ],
)
def test_a_licence_that_asks_for_more_is_seen(licence: str, allowed: bool) -> None:
    assert is_allowed("a-package", licence) is allowed


def test_the_audit_tells_what_it_could_not_look_up() -> None:
    """Without `--strict` pip-audit says that nothing is known of packages that it could not ask about."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [line] = [line for line in makefile.splitlines() if "pip-audit " in line and "requirements/service.txt" in line]
    assert "--strict" in line
    assert "--require-hashes" in line
