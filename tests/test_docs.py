"""What the documents promise is there: every test that they name, every file."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^\s*(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_a_document_names_exists(path: Path) -> None:
    named = re.findall(r"`(?:tests/[\w/]+\.py: )?(test_\w+)`", path.read_text(encoding="utf-8"))
    assert [name for name in named if name not in TESTS] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_module_that_a_document_names_exists(path: Path) -> None:
    named = re.findall(r"`([\w/]+/[\w-]+\.(?:py|yaml|md))[:`]", path.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_line_that_a_document_names_is_in_its_module(path: Path) -> None:
    """`activities/check.py: check`: so that a newcomer finds the line for a rule."""
    named = re.findall(r"`(\w[\w/]*/\w+\.py): (\w+)`", path.read_text(encoding="utf-8"))
    assert [(module, name) for module, name in named if not _is_in(ROOT / module, name)] == []


def _is_in(module: Path, name: str) -> bool:
    defined = rf"^\s*(?:async def|def|class) {name}\b|^{name}\b"
    return re.search(defined, module.read_text(encoding="utf-8"), flags=re.MULTILINE) is not None


def test_the_table_of_transitions_names_every_signal() -> None:
    from calls.contracts import Signal

    text = (ROOT / "docs" / "transitions.md").read_text(encoding="utf-8")
    assert [signal for signal in Signal if f"`{signal}`" not in text] == []


@pytest.mark.parametrize("path", [ROOT / "README.md", *DOCUMENTS], ids=lambda path: path.name)
def test_every_link_and_picture_of_a_document_leads_somewhere(path: Path) -> None:
    """To a file of ours, and to the heading that is named there; pages elsewhere are not asked for."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if not _leads_somewhere(path, link)] == []


def _leads_somewhere(path: Path, link: str) -> bool:
    to, _, heading = link.partition("#")
    file = path if not to else path.parent / to
    if not file.exists():
        return False
    return not heading or heading in {_anchor(line) for line in file.read_text(encoding="utf-8").splitlines()}


def _anchor(line: str) -> str:
    """As GitHub names the anchor of a heading."""
    heading = re.sub(r"[^\w\- ]", "", line.lstrip("#").replace("\u00a0", "").strip().lower())
    return heading.replace(" ", "-") if line.startswith("#") else ""
