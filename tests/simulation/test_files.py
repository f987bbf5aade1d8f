"""What a simulation leaves in its folder."""

import csv
import io
import json
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.contracts import Kind
from local.simulation.files import decisions_csv, summary_json, texts_csv, write_all
from local.simulation.outcome import Eligible, SegmentPrice
from local.simulation.report import FORMULA_SIGNS
from local.simulation.summary import summarize
from tests.simulation.test_summary import NOON, a_call, a_made_up_simulation, a_simulation, a_text, held, silent

ROOT = Path(__file__).parents[2]
_FILES = ["decisions.csv", "report.html", "summary.json", "texts.csv"]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_the_folder_holds_four_files_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    write_all(a_made_up_simulation(calls=50), folder)
    assert sorted(path.name for path in folder.iterdir()) == _FILES


def test_an_earlier_simulation_is_replaced(tmp_path: Path) -> None:
    write_all(a_made_up_simulation(calls=50), tmp_path)
    write_all(a_simulation([a_call("only")]), tmp_path)
    assert (tmp_path / "decisions.csv").read_text().splitlines()[1:] == [
        "only,true,all rules met,the caller may be texted"
    ]


def test_a_file_that_cannot_be_replaced_leaves_no_half_written_neighbour(tmp_path: Path) -> None:
    (tmp_path / "summary.json").mkdir()
    (tmp_path / "summary.json" / "in the way").touch()
    with pytest.raises(OSError, match=r"summary\.json"):
        write_all(a_simulation(), tmp_path)
    assert not list(tmp_path.glob("*.new"))


def test_the_same_simulation_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    """Python shuffles its sets anew in each process."""
    code = (
        "import sys; from pathlib import Path; from local.simulation.files import write_all; "
        "from tests.simulation.test_summary import a_made_up_simulation; "
        "write_all(a_made_up_simulation(calls=120), Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / seed], check=True, cwd=ROOT, env={"PYTHONHASHSEED": seed}
        )
    for name in _FILES:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_every_file_is_utf_8_with_line_feeds_and_no_mark_at_its_start(tmp_path: Path) -> None:
    write_all(a_simulation([silent("1", "x", "vols à l’étalage")]), tmp_path)
    for name in _FILES:
        content = (tmp_path / name).read_bytes()
        assert b"\r" not in content
        assert content.endswith(b"\n")
        assert content.decode("utf-8")[0] != "\ufeff"
    assert "vols à l’étalage" in (tmp_path / "decisions.csv").read_text("utf-8")


def test_decisions_stand_in_the_order_of_the_calls() -> None:
    calls = [a_call("9"), silent("10", "priority outside the policy", 'priority 1; "texted" are 3, 4'), a_call("1")]
    calls.append(
        a_call("0", eligible=Eligible.UNDECIDED, rule="a fact is missing", reason="CAD has not told the source")
    )
    assert decisions_csv(calls) == (
        "call_id,eligible,rule,reason\n"
        "9,true,all rules met,the caller may be texted\n"
        '10,false,priority outside the policy,"priority 1; ""texted"" are 3, 4"\n'
        "1,true,all rules met,the caller may be texted\n"
        "0,undecided,a fact is missing,CAD has not told the source\n"
    )


def test_texts_have_whole_seconds_with_their_offset_and_nothing_where_nothing_is_known() -> None:
    texts = [
        a_text("1", Kind.DELAY, sequence=2, sent_at=NOON + timedelta(minutes=3, microseconds=999_999)),
        held("2", language=None, outcome="expired", rule="expired", reason="too late"),
    ]
    assert texts_csv(texts) == (
        "call_id,kind,sequence,language,segments,due_at,sent_at,outcome,rule,reason\n"
        "1,delay,2,en,2,2026-01-15T12:03:00-05:00,2026-01-15T12:03:00-05:00,sent,,\n"
        "2,confirmation,1,,,2026-01-15T12:03:00-05:00,,expired,expired,too late\n"
    )


def test_the_two_hours_of_an_autumn_night_are_told_apart_by_their_offset() -> None:
    night = NOON.replace(month=11, day=1, hour=1)
    lines = texts_csv([a_text(due_at=night, sent_at=night.replace(fold=1))]).splitlines()
    assert "2026-11-01T01:00:00-04:00,2026-11-01T01:00:00-05:00" in lines[1]


@given(st.lists(st.tuples(st.text(), st.text(), st.text())))
def test_whatever_a_log_holds_comes_back_from_the_list_as_it_was(cells: list[tuple[str, str, str]]) -> None:
    calls = [silent(call_id, rule, reason) for call_id, rule, reason in cells]

    rows = read(decisions_csv(calls))[1:]

    assert [(row[0], row[2]) for row in rows] == [(call_id, rule) for call_id, rule, _ in cells]
    assert [row[3].removeprefix("'") for row in rows] == [reason.removeprefix("'") for _, _, reason in cells]


@given(st.text())
def test_no_reason_can_be_run_as_a_formula(reason: str) -> None:
    for sign in ("", *FORMULA_SIGNS):
        written = read(decisions_csv([silent("1", "x", sign + reason)]))[1][3]
        assert not written.startswith(FORMULA_SIGNS)
        assert written.endswith(reason)
        assert read(texts_csv([held(reason=sign + reason)]))[1][9] == written


@pytest.mark.parametrize("call_id", ["=1+1", "+1", "-7", "@home", "007", " 1"])
def test_a_calls_id_stays_what_it_is_in_the_log(call_id: str) -> None:
    assert read(decisions_csv([a_call(call_id)]))[1][0] == call_id
    assert read(texts_csv([a_text(call_id)]))[1][0] == call_id


def test_the_figures_are_plain_json() -> None:
    simulation = a_simulation(
        texts=[a_text(segments=3)],
        segment_price=SegmentPrice(amount=Decimal("1E-2"), currency="CAD"),
        log_name="été.csv",
    )

    text = summary_json(summarize(simulation))

    assert text.startswith('{\n "agency": "ottawa",\n "by_call_type_group": [')
    assert '"name": "été.csv"' in text
    found = json.loads(text)
    assert list(found) == sorted(found)
    assert (found["cost"], found["segment_price"]["amount"]) == ("0.03", "0.01")
    assert found["log"]["first_receipt"] == "2026-01-15T12:00:00-05:00"
    assert found["texts"]["by_day"] == {"2026-01-15": {"confirmation": 1}}
    assert found["texts"]["by_kind"]["confirmation"]["by_hour"][12] == 1
    assert found["waits"]["dispatched"]["p50"] is None
