"""The monthly report: every figure calculated a second time from the raw rows, for months on both sides of a change of
the clocks; and who may see it."""

import csv
import io
from collections.abc import Hashable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from calls.clock import Clock
from database.encryption import Keyring
from database.engine import connect
from insights.small import Hidden, Sum
from policy.agency import Agency
from tests.console import report_by_hand
from tests.console.report_rows import NOW, Rows, clock_for
from tests.console.served import Served, console_site
from tests.console.tables import tables
from tests.insights.attacker import guesses
from tests.servers import create_database, drop_database
from web.staff.access.roles import Role

MONTHS = ("2026-08", "2026-09", "2026-10", "2026-11")
FEW, NOT_SHOWN = "fewer than 5", "not shown"
_BREATH = 30
"""Seconds that the service's clock may go while a test runs."""


@pytest.fixture(scope="module")
def clock() -> Clock:
    return clock_for(datetime.now(UTC))


@pytest.fixture(scope="module")
def months(
    postgres_url: str, migrated_template: str, keyring: Keyring, ottawa: Agency, clock: Clock
) -> Iterator[Served]:
    engine = connect(create_database(postgres_url, "report_months", template=migrated_template))
    Rows(engine, clock).write()
    with console_site(engine, keyring, ottawa, clock=clock) as site:
        yield site
    engine.dispose()
    drop_database(postgres_url, "report_months")


def _table(site: Served, month: str) -> list[dict[str, str]]:
    answer = site.staff(Role.ANALYST).get(f"/report/{month}.csv")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def _by_hand(site: Served, clock: Clock, month: str) -> report_by_hand.Figures:
    return report_by_hand.figures(report_by_hand.read(site.engine, now=clock.now(), at=clock.at), month)


def _is(said: str, truth: object, unit: str) -> bool:
    """Of few it is not shown; and what would give one away is not, either."""
    if truth is None or isinstance(truth, str):
        return said == (truth or "")
    assert isinstance(truth, int | float)
    if unit in ("calls", "texts", "people") and 0 < truth < 5:
        return said in (FEW, NOT_SHOWN)
    if said in (FEW, NOT_SHOWN):
        return (truth > 0 and said == NOT_SHOWN) or unit not in ("calls", "texts", "people")
    return abs(float(said) - truth) <= (_BREATH if unit == "seconds" else 0.00011)


@pytest.mark.parametrize("month", MONTHS)
def test_every_figure_is_what_the_raw_rows_say(months: Served, clock: Clock, month: str) -> None:
    truth = _by_hand(months, clock, month)
    before = _by_hand(months, clock, str(_before(month)))
    seen = set()
    for row in _table(months, month):
        if row["began"]:
            continue
        key = (row["section"], row["figure"], row["about"])
        seen.add(key)
        assert _is(row["value"], truth.get(key, 0), row["unit"]), (key, row, truth.get(key))
        assert _is(row["value_before"], before.get(key, 0), row["unit"]), (key, row, before.get(key))
        for bound in ("low", "high"):
            found = None if not row["share"] else truth.get((key[0], f"{key[1]} {bound}", ""))
            assert row[bound] == ("" if found is None else f"{found:.4f}"), (key, row)
    assert {key for key in truth if " " not in key[1]} <= seen
    assert len(seen) > 40


def _before(month: str) -> str:
    first = datetime.fromisoformat(month + "-01")
    return (first - timedelta(days=1)).strftime("%Y-%m")


_BASES = {
    "eligible": "received", "undecided": "received", "ineligible": "received", "not_eligible_by": "received",
    "told": "confirmations_owed", "told_in_time": "told", "told_unknown": "confirmations_owed",
    "not_told_by": "confirmations_owed", "not_told": "confirmations_owed",
    "delay_not_told": "waited_longer", "without_confirmation": "eligible", "notices_sent": "notices_due",
    "waited_longer": "waited_longer of", "delay_told": "waited_longer", "delay_unknown": "waited_longer",
    "delay_not_told_by": "waited_longer", "segments_of_kind": "segments",
}  # fmt: skip


