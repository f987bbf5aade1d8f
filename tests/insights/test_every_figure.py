"""Every figure on every page, recalculated from the raw tables; and none of fewer than five, whatever is asked for."""

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import pairwise, product
from random import Random
from urllib.parse import urlencode

import pytest

from survey.cut import FEWEST
from tests.insights import by_hand
from tests.insights.by_hand import KINDS, OPTIONS, PARTS, REACH_PARTS, SCALES, STEPS, Facts, Filter, Result
from tests.insights.conftest import City
from tests.insights.quarter import AREAS, weeks_of
from tests.insights.tables import (
    NONE,
    NOT_SHOWN,
    assert_count,
    assert_only_hidden_where_needed,
    assert_sum_tells_nothing,
    interval,
    number,
    percent,
    tables_of,
)

QUESTIONS = (*SCALES[:5], "Q6", *SCALES[5:], "Q10")
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"language": "fr"},
    {"area": "Ward 3", "from": "2026-W30"},
    {"group": "animal"},
    {"wait": "4 h and more", "priority": "3"},
    {"from": "2026-W31", "to": "2026-W31", "language": "en"},
)


@pytest.fixture(scope="module")
def facts(city: City) -> Facts:
    return by_hand.read(city.engine)


Tables = Mapping[str, Mapping[str, list[str]]]


def page_of(city: City, path: str, wanted: Filter) -> Tables:
    answer = city.analyst.get(f"{path}?{urlencode(wanted)}")
    assert answer.status_code == 200
    return tables_of(answer.text)


def assert_answers(row: list[str], truth: Result, question: str) -> None:
    """Base, and what was chosen: nothing of it where the base is not shown."""
    if 0 < truth.base < 5 or not truth.are_alike:
        assert_count(row[1], truth.base)
    else:
        assert row[1] == NOT_SHOWN, row
    base = number(row[1])
    if not base:
        assert set(row[2:]) <= {NONE}, row
    elif question in SCALES:
        low, high = by_hand.wilson(truth.favourable, base)
        favourable, unfavourable = truth.favourable / base, truth.unfavourable / base
        assert row[2:5] == [percent(favourable), interval(low, high), percent(unfavourable)]
    else:
        assert row[2:] == [percent(truth.chosen[option] / base) for option in OPTIONS[question]] or len(row) == 5


def assert_part(rows: Mapping[str, list[str]], truth: Mapping[str, Result], question: str) -> None:
    assert set(rows) == set(truth)
    for value, row in rows.items():
        assert_answers(row, truth[value], question)
    parts = {value: row[1] for value, row in rows.items() if value != "*"}
    assert_sum_tells_nothing(rows["*"][1], parts.values(), [truth[value].base for value in parts])


def assert_answers_page(tables: Tables, facts: Facts, wanted: Filter, question: str) -> None:
    truth = {part: by_hand.by_part(facts, wanted, question, part) for part in PARTS}
    for part in PARTS:
        assert_part(tables[part], truth[part], question)
    alike = sum(one.are_alike for part in truth.values() for one in part.values())
    cells = {(part, value): row[1] for part in PARTS for value, row in tables[part].items()}
    counts = {(part, value): truth[part][value].base for part, value in cells}
    assert_only_hidden_where_needed(cells, counts, alike)
    those = [answer for answer in facts.answers if by_hand.fits(answer.about, wanted)]
    assert list(tables["questions"]) == list(QUESTIONS)
    for each, row in tables["questions"].items():
        if each in SCALES:
            assert_answers(row, by_hand.result(those, each), each)
        else:
            assert row[2:] == [NONE] * 3
            assert_count(row[1], by_hand.result(those, each).base)
    assert_options(tables["options"], truth["week"]["*"], number(tables["week"]["*"][1]))
    assert_funnel(tables, by_hand.funnel(facts, wanted))


def assert_options(rows: Mapping[str, list[str]], truth: Result, base: int | None) -> None:
    for option, row in rows.items():
        if not base:
            assert row[1:] == [NONE, NONE]
        else:
            count = truth.chosen[option]
            assert row[1:] == [percent(count / base), interval(*by_hand.wilson(count, base))]


