"""The judge shares no line with the product, reads the agency's words as the product writes them, and finds nothing
wrong in what the service's own pure parts do."""

import ast
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.contracts import Kind
from calls.facts import Language
from policy.agency import load_agency
from tests.chaos.judge import LISTS, Verdict, judge
from tests.chaos.lived_runs import lived_run
from tests.chaos.made_run import MadeRun
from tests.chaos.stretches import both, length, without
from tests.chaos.words_on_phones import Wording
from tests.conftest import AGENCIES
from texts.render import render
from texts.wording import Piece

ROOT = Path(__file__).parents[2]
POLICY = load_agency(AGENCIES / "ottawa").policy
SOME, MANY = 60, 5_000


def imported(module: str, seen: set[str]) -> Iterator[str]:
    """Whatever a module of the tests imports, and what that imports."""
    if module in seen:
        return
    seen.add(module)
    path = ROOT / Path(*module.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            yield name
            if name.split(".")[0] == "tests":
                yield from imported(name, seen)


def test_the_judge_imports_nothing_of_the_product() -> None:
    seen: set[str] = set()
    names = {name.split(".")[0] for name in imported("tests.chaos.judge", seen)}
    assert names - sys.stdlib_module_names == {"tests", "yaml"}
    assert len(seen) > 10


@pytest.mark.parametrize("agency", ["ottawa", "new-york", "san-diego"])
def test_each_text_is_known_by_its_words_in_every_language(agency: str) -> None:
    loaded = load_agency(AGENCIES / agency)
    fields = {"case_number": "26-90/1", "link": "https://x.example/s/abc", "emergency_line": "9-1-1", "code": "ab12"}
    fields |= {"non_emergency_line": "3-1-1", "agency": "The police", "call_line": "3-1-1"}
    wording = Wording(AGENCIES / agency)
    replies = (Piece.AUTO_REPLY, Piece.STOP_REPLY, Piece.START_REPLY, Piece.WRONG_NUMBER_REPLY)
    for language in (*Language, None):
        for kind in (Kind.CONFIRMATION, Kind.DELAY, Kind.SURVEY, *replies):
            body = render(loaded.wording, kind, language, fields, announce_survey=True, group="theft").body
            found = wording.read(body)
            assert found is not None, body
            assert found.kind == (kind.value if isinstance(kind, Kind) else "reply")
            assert found.case_number == (None if found.kind == "reply" else "26901")


def lists(run: MadeRun, folder: Path) -> tuple[dict[str, list[str]], Verdict]:
    verdict = judge(run.write(folder))
    return {name: list(lines) for name in LISTS if (lines := getattr(verdict, name))}, verdict


@pytest.mark.parametrize("outages", [0, 3])
def test_what_the_services_own_parts_do_is_clean_also_with_outages(outages: int, tmp_path: Path) -> None:
    found, verdict = lists(lived_run(range(SOME), POLICY, outages=outages), tmp_path / "run")
    assert found == {}
    assert min(verdict.figures["surely_owed"].values()) > 5


@pytest.mark.deep
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("outages", [0, 1, 3, 8])
def test_so_are_thousands_of_calls(outages: int, tmp_path: Path) -> None:
    for first in range(0, MANY, 1_000):
        run = lived_run(range(first, first + 1_000), POLICY, outages=outages)
        found, _ = lists(run, tmp_path / f"{first}")
        assert found == {}, f"seeds from {first}"


def test_of_a_lived_run_no_text_can_go_come_late_or_go_astray_unseen(tmp_path: Path) -> None:
    """A text of every third call is damaged, each in one of five ways."""
    run, dice = lived_run(range(SOME), POLICY), random.Random(1)
    rows = {row["id"]: row for row in run.texts}
    damaged: dict[str, str] = {}
    for line in list(run.phones):
        row = rows[line["mid"]]
        if row["call_id"] in damaged or dice.random() < 0.5:
            continue
        damaged[row["call_id"]] = way = dice.choice(["gone", "early", "astray", "stranger", "unsent"])
        match way:
            case "gone":
                run.phones.remove(line)
            case "early":
                line["at"] = (datetime.fromisoformat(row["due_at"]) - timedelta(minutes=30)).isoformat()
            case "astray":
                line["to"] = "+16135550199"
            case "stranger":
                line["body"] = "Ottawa Police: you have won"
            case _:
                row |= {"state": "suppressed", "rule": "opted out"}
    _, verdict = lists(run, tmp_path / "run")
    said = " ".join(line for name in LISTS for line in getattr(verdict, name)) + " "
    unseen = {call_id: way for call_id, way in damaged.items() if f"{call_id} " not in said and way != "stranger"}
    assert len(damaged) > 20
    assert unseen == {}
    assert said.count("words that are none") == list(damaged.values()).count("stranger")


MINUTES = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted), max_size=6)
ZERO = datetime(2026, 1, 15, tzinfo=UTC)


def _apart(pairs: list[list[int]]) -> list[tuple[datetime, datetime]]:
    """Stretches that do not overlap."""
    minutes = {minute for begins, ends in pairs for minute in range(begins, ends)}
    return [(ZERO + timedelta(minutes=one), ZERO + timedelta(minutes=one + 1)) for one in sorted(minutes)]


@given(MINUTES, MINUTES)
def test_what_lies_in_both_and_what_only_in_one_make_the_whole(one: list[list[int]], other: list[list[int]]) -> None:
    whole, cut = _apart(one), [(ZERO + timedelta(minutes=a), ZERO + timedelta(minutes=b)) for a, b in other]
    assert length(both(whole, _apart(other))) + length(without(whole, cut)) == length(whole)
