"""R7: somebody who has every page, chart and file, and calculates. Nothing of few comes of it."""

import csv
import io
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from itertools import product
from random import Random
from urllib.parse import urlencode

import pytest

from insights.small import Hidden, Sum
from tests.insights import by_hand
from tests.insights.attacker import guesses
from tests.insights.by_hand import KINDS, REACH_PARTS, STEPS, Facts
from tests.insights.conftest import City
from tests.insights.quarter import weeks_of
from tests.insights.tables import FEW, NONE, number, percent, tables_of

pytestmark = pytest.mark.parametrize("city", ["small"], indirect=True)
COLUMNS = ("total", *KINDS)
_DOT = re.compile(r'translate\(([0-9.]+),[0-9.]+\)"')
_WIDTH = 620


@pytest.fixture(scope="module")
def facts(city: City) -> Facts:
    return by_hand.read(city.engine)


def page_of(city: City, path: str, asked: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
    answer = city.analyst.get(f"{path}?{urlencode(asked)}")
    assert answer.status_code == 200
    return tables_of(answer.text)


def test_no_count_of_few_follows_from_all_that_a_page_of_the_reach_says(city: City, facts: Facts) -> None:
    calculated = 0
    for month in by_hand.months_over(facts):
        tables = page_of(city, "/insights/reach", {"month": month})
        cells: dict[Hashable, str] = {}
        sums: list[Sum[Hashable]] = []
        for part in REACH_PARTS:
            for value, row in tables[part].items():
                place = ("", "*") if value == "*" else (part, value)
                cells |= {(*place, kind): cell for kind, cell in zip(COLUMNS, row[1:], strict=False)}
                sums.append(Sum((*place, "total"), [(*place, kind) for kind in KINDS]))
            values = [value for value in tables[part] if value != "*"]
            sums += [Sum(("", "*", kind), [(part, value, kind) for value in values]) for kind in COLUMNS]
        shown = {key: count for key, cell in cells.items() if (count := number(cell)) is not None}
        why = {key: Hidden.FEW if cell == FEW else Hidden.WITH_IT for key, cell in cells.items() if key not in shown}
        found = guesses(shown, sums, why, at_least=5, most=30)
        calculated += len(found)
        assert not [(key, guess) for key, guess in found.items() if guess.is_certain]
    assert calculated > 30


def funnel_pages(city: City) -> Iterator[tuple[tuple[str, str, str], dict[str, list[str]]]]:
    """First week, last week and language; the weeks' rows."""
    weeks = list(weeks_of(city.quarter))
    spans = [("", ""), *((first, last) for first, last in product(weeks, weeks) if first <= last)]
    for (first, last), language in product(Random(5).sample(spans, 16), ("", "en", "fr")):
        asked = {name: value for name, value in (("from", first), ("to", last), ("language", language)) if value}
        tables = page_of(city, "/insights", asked)
        if "funnel" in tables:
            whole = [tables["funnel"][step][1] for step in STEPS]
            yield (first, last, language), {"*": ["", *whole], **tables["funnel-weeks"]}


def test_no_difference_of_two_or_three_pages_of_the_funnel_is_of_few(city: City, facts: Facts) -> None:
    """Every number that is shown is of some weeks, some languages and a step. Whoever takes numbers from each other
    until what is left is of some weeks, languages and a step once more has no figure of few."""
    truth: Counter[tuple[str, str, str]] = Counter()
    for one in facts.invited:
        truth[one["week"], one["language"], "invited"] += 1
        truth[one["week"], one["language"], "delivered"] += one["state"] == "delivered"
    for row in facts.counted:
        truth[row["week"], row["language"], "opened"] += row["opened"]
        truth[row["week"], row["language"], "started"] += row["started"]
    for answer in facts.answers:
        truth[answer.about["week"], answer.about["language"], "submitted"] += 1
    told_apart = {block.name: block for block in by_hand.together(facts)}
    shown: dict[frozenset[tuple[str, str, str]], int] = {}
    for (_, _, language), rows in funnel_pages(city):
        of_weeks: dict[str, set[tuple[str, str]]] = {}
        for name in rows.keys() - {"*"}:
            block = told_apart[name]
            known = {told for week, told, _ in truth if week in block.weeks}
            languages = [language] if language else sorted(known)
            of_weeks[name] = set(product(block.weeks, languages))
        of_weeks["*"] = set().union(*of_weeks.values())
        for name, cells in rows.items():
            steps = {step: number(cell) or 0 for step, cell in zip(STEPS, cells[1:], strict=False)}
            assert name == "*" or not by_hand.few_in(steps), (name, language)  # nor what one is short of another
            for step, cell in zip(STEPS, cells[1:], strict=False):
                about = frozenset((week, told, step) for week, told in of_weeks[name])
                count = number(cell)
                assert count == sum(truth[one] for one in about)
                shown[about] = count or 0
    chance, left = Random(11), 0
    inside = {all_: [some for some in shown if some < all_] for all_ in shown}
    for all_, some in inside.items():
        for _ in range(25 if some else 0):
            two = chance.choice(some)
            weeks = {week for week, _, _ in two}
            alike = [one for one in some if not one & two and {week for week, _, _ in one} == weeks]
            three = chance.choice(alike or some)
            taken = [two] if two & three else [two, three]
            rest, count = all_.difference(*taken), shown[all_] - sum(shown[one] for one in taken)
            left += bool(rest)
            assert count == sum(truth[each] for each in rest)
            assert not 0 < count < 5, (sorted(rest), count)
    assert not [count for count in shown.values() if 0 < count < 5]
    assert left > 300
    assert not any(by_hand.few_in(steps) for block in told_apart.values() for steps in block.steps.values())


def rows_of(city: City, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(city.analyst.get(address).text.removeprefix("\ufeff"))))