def assert_funnel(tables: Tables, truth: Mapping[str, Mapping[str, int]]) -> None:
    if "funnel" not in tables:
        assert set(truth) == {"*"}
        return
    whole = {step: tables["funnel"][step] for step in STEPS}
    weeks = tables["funnel-weeks"]
    assert set(weeks) == set(truth) - {"*"}
    shown = {"*": [whole[step][1] for step in STEPS], **{week: cells[1:6] for week, cells in weeks.items()}}
    for week, cells in shown.items():
        assert [number(cell) for cell in cells] == [truth[week][step] for step in STEPS]
        assert week == "*" or not by_hand.few_in(truth[week])
        answered = expected_share(cells[4], cells[1])
        assert (tables["funnel"]["answered"][2:4] if week == "*" else weeks[week][6:8]) == answered
    for before, step in pairwise(STEPS):
        assert whole[step][2:4] == expected_share(whole[step][1], whole[before][1]), step


def expected_share(cell: str, of: str) -> list[str]:
    count, base = number(cell), number(of)
    if count is None or not base or count > base:
        return [NONE, NONE]
    return [percent(count / base), interval(*by_hand.wilson(count, base))]


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda wanted: ",".join(wanted) or "all")
def test_every_figure_of_the_answers_is_the_one_that_the_tables_give(city: City, facts: Facts, wanted: Filter) -> None:
    for question in QUESTIONS:
        tables = page_of(city, "/insights", {**wanted, "question": question})
        assert_answers_page(tables, facts, wanted, question)


def assert_reach(tables: Tables, facts: Facts, month: str) -> None:
    columns = ("total", *KINDS)
    for part in REACH_PARTS:
        truth, rows = by_hand.reach(facts, month, part), tables[part]
        assert set(rows) == set(truth)
        assert rows["*"] == tables["area"]["*"]
        assert rows["*"][1:] == tables["month"][month][1:]
        for value, row in rows.items():
            for place, kind in enumerate(columns):
                assert_count(row[1 + place], truth[value][kind])
            assert_sum_tells_nothing(row[1], row[2 : 2 + len(KINDS)], [truth[value][kind] for kind in KINDS])
            total, reached = number(row[1]), number(row[2])
            missed = [NONE, NONE]
            if total and reached is not None:
                missed = [percent((total - reached) / total), interval(*by_hand.wilson(total - reached, total))]
            assert row[-2:] == missed, row
        for place, kind in enumerate(columns):
            parts = {value: row[1 + place] for value, row in rows.items() if value != "*"}
            assert_sum_tells_nothing(rows["*"][1 + place], parts.values(), [truth[value][kind] for value in parts])


def test_every_figure_of_the_reach_is_the_one_that_the_tables_give(city: City, facts: Facts) -> None:
    months = by_hand.months_over(facts)
    assert len(months) >= 3
    assert list(page_of(city, "/insights/reach", {})["month"]) == months
    for month in months:
        assert_reach(page_of(city, "/insights/reach", {"month": month}), facts, month)
        assert_file(city.analyst.get(f"/insights/reach.csv?month={month}").text)
    assert page_of(city, "/insights/reach", {"month": "2026-09"}) == page_of(city, "/insights/reach", {})


def combinations(city: City, facts: Facts) -> Iterator[dict[str, str]]:
    """Each value that some answer has with each value of every other filter, and some of everything at random."""
    said = {name: sorted({answer.about[name] for answer in facts.answers} - {""}) for name in PARTS if name != "week"}
    values = {name: some or [AREAS[0]] for name, some in said.items()}
    weeks = list(weeks_of(city.quarter))
    for one, other in product(values, values):
        if one < other:
            yield from ({one: a, other: b} for a, b in product(values[one], values[other]))
    for week in weeks:
        yield from ({"from": week, "to": week, name: value} for name in ("language", "wait") for value in values[name])
    chance = Random(4)
    for _ in range(300):
        first, last = sorted(chance.choices(weeks, k=2))
        chosen = {name: chance.choice(values[name]) for name in values if chance.random() < 0.6}
        yield {"from": first, "to": last, **chosen}