@pytest.mark.parametrize("month", MONTHS)
def test_every_share_is_of_what_it_says_and_the_parts_are_the_whole(months: Served, clock: Clock, month: str) -> None:
    truth = {figure: value for (_, figure, about), value in _by_hand(months, clock, month).items() if not about}
    rows = [row for row in _table(months, month) if not row["began"]]
    for row in rows:
        of_texts = row["section"] == "texts" and row["figure"] != "texts_due"
        base = "texts_due" if of_texts else _BASES.get(row["figure"])
        if base is None:
            assert not row["of"] or row["section"] == "survey"
            continue
        assert row["of"] in ("", str(truth[base])), row
        assert row["of"] or 0 < int(str(truth[base])) < 10, row
        if row["share"]:
            assert float(row["share"]) == pytest.approx(int(row["value"]) / int(row["of"]), abs=0.0001)

    for total, parts in _SUMS:
        values = [[row["value"] for row in rows if row["figure"] in figures] for figures in (total, parts)]
        if not {FEW, NOT_SHOWN} & {*values[0], *values[1]}:
            assert sum(map(int, values[0])) == sum(map(int, values[1])), (total, parts)


_TEXTS = ("texts_taken", "texts_refused", "texts_unknown", "texts_waiting", "texts_suppressed", "texts_expired")
_SUMS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("received",), ("eligible", "undecided", "ineligible")),
    (("ineligible",), ("not_eligible_by",)),
    (("confirmations_owed",), ("told", "told_unknown", "not_told")),
    (("not_told",), ("not_told_by",)),
    (("waited_longer",), ("delay_told", "delay_unknown", "delay_not_told")),
    (("delay_not_told",), ("delay_not_told_by",)),
    (("texts_due",), ("texts_of_kind",)),
    (("texts_due",), _TEXTS),
    (("texts_suppressed",), ("suppressed_by",)),
    (("texts_expired",), ("expired_by",)),
    (("texts_undelivered", "texts_refused"), ("not_arrived_by",)),
    (("segments",), ("segments_of_kind",)),
)


@pytest.mark.parametrize("month", MONTHS)
def test_no_count_of_few_follows_from_all_that_the_report_says(months: Served, month: str) -> None:
    """Of calls, texts and people: by every sum that its words tell, all together."""
    rows = [row for row in _table(months, month) if row["unit"] in ("calls", "texts", "people")]
    cells: dict[Hashable, str] = {(row["figure"], row["about"]): row["value"] for row in rows if not row["began"]}
    shown = {key: int(cell) for key, cell in cells.items() if cell not in (FEW, NOT_SHOWN)}
    assert not [key for key, count in shown.items() if 0 < count < 5]
    why = {key: Hidden.FEW if cells[key] == FEW else Hidden.WITH_IT for key in cells.keys() - shown.keys()}
    keys: dict[str, list[Hashable]] = {}
    for figure, about in ((row["figure"], row["about"]) for row in rows if not row["began"]):
        keys.setdefault(figure, []).append((figure, about))
    sums: list[Sum[Hashable]] = [
        Sum(keys[total[0]][0], [key for part in parts for key in keys.get(part, ())])
        for total, parts in _SUMS
        if len(total) == 1 and total != ("segments",)
    ]
    sums.append(Sum(("texts_of_kind", "delay"), keys["notices_due"]))
    assert sums
    guessed = guesses(shown, sums, why, at_least=5)
    assert not [(key, guess) for key, guess in guessed.items() if guess.is_certain]