def dots(city: City, name: str, asked: Mapping[str, str]) -> list[int]:
    """Where the dots of a chart stand, in percent of its width."""
    svg = city.analyst.get(f"/insights/charts/{name}.svg?{urlencode(asked)}").text
    return [round(100 * float(x) / _WIDTH) for x in _DOT.findall(svg.partition("mark-symbol")[2].partition("</g>")[0])]


def test_the_file_of_the_reach_says_what_its_page_says(city: City, facts: Facts) -> None:
    for month in by_hand.months_over(facts)[:2]:
        tables = page_of(city, "/insights/reach", {"month": month})
        rows = rows_of(city, f"/insights/reach.csv?month={month}")
        assert len(rows) > 100
        for row in rows:
            part = row["by"] or "area"
            cells = tables[part]["*" if not row["by"] else row["value"].replace("not told", "")]
            if row["measure"] == "missed":
                low, high = (round(100 * float(row[name]) - 1e-9) for name in ("low", "high"))
                assert cells[-2] == percent(float(row["share"]))
                assert all(
                    abs(int(end) - of) <= 1 for end, of in zip(cells[-1][:-1].split("–"), (low, high), strict=True)
                )
            else:
                assert (row["count"] or row["shown"]) == cells[1 + COLUMNS.index(row["measure"])].replace(",", "")


def test_pages_charts_and_files_say_the_same_and_nothing_more(city: City) -> None:
    chance, compared = Random(12), 0
    weeks = list(weeks_of(city.quarter))
    for _ in range(7):
        asked = {"question": chance.choice(by_hand.SCALES)}
        asked |= {"language": chance.choice(("en", "fr"))} if chance.random() < 0.5 else {}
        asked |= {"from": chance.choice(weeks)} if chance.random() < 0.5 else {}
        asked |= {"priority": chance.choice("34")} if chance.random() < 0.3 else {}
        tables = page_of(city, "/insights", asked)
        told: dict[tuple[str, str, str], dict[str, str]] = {}
        for row in rows_of(city, f"/insights.csv?{urlencode(asked)}"):
            if row["table"] in ("answers", "areas") and row["question"] == asked["question"]:
                name = "areas" if row["table"] == "areas" else row["by"]
                told[name, row["value"].replace("not told", ""), row["measure"]] = row
        for name in (*by_hand.PARTS, "areas"):
            for value, cells in tables.get(name, {}).items():
                place = ("areas" if name == "areas" else "", "") if value == "*" else (name, value)
                if name == "areas" and value == "":
                    continue  # in the file it has the value of the whole
                base = told[(*place, "base")]
                assert (base["count"] or base["shown"]) == cells[1].replace(",", "")
                if cells[2] == NONE:
                    assert (*place, "favourable") not in told
                    continue
                assert percent(float(told[(*place, "favourable")]["share"])) == cells[2]
                compared += 1
        for name in ("wait", "areas"):
            rows = [cells[2] for value, cells in tables.get(name, {}).items() if value != "*" and cells[2] != NONE]
            found = [f"{dot}%" for dot in dots(city, name, asked)]
            assert len(found) == len(rows)
            assert all(abs(int(dot[:-1]) - int(cell[:-1])) <= 1 for dot, cell in zip(found, rows, strict=True))
        if "funnel" in tables:
            svg = city.analyst.get(f"/insights/charts/funnel.svg?{urlencode(asked)}").text
            assert re.findall(r">([0-9,]+)</text>", svg) == [tables["funnel"][step][1] for step in STEPS]
    assert compared > 25
