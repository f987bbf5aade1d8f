"""What a fuzzer has found, and what it went by, at every door again. `make fuzz` looks for more (docs/fuzzing.md)."""

import json
from pathlib import Path

import pytest

from tests.fuzz.counted import COUNTS, table
from tests.fuzz.door import HERE, Database, watched
from tests.fuzz.doors import DOORS

ROOT = Path(__file__).parents[2]
LARGEST_CORPUS = 300_000


@pytest.mark.parametrize("name", DOORS)
def test_every_input_that_was_found_and_every_one_of_the_corpus_is_taken_or_refused(
    name: str, database: Database
) -> None:
    door = DOORS[name]
    with watched(door, database) as target:
        for path in [*sorted(door.found.glob("*")), *sorted(door.corpus.glob("*"))]:
            try:
                target(path.read_bytes())
            except Exception as error:
                raise AssertionError(f"{path.relative_to(HERE)}: {type(error).__name__}: {error}") from error


def test_the_corpus_is_small_and_holds_no_telephone_number_but_fictional_ones() -> None:
    paths = list(HERE.glob("corpus/*/*"))
    assert sum(path.stat().st_size for path in paths) < LARGEST_CORPUS
    assert {path.parent.name for path in paths} == set(DOORS)


def test_every_finding_has_a_name_of_a_door_and_of_its_own() -> None:
    found = list(HERE.glob("found/*/*"))
    assert {path.parent.name for path in found} <= set(DOORS)
    assert [path.name for path in found if path.name.startswith("new-")] == []


def test_the_tests_named_beside_a_door_are_there() -> None:
    assert [name for door in DOORS.values() for name in door.besides if not (ROOT / name).exists()] == []


def test_the_page_shows_what_was_counted() -> None:
    assert set(json.loads(COUNTS.read_text("utf-8"))) == set(DOORS)
    assert table() in (ROOT / "docs/fuzzing.md").read_text("utf-8")