def test_no_figure_of_few_is_in_a_page_a_chart_or_a_file_whatever_is_asked_for(city: City, facts: Facts) -> None:
    analyst, asked, drawn, secrets = city.analyst, 0, 0, 0
    chance = Random(city.quarter.calls)
    for wanted in combinations(city, facts):
        if chance.random() < 0.4:  # the other city has others
            continue
        asked += 1
        question = chance.choice(QUESTIONS)
        tables = page_of(city, "/insights", {**wanted, "question": question})
        for part in PARTS:
            assert_part(tables[part], by_hand.by_part(facts, wanted, question, part), question)
            secrets += sum(number(row[1]) is None for row in tables[part].values())
        if chance.random() < 0.15:
            address = urlencode({**wanted, "question": question})
            assert_file(analyst.get(f"/insights.csv?{address}").text)
            for name in ("week", "wait", "area"):
                rows = [row for value, row in tables[name].items() if value != "*"]
                shown = sum(row[2] != NONE for row in rows) if question in SCALES else 0
                svg = analyst.get(f"/insights/charts/{name}.svg?{address}").text
                assert marks(svg) == shown, (wanted, question, name)
                drawn += shown
    assert min(asked, drawn, secrets) > 30


def marks(svg: str) -> int:
    """The dots of a chart."""
    dots = svg.partition("mark-symbol")[2].partition("</g>")[0]
    return dots.count("<path")


def assert_file(text: str) -> None:
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    bases: dict[tuple[str, ...], str] = {}
    for row in rows:
        assert row["shown"] in ("yes", "fewer than 5", "not shown")
        assert (row["count"] != "") == (row["shown"] == "yes" and (row["share"] == "" or row["table"] == "funnel"))
        assert row["count"] == "" or row["count"] == "0" or int(row["count"]) >= 5, row
        place = (row["table"], row["by"], row["value"], row["question"])
        if row["measure"] == "base":
            bases[place] = row["count"]
        elif row["table"] in ("answers", "areas"):
            assert int(bases[place]) >= 5, row


def test_the_file_has_the_figures_of_the_page_and_the_codebook_every_word_of_it(city: City, facts: Facts) -> None:
    analyst = city.analyst
    rows = list(csv.DictReader(io.StringIO(analyst.get("/insights.csv").text.removeprefix("\ufeff"))))
    told = {(row["by"], row["value"], row["question"], row["measure"]): row for row in rows if row["table"] != "areas"}
    truth = by_hand.by_part(facts, {}, "Q5", "area")
    for value, result in truth.items():
        place = ("", "") if value == "*" else ("area", value or "not told")
        row = told[(*place, "Q5", "base")]
        if row["count"]:
            assert int(row["count"]) == result.base
            favourable = told[(*place, "Q5", "favourable")]
            low, high = by_hand.wilson(result.favourable, result.base)
            expected = (result.favourable / result.base, low, high)
            assert tuple(float(favourable[name]) for name in ("share", "low", "high")) == pytest.approx(
                expected, abs=1e-4
            )
    book = list(csv.DictReader(io.StringIO(analyst.get("/insights-codebook.csv").text.removeprefix("\ufeff"))))
    known = {row["value"] for row in book}
    assert set(rows[0]) <= known
    for row in [*rows, *csv.DictReader(io.StringIO(analyst.get("/insights/reach.csv").text.removeprefix("\ufeff")))]:
        assert row["measure"] in known, row["measure"]
        assert row["by"] not in ("group", "wait") or row["value"] in known | {"not told"}, row
    assert all(row["english"] and row["french"] for row in book)


def test_whatever_two_pages_are_set_beside_each_other_their_difference_is_of_whole_cells(facts: Facts) -> None:
    """Of one question fewer may have answered: that is said in the decision, and is so."""
    cells: dict[tuple[str, ...], list[by_hand.Answer]] = {}
    for answer in facts.answers:
        cells.setdefault(tuple(answer.about[part] for part in PARTS), []).append(answer)
    assert min(map(len, cells.values())) >= FEWEST
    chance = Random(9)
    for _ in range(300):
        one, other = ({part: chance.choice(list(cells))[n] for n, part in enumerate(PARTS)} for _ in range(2))
        kept = chance.sample(PARTS[1:], k=2)
        wide = {kept[0]: one[kept[0]], "to": max(one["week"], other["week"])}
        narrow = {**wide, kept[1]: one[kept[1]], "to": min(one["week"], other["week"])}
        left = [a for a in facts.answers if by_hand.fits(a.about, wide) and not by_hand.fits(a.about, narrow)]
        assert not left or len(left) >= FEWEST
    assert any(0 < by_hand.result(some, "Q7").base < 5 for some in cells.values())
