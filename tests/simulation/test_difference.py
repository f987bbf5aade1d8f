"""Two simulations compared: every call that is not the same in both, and what is different about it."""

import csv
import io
import json
from pathlib import Path

import pytest

from local.simulation.difference import Change, Side, changed_calls, changed_csv, moves, read_side
from local.simulation.files import DECISIONS, SUMMARY, TEXTS
from local.simulation.report import DECISION_COLUMNS, TEXT_COLUMNS

CONFIRMED = ("confirmation", "12:03", "sent", 2)
TOLD = ("delay", "13:00", "sent", 2)
TEXTED = ("true", "all rules met", "the caller may be texted")
EXCLUDED = ("false", "excluded call type", "a nuisance")

Text = tuple[str, str, str, int]
Call = tuple[tuple[str, str, str], list[Text]]


def side(folder: Path, **calls: Call) -> Side:
    """A simulation's files, read."""
    folder.mkdir()
    lines = [",".join(DECISION_COLUMNS), *(f"{call_id},{','.join(words)}" for call_id, (words, _) in calls.items())]
    (folder / DECISIONS).write_text("\n".join([*lines, ""]), encoding="utf-8")
    lines = [",".join(TEXT_COLUMNS)]
    for call_id, (_, texts) in calls.items():
        lines += [f"{call_id},{kind},1,en,{size},{at},{at},{state},," for kind, at, state, size in texts]
    (folder / TEXTS).write_text("\n".join([*lines, ""]), encoding="utf-8")
    price = {"amount": "0.01", "currency": "CAD"}
    summary = {"policy_version": folder.name, "segment_price": price}
    (folder / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")
    return read_side(folder)


@pytest.mark.parametrize(
    ("after", "change"),
    [
        ((TEXTED, [CONFIRMED, TOLD]), None),
        ((EXCLUDED, []), Change.DECISION),
        ((TEXTED, [CONFIRMED]), Change.TEXTS),
        ((TEXTED, [CONFIRMED, ("delay", "13:00", "suppressed", 2)]), Change.TEXTS),
        ((TEXTED, [CONFIRMED, ("delay", "13:00", "sent", 3)]), Change.SEGMENTS),
        ((TEXTED, [CONFIRMED, ("delay", "12:45", "sent", 2)]), Change.TIMES),
        ((("true", "all rules met", "another reason"), [CONFIRMED, TOLD]), Change.REASON),
    ],
)
def test_a_call_changes_in_one_of_five_ways(tmp_path: Path, after: Call, change: Change | None) -> None:
    before = side(tmp_path / "a", c1=(TEXTED, [CONFIRMED, TOLD]))
    changed = changed_calls(before, side(tmp_path / "b", c1=after))
    assert [call.change for call in changed] == ([] if change is None else [change])


def test_the_moves_from_rule_to_rule_are_counted_the_most_first(tmp_path: Path) -> None:
    ill: Call = (("false", "unknown call type", "x"), [])
    good: Call = (TEXTED, [CONFIRMED])
    before = side(tmp_path / "a", c1=good, c2=ill, c3=ill, c4=good)
    after = side(tmp_path / "b", c1=(EXCLUDED, []), c2=good, c3=good, c4=good)
    assert moves(changed_calls(before, after)) == [
        ("unknown call type", "all rules met (texted)", 2),
        ("all rules met (texted)", "excluded call type", 1),
    ]
    assert (before.eligible, after.eligible) == (2, 3)


def test_a_call_that_only_one_of_them_could_read_is_a_change(tmp_path: Path) -> None:
    before = side(tmp_path / "a", c1=(TEXTED, [CONFIRMED]))
    (changed,) = changed_calls(before, side(tmp_path / "b"))
    assert changed.after.rule == "not in this simulation"


def test_segments_and_cost_count_what_was_sent(tmp_path: Path) -> None:
    one = side(tmp_path / "a", c1=(TEXTED, [CONFIRMED, TOLD]), c2=(TEXTED, [("delay", "13:00", "expired", 9)]))
    assert one.segments == 4
    assert f"{one.cost:.2f}" == "0.04"


def test_the_list_has_both_sides_of_each_changed_call(tmp_path: Path) -> None:
    before = side(tmp_path / "a", c1=(TEXTED, [CONFIRMED, TOLD]), c2=(TEXTED, [CONFIRMED]))
    after = side(tmp_path / "b", c1=(EXCLUDED, []), c2=(TEXTED, [CONFIRMED]))
    (row,) = csv.DictReader(io.StringIO(changed_csv(changed_calls(before, after))))
    assert (row["call_id"], row["change"]) == ("c1", "decision")
    assert (row["rule_before"], row["rule_after"]) == ("all rules met", "excluded call type")
    assert (row["confirmation_before"], row["delay_before"], row["segments_before"]) == ("1", "1", "4")
    assert (row["confirmation_after"], row["delay_after"], row["segments_after"]) == ("0", "0", "0")
