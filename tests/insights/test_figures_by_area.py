"""Figures by area, recalculated from the numbers that the cut has kept; and none of fewer than five."""

import csv
import io
from collections import Counter
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from insights.areas import by_area, counts_by_area
from policy.agency import Agency
from survey.areas import Place
from tests.insights import by_hand
from tests.insights.by_hand import OPTIONS, SCALES
from tests.insights.conftest import City
from tests.insights.tables import (
    NONE,
    NOT_SHOWN,
    assert_count,
    assert_sum_tells_nothing,
    interval,
    number,
    percent,
    tables_of,
)

QUESTIONS = (*SCALES, *OPTIONS)
WEEKS: tuple[dict[str, str], ...] = (
    {},
    {"from": "2026-W32"},
    {"from": "2026-W32", "to": "2026-W33", "language": "fr"},
    {"to": "2025-W10"},
)


def truth(city: City, question: str, wanted: dict[str, str]) -> dict[str, by_hand.Result]:
    """By area, and `*`."""
    with city.engine.connect() as connection:
        rows: list[Any] = list(connection.execute(text("SELECT * FROM survey_area_count")).all())
    found: dict[str, by_hand.Result] = {"*": by_hand.Result(0, Counter())}
    first, last = month(wanted.get("from", "0001-W02")), month(wanted.get("to", "9998-W02"))
    for row in rows:
        if not first <= row.month <= last:
            continue
        for place in ("*", row.area):
            result = found.setdefault(place, by_hand.Result(0, Counter()))
            if row.question != question:
                continue
            if question in SCALES:
                result.base += row.count * row.option.isdigit()
            elif question == "Q10":
                result.base += row.count * (row.option == "")
            else:
                result.base += row.count * (row.option != "")
            if row.option and (question not in SCALES or row.option.isdigit()):
                result.chosen[row.option] += row.count
    return found


def month(week: str) -> str:
    year, number = week.split("-W")
    return f"{date.fromisocalendar(int(year), int(number), 4):%Y-%m}"


def assert_row(row: list[str], result: by_hand.Result, question: str) -> None:
    if 0 < result.base < 5 or not result.are_alike:
        assert_count(row[1], result.base)
    else:
        assert row[1] == NOT_SHOWN
    base = number(row[1])
    if not base:
        assert set(row[2:]) <= {NONE}
    elif question in SCALES:
        low, high = by_hand.wilson(result.favourable, base)
        expected = [percent(result.favourable / base), interval(low, high), percent(result.unfavourable / base)]
        assert row[2:5] == expected
    else:
        assert row[2:] == [percent(result.chosen[option] / base) for option in OPTIONS[question]]


@pytest.mark.parametrize("wanted", WEEKS, ids=lambda wanted: ",".join(wanted) or "all")
def test_every_figure_by_area_is_the_one_that_the_counts_give(city: City, wanted: dict[str, str]) -> None:
    shown = 0
    for question in QUESTIONS:
        address = "&".join(f"{name}={value}" for name, value in {**wanted, "question": question}.items())
        page = city.analyst.get(f"/insights?{address}")
        assert page.status_code == 200
        tables, results = tables_of(page.text), truth(city, question, wanted)
        if set(results) == {"*"}:
            assert "areas" not in tables
            continue
        rows = tables["areas"]
        assert set(rows) == set(results)
        for area, row in rows.items():
            assert_row(row, results[area], question)
        parts = {area: row[1] for area, row in rows.items() if area != "*"}
        assert_sum_tells_nothing(rows["*"][1], parts.values(), [results[area].base for area in parts])
        of_scale = sum(row[2] != NONE for area, row in rows.items() if area != "*") if question in SCALES else 0
        svg = city.analyst.get(f"/insights/charts/areas.svg?{address}").text
        assert svg.partition("mark-symbol")[2].partition("</g>")[0].count("<path") == of_scale
        shown += of_scale
    assert shown > 3 or "to" in wanted


def test_the_file_has_the_figures_by_area_too(city: City) -> None:
    text_of = city.analyst.get("/insights.csv?from=2026-W32").text.removeprefix("\ufeff")
    rows = [row for row in csv.DictReader(io.StringIO(text_of)) if row["table"] == "areas"]
    bases = {(row["value"], row["question"]): row["count"] for row in rows if row["measure"] == "base"}
    compared = 0
    for question in QUESTIONS:
        for area, result in truth(city, question, {"from": "2026-W32"}).items():
            count = bases["" if area == "*" else area or "not told", question]
            assert count in ("", str(result.base))
            compared += count not in ("", "0")
    assert compared > 10


def test_of_two_maps_areas_of_one_name_are_two_and_two_versions_of_a_survey_are_added(ottawa: Agency) -> None:
    def rows(version: str, map_: str) -> list[tuple[str, Place, int]]:
        place = Place("Bay", map_, version, "Q1", "")
        return [("2026-01", place, 10), *(("2026-01", place._replace(option=mark), 5) for mark in "14")]

    counts = counts_by_area([*rows("1", ""), *rows("2", ""), *rows("2", "2027")])
    found = by_area(counts, ottawa.survey.questions[0], first=None, last=None, at_least=5)
    assert [(line.value, line.base) for line in found.lines] == [("Bay", 20), ("Bay (2027)", 10)]
    assert found.whole.base == 30
    today = counts_by_area([*rows("1", ""), *rows("2", "2022"), *rows("2", "2027")], map_version="2027")
    found = by_area(today, ottawa.survey.questions[0], first=None, last=None, at_least=5)
    assert [(line.value, line.base) for line in found.lines] == [("Bay", 20), ("Bay (2022)", 10)]
