"""docs/year.md adds up what the parts said, and says what is missing."""

import json
from pathlib import Path
from typing import Any

from tests.year.lives import CALLS_A_YEAR
from tests.year.page import PAGE, SAID, keep, page_of, write_page
from tests.year.part import Part


def said(part: str, *, calls: int, **other: object) -> dict[str, Any]:
    """What a part of so many calls says."""
    counts = {"calls": calls, "on phones": 2 * calls}
    counts |= {f"eligible, by the {whose}": calls - 7 for whose in ("calculation", "service")}
    worker = {"process": "worker", "begins_kb": 150_000, "ends_kb": 151_000, "grows_kb": 900, "calls": calls}
    table = {"name": "text", "bytes": 2_000 * calls, "bytes_a_call": 2_000 + calls / 1_000, "straightness": 0.9991}
    return {
        "part": part,
        "counts": counts,
        "failures": [],
        "memory": [worker | {"is_flat": True}],
        "databases": [table],
        "milliseconds_a_call": {"worker": 40.0, "web": 12.5},
        "machine": "2 processors and 25 GB",
        "commit": "abc1234",
        "hours": 1.5,
        "runs": 1,
        "late_p99": 0.25,
    } | other


def test_the_page_adds_up_the_parts_and_says_that_the_year_is_not_whole() -> None:
    page = page_of([said("1-of-6", calls=45_000), said("2-of-6", calls=46_000)])
    assert f"**Not the whole year yet**: 91,000 of {CALLS_A_YEAR:,} calls." in page
    assert "Eligible by the service's decision: 90,986; by the calculation:\n90,986. Texts on phones: 182,000." in page
    assert "| 2-of-6 | 46,000 | 1.5 | 1 | 0.25 s | abc1234 | 2 processors and 25 GB |" in page
    assert "| worker | 150 to 151 | 150 to 151 |" in page
    assert "| text | 90.0 92.0 | 2,046 (2,045 to 2,046) | 0.9991 |" in page
    assert "| together | 52.5 (52.5 to 52.5) |" in page
    assert "### Differences\n\nNone." in page


def test_a_whole_year_in_one_is_said_to_be_whole() -> None:
    page = page_of([said("1-of-1", calls=CALLS_A_YEAR)])
    assert f"All {CALLS_A_YEAR:,} calls. Eligible by" in page
    assert "| text | 548.1 | 2,274 | 0.9991 |" in page


def test_what_failed_is_named_with_its_part() -> None:
    grown = {"process": "worker", "begins_kb": 150_000, "ends_kb": 250_000, "is_flat": False}
    page = page_of([said("1-of-6", calls=9), said("2-of-6", calls=9, failures=["twice on a phone"], memory=[grown])])
    assert "- 2-of-6: twice on a phone" in page
    assert "| worker | 150 to 151 | 150 to 250, **not flat** |" in page


def test_a_year_in_other_parts_takes_the_place_of_what_was_kept(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps(said("", calls=9)), encoding="utf-8")
    for part in ("1/4", "1/6", "2/6"):
        keep(results, Part.parse(part), said=tmp_path / "said")
    assert sorted(file.name for file in (tmp_path / "said").iterdir()) == ["1-of-6.json", "2-of-6.json"]
    write_page(said=tmp_path / "said", page=tmp_path / "year.md")
    assert "| 1-of-6 | 9 |" in (tmp_path / "year.md").read_text(encoding="utf-8")


def test_the_page_in_the_docs_is_made_of_what_is_kept(tmp_path: Path) -> None:
    write_page(said=SAID, page=tmp_path / "year.md")
    assert PAGE.read_text(encoding="utf-8") == (tmp_path / "year.md").read_text(encoding="utf-8")
