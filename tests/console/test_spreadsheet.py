"""Nothing that somebody else wrote is a formula in a file of the console's."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.staff.console.spreadsheet import no_formula

BEGINS = "=+-@＝＋－＠"


@pytest.mark.parametrize("words", ["=1+1", "@SUM(A1)", "\t=1", "\r\n=1", "Ward 3;=1", "a|\n +1", "＝1"])
def test_what_begins_as_a_formula_is_a_word(words: str) -> None:
    safe = no_formula(words)
    assert safe != words
    assert safe.replace("'", "") == words


@given(st.text(alphabet="ab;|\t\n =+-@＝'\"", max_size=12))
def test_no_cell_begins_as_one_whether_a_spreadsheet_parts_at_commas_or_semicolons(words: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerow([no_formula(words), "b"])
    cells = [*next(csv.reader(io.StringIO(written.getvalue(), newline=""))), *no_formula(words).split(";")]
    assert not [cell for cell in cells if cell.lstrip().startswith(tuple(BEGINS))], cells