@pytest.mark.parametrize("month", MONTHS[1:3])
def test_the_page_says_what_the_file_says_and_the_change_between_the_months(months: Served, month: str) -> None:
    counted = [row for row in _table(months, month) if not row["began"]]
    shown = [row for table in tables(months.staff(Role.ANALYST).get(f"/report/{month}").text) for row in table[1:]]
    compared = 0
    for row, cells in zip(counted, (cells for cells in shown if len(cells) == 7), strict=True):
        if row["unit"] in ("seconds", "money"):
            continue
        assert [cells[1].replace(",", ""), cells[4].replace(",", "")] == [row["value"], row["value_before"]]
        assert cells[2].replace(",", "") == (row["of"] or "–")
        for cell, share in ((cells[3], row["share"]), (cells[5], row["share_before"])):
            assert (
                cell == "–" if not share else float(cell.split("%")[0]) == pytest.approx(100 * float(share), abs=0.06)
            )
        numbers = [float(row[name]) for name in ("value", "value_before") if row[name] not in (FEW, NOT_SHOWN)]
        if len(numbers) == 2 and numbers[1]:
            change = 100 * (numbers[0] - numbers[1]) / numbers[1]
            assert float(cells[6].replace(",", "").strip("%+")) == pytest.approx(change, abs=0.051)
            compared += 1
        else:
            assert cells[6] == "–"
    assert compared > 20


def test_months_part_at_midnight_by_the_agencys_clocks_and_none_is_counted_twice(months: Served) -> None:
    counts = [next(int(r["value"]) for r in _table(months, m) if r["figure"] == "received") for m in MONTHS]
    with months.engine.connect() as connection:
        all_calls = connection.execute(text("SELECT count(*) FROM call WHERE agency = 'ottawa'")).scalar_one()
    assert sum(counts) == all_calls


def test_every_stop_is_there_with_who_when_why_and_how_long_and_no_call_is_named(months: Served) -> None:
    stops = [row for row in _table(months, "2026-11") if row["began"]]
    assert [(row["figure"], row["about"], row["began"], row["ended"]) for row in stops] == [
        ("switch", "everything", "2026-10-31T18:00:00-04:00", "2026-11-01T05:00:00-05:00"),
        ("switch", "kind:delay", "2026-11-09T19:00:00-05:00", ""),
        ("line", "'+16135550100", "2026-11-18T11:00:00-05:00", ""),
    ]
    assert stops[0]["value"] == str(6 * 3600)  # of the night's hours only those after midnight, one of them twice
    assert (stops[0]["by"], stops[0]["why"]) == ("Sam Staff", "'=exercise")
    page = months.staff(Role.ANALYST).get("/report/2026-10").text
    assert "ottawa-r" not in page


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ANALYST, Role.ADMINISTRATOR])
def test_those_who_answer_for_the_service_see_its_report(months: Served, role: Role) -> None:
    staff = months.staff(role)
    assert "October 2026" in staff.get("/report").text
    assert "October 2026" in staff.get("/report/2026-10").text
    assert "/report" in staff.get("/service").text


@pytest.mark.parametrize("month", ["2026-12", "2026-13", "2026-1", "x", "2027-01", "2026-10-01"])
def test_what_is_no_month_yet_is_not_there(months: Served, month: str) -> None:
    staff = months.staff(Role.ANALYST)
    assert staff.get(f"/report/{month}").status_code == 404
    assert staff.get(f"/report/{month}.csv").status_code == 404


def test_of_the_running_month_the_page_says_until_when_and_what_is_to_be_expected(months: Served) -> None:
    page = months.staff(Role.SUPERVISOR).get("/report/2026-11").text
    assert "This month is not over" in page
    assert "Forecast for the whole month" in page
    assert "Forecast" not in months.staff(Role.SUPERVISOR).get("/report/2026-10").text


def test_a_service_without_any_call_has_a_report_of_noughts(site: Served) -> None:
    staff = site.staff(Role.ADMINISTRATOR)
    assert staff.get("/report").status_code == 200
    rows = list(csv.DictReader(io.StringIO(staff.get(f"/report/{datetime.now(UTC):%Y-%m}.csv").text)))
    assert {row["value"] for row in rows if row["unit"] != "money"} == {"0", ""}


def test_the_now_of_the_rows_is_the_clocks(clock: Clock) -> None:
    assert abs((clock.now() - NOW).total_seconds()) < _BREATH
