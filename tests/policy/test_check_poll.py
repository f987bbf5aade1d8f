"""What `agency check` says of a view that is polled."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from policy.cad_query import asks_since, trouble_with
from policy.check import check_folder
from tests.conftest import AGENCIES

SINCE = "SELECT * FROM calls WHERE updated >= :since"


def said(tmp_path: Path, poll: Mapping[str, str], *, zone: str = "America/Toronto", updated: bool = True) -> list[str]:
    """What is found beyond what is found without the view."""
    folder = tmp_path / "ottawa"
    shutil.copytree(AGENCIES / "ottawa", folder)
    before = {str(finding) for finding in check_folder(folder)}
    cad = yaml.safe_load((folder / "cad.yaml").read_text())
    cad["columns"] |= {"updated": "updated"} if updated else {}
    cad["poll"] = {"query": SINCE, "since": "offset", "every": "5 s", "overlap": "5 min", **poll}
    cad["zone"] = zone
    (folder / "cad.yaml").write_text(yaml.safe_dump(cad))
    found = [str(finding) for finding in check_folder(folder) if str(finding) not in before]
    return [f"{line.partition(':')[0]}: {line.partition('line ')[2].partition(' ')[2]}" for line in found]


def test_a_view_with_offsets_is_well(tmp_path: Path) -> None:
    assert said(tmp_path, {}) == []


def test_a_view_in_utc_is_well_where_its_times_are_read_as_utc(tmp_path: Path) -> None:
    assert said(tmp_path, {"since": "utc"}, zone="UTC") == []


@pytest.mark.parametrize(
    ("poll", "wanted"),
    [
        (
            {"query": "DELETE FROM calls"},
            "error: poll.query: is no statement that reads; it begins with SELECT or WITH",
        ),
        (
            {"query": "SELECT * FROM calls"},
            "warning: poll.query: has no :since: the whole view is read every 5 s; fine where it is small",
        ),
        (
            {"since": "local"},
            "warning: poll.since: local times: in the night on which an hour comes twice nobody can tell which one is "
            "meant; utc or offset, where CAD itself keeps such times",
        ),
        (
            {"since": "utc"},
            "warning: poll.since: is utc, and times without an offset are read in America/Toronto; zone: UTC, or an "
            "offset in each time",
        ),
        (
            {"overlap": "30 s"},
            "warning: poll.overlap: 30 s is short: a row that is committed later than that is never read",
        ),
    ],
)
def test_what_cannot_work_or_may_not_be_meant_is_said(poll: Mapping[str, str], wanted: str, tmp_path: Path) -> None:
    assert wanted in said(tmp_path, poll)


def test_a_view_that_is_asked_since_an_update_time_has_one(tmp_path: Path) -> None:
    wanted = "error: poll.query: has :since, and columns.updated names no column to take it from"
    assert said(tmp_path, {}, updated=False) == [wanted]


def test_a_view_without_update_times_is_warned_of(tmp_path: Path) -> None:
    found = said(tmp_path, {"query": "SELECT * FROM calls"}, updated=False)
    assert [line.partition(",")[0] for line in found] == [
        "warning: poll.query: has no :since: the whole view is read every 5 s; fine where it is small",
        "warning: columns: updated is not told: of two rows of a call the one with the latest event counts",
    ]


@pytest.mark.parametrize(
    "query",
    [
        SINCE,
        f"{SINCE};\n",
        "  -- all calls; those of today\n  select 'INSERT; it''s' AS said, \"Update\", [Delete], `into` from calls",
        "/* DROP */ WITH recent AS (SELECT * FROM calls) SELECT * FROM recent",
        "SELECT updated, deleted, inserted_at FROM calls",
    ],
)
def test_a_statement_that_reads_may_be_asked(query: str) -> None:
    assert trouble_with(query) is None


@pytest.mark.parametrize(
    ("query", "trouble"),
    [
        ("", "is no statement that reads"),
        ("EXEC calls_since", "is no statement that reads"),
        ("SELECT 1; SELECT 2", "has more than one statement"),
        ("WITH gone AS (DELETE FROM calls RETURNING *) SELECT * FROM gone", "has the word DELETE"),
        ("SELECT * INTO copy FROM calls", "has the word INTO"),
        ("SELECT * FROM calls for update", "has the word UPDATE"),
    ],
)
def test_any_other_may_not(query: str, trouble: str) -> None:
    assert (trouble_with(query) or "").startswith(trouble)


@pytest.mark.parametrize(
    ("query", "asks"),
    [
        (SINCE, True),
        ("SELECT ':since' FROM calls -- :since", False),
        ("SELECT x::since, :since_then FROM calls", False),
    ],
)
def test_since_counts_only_where_it_is_sql(query: str, asks: bool) -> None:
    assert asks_since(query) is asks
