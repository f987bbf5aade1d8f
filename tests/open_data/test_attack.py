"""R7: nobody can be found in the bundles, by whoever has all their files, a public list of all calls, and our code."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from insights.open_data.attack import attack
from insights.open_data.attack_calls import NotASum
from insights.open_data.counted import CallCounts, QuarterCounts
from insights.open_data.intervals import Interval
from insights.open_data.measures import OF_CALLS, Measure
from insights.open_data.places import CITY, Map, plan_of
from insights.open_data.released import Released
from insights.protect import LEAST_WIDTH
from policy.agency import Agency
from survey.areas import closed_questions
from survey.questions import QuestionKind
from tests.conftest import FIGURES
from tests.open_data.made_up import (
    Q3,
    MadeUp,
    a_quarter,
    areas_of,
    late,
    publishing,
    read,
    shown_of,
    world_of,
    written,
)


def attacked(seed: int, agency: Agency, folder: Path, *, least_calls_survey: int) -> list[Interval]:
    """Two quarters in order, the second one published twice."""
    draw = Random(seed)
    agency = publishing(agency, areas_of(draw), least_calls_survey=least_calls_survey)
    areas = agency.open_data.areas if agency.open_data else None
    assert areas is not None
    questions = closed_questions(agency.survey)
    before, made = a_quarter(draw, areas, questions), a_quarter(draw, areas, questions)
    again = late(draw, made)
    first = shown_of(made, agency)
    second = shown_of(again, agency, earlier=first)
    earlier = shown_of(before, agency, quarter=Q3.before)
    bundles = [
        written(folder / f"{seed}-0", earlier, agency, quarter=Q3.before),
        written(folder / f"{seed}-1", first, agency),
        written(folder / f"{seed}-2", second, agency, version=2),
    ]
    world = world_of(agency, {(Q3, 1): made.public, (Q3, 2): again.public, (Q3.before, 1): before.public})
    return attack([read(files, agency) for files in bundles], world)


def too_close(found: list[Interval]) -> list[Interval]:
    return [one for one in found if one.width < one.needed - 1e-6]


@pytest.mark.parametrize("seed", [*range(20), 1265])  # the last: a quarter with fewer calls than are told at all
def test_r7_no_cell_of_any_bundle_can_be_told_closer_than_ten(seed: int, ottawa: Agency, tmp_path: Path) -> None:
    found = attacked(seed, ottawa, tmp_path, least_calls_survey=(400, 4000)[seed % 2])
    assert len(found) > 100
    assert too_close(found) == []


@pytest.mark.deep
@pytest.mark.timeout(7200)
def test_r7_no_cell_of_a_thousand_quarters_can_be_told_closer_than_ten(
    ottawa: Agency, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    narrowest, cells = float("inf"), 0
    for seed in range(1000, 2000):
        with TemporaryDirectory(dir=tmp_path) as folder:
            found = attacked(seed, ottawa, Path(folder), least_calls_survey=(60, 400, 4000, 400)[seed % 4])
        assert too_close(found) == [], f"seed {seed}"
        narrowest = min(narrowest, *(one.width for one in found if one.needed == LEAST_WIDTH))
        cells += len(found)
    record_property(FIGURES, f"1,000 cities, three bundles each: {cells} cells, the narrowest {narrowest:g} wide")


def test_r7_the_attack_finds_what_was_not_protected(ottawa: Agency, tmp_path: Path) -> None:
    """The same files, but for one figure that was counted and not rounded, or that is a rounding of its own."""
    draw = Random(5)
    agency = publishing(ottawa, areas_of(draw))
    assert agency.open_data is not None
    assert agency.open_data.areas is not None
    made = a_quarter(draw, agency.open_data.areas, closed_questions(agency.survey))
    files = written(tmp_path / "one", shown_of(made, agency), agency)
    world = world_of(agency, {(Q3, 1): made.public})
    released = read(files, agency)
    place, priority, measure = next(key for key, figure in released.activity.items() if figure and key[0] != CITY)
    activity = dict(released.activity) | {(place, priority, measure): released.activity[place, priority, measure] + 15}
    with pytest.raises(NotASum):
        attack([replace(released, activity=activity)], world)


def test_r7_the_attack_finds_a_figure_that_only_one_count_is_shown_as(ottawa: Agency) -> None:
    """45 of a list of 41: this code shows nothing like it, and the code of before showed only 31 so."""
    agency = publishing(ottawa)
    made = MadeUp(counts=QuarterCounts(calls={(None, 4): CallCounts(known=41, eligible=31, sent=31)}), public=[])
    shown = shown_of(made, agency)
    told = {(CITY, "4", one): shown.of_calls(CITY, 4, one).figure or 0 for one in OF_CALLS}
    assert told[CITY, "4", Measure.CONFIRMATIONS_SENT] == 30
    told[CITY, "4", Measure.CALLS_ELIGIBLE] = 45
    known: dict[int, dict[str, int]] = {3: {}, 4: {CITY: 41}}
    world = replace(world_of(agency, {}), calls={Q3: known}, listed={(Q3, 1): known})
    released = Released(quarter=Q3, version=1, base=15, activity=told, answers={}, answered={})
    with pytest.raises(NotASum, match="no count of at most 41 is shown as 45"):
        attack([released], world)


def test_r7_what_is_known_of_a_cell_is_true(ottawa: Agency, tmp_path: Path) -> None:
    """The interval has in it what was counted: else it would be wide for nothing."""
    draw = Random(6)
    agency = publishing(ottawa, areas_of(draw))
    assert agency.open_data is not None
    assert agency.open_data.areas is not None
    made = a_quarter(draw, agency.open_data.areas, closed_questions(agency.survey))
    files = written(tmp_path / "one", shown_of(made, agency), agency)
    found = attack([read(files, agency)], world_of(agency, {(Q3, 1): made.public}))
    city = {one.what: one for one in found if one.place == "CITY ottawa" and one.table == "survey_results"}
    for (question, option), count in made.counts.answers.items():
        if (one := city.get(f"{question} {option}")) is not None:
            assert one.low - 1e-6 <= count <= one.high + 1e-6
    told = {(one.place, one.what): one for one in found if one.table == "activity"}
    looked = 0
    for (place, priority), counts in made.counts.calls.items():
        for level in ("WARD", "NEIGHBOURHOOD"):
            if (one := told.get((f"{level} {place}", f"{priority} CONFIRMATIONS_SENT"))) is not None:
                assert one.low - 1e-6 <= counts.sent <= one.high + 1e-6
                looked += 1
    assert looked > 5


@pytest.mark.parametrize("count", range(31, 76, 4))
def test_r7_the_same_count_is_shown_alike_in_a_second_version_however_long_the_list_has_become(
    count: int, ottawa: Agency
) -> None:
    """Near the top of the list it is rounded down; of a longer list it might be rounded up, and both would tell it."""
    agency = publishing(ottawa)
    for more in range(0, 12, 3):
        known = count + more
        first, second = (
            MadeUp(counts=QuarterCounts(calls={(None, 4): CallCounts(known=n, eligible=count, sent=count)}), public=[])
            for n in (known, known + 40)
        )
        before = shown_of(first, agency)
        after = shown_of(second, agency, earlier=before)
        told = [one.of_calls(CITY, 4, Measure.CALLS_ELIGIBLE).figure for one in (before, after)]
        assert told[0] == told[1]


def test_r7_what_is_left_of_an_area_after_its_parts_is_never_a_few() -> None:
    """By the list alone, and of whatever areas: no cell has fewer calls than 30, and each call is in one."""
    for seed in range(200):
        draw = Random(seed)
        map_ = Map(id="ottawa", areas=areas_of(draw))
        calls = {id_: round(draw.lognormvariate(3, 1.5)) for id_ in map_.places if draw.random() < 0.8}
        plan = plan_of(map_, calls, least=30)
        assert [cell for cell in plan.cells if cell.calls < 30] == []
        counted = sorted(id_ for cell in plan.cells for id_ in cell.of)
        assert len(counted) == len(set(counted))
        if plan.cells:
            assert sum(cell.calls for cell in plan.cells) == sum(calls.values())
            for id_ in plan.told:
                within = sum(calls.get(one, 0) for one in map_.all_within(id_))
                assert sum(cell.calls for cell in plan.sums[id_]) == within >= 30


def test_r7_whether_there_was_a_survey_is_said_by_what_is_published_not_by_one_invitation(ottawa: Agency) -> None:
    agency = publishing(ottawa)
    for invited in range(60):
        counts = CallCounts(known=100, eligible=60, sent=60, invited=invited)
        shown = shown_of(MadeUp(counts=QuarterCounts(calls={(None, 4): counts}), public=[]), agency)
        assert shown.had_survey == bool(shown.of_calls(CITY, 4, Measure.SURVEY_INVITATIONS).figure)


def test_r7_the_attack_knows_that_all_answers_to_one_question_share_a_draw(ottawa: Agency) -> None:
    """One option is shown, the others as nought, and many more answered than chose the one: so none of the others was
    rounded up, by the draw that rounded the total up, and each is near to 14."""
    agency = publishing(ottawa)
    question = next(one for one in closed_questions(agency.survey) if one.kind is QuestionKind.MULTI_CHOICE)
    options = [option.id for option in question.options]
    known: dict[int, dict[str, int]] = {3: {}, 4: {CITY: 3000}}
    world = replace(world_of(agency, {}), calls={Q3: known}, listed={(Q3, 1): known})
    for more, is_too_close in ((15, False), (15 * len(options) - 15, True)):
        released = Released(
            quarter=Q3,
            version=1,
            base=15,
            activity={(CITY, "4", measure): 1995 for measure in OF_CALLS},
            answers={(CITY, question.id): dict.fromkeys(options, 0) | {options[0]: 300}},
            answered={(CITY, question.id): 300 + more},
        )
        assert bool(too_close(attack([released], world))) is is_too_close, more


def test_r7_a_bundle_of_an_earlier_survey_is_attacked_as_well(ottawa: Agency, tmp_path: Path) -> None:
    """It lacks an option that the survey has today."""
    draw = Random(15)
    agency = publishing(ottawa, areas_of(draw))
    assert agency.open_data is not None
    assert agency.open_data.areas is not None
    made = a_quarter(draw, agency.open_data.areas, closed_questions(agency.survey))
    released = read(written(tmp_path / "one", shown_of(made, agency), agency), agency)
    earlier = {
        at: {option: figure for option, figure in told.items() if option not in {"none", "drugs"}}
        for at, told in released.answers.items()
    }
    found = attack([replace(released, answers=earlier)], world_of(agency, {(Q3, 1): made.public}))
    assert too_close(found) == []
    assert not any("drugs" in one.what for one in found)


@pytest.mark.parametrize("sent", range(30, 45))
def test_what_lies_within_is_not_shown_as_more_where_the_larger_one_had_to_be_rounded_down(
    sent: int, ottawa: Agency
) -> None:
    counts = QuarterCounts(calls={(None, 4): CallCounts(known=44, eligible=44, sent=sent, delivered=sent)})
    shown = shown_of(MadeUp(counts=counts, public=[]), publishing(ottawa))
    told = [
        shown.of_calls(CITY, 4, measure).figure
        for measure in (Measure.CALLS_ELIGIBLE, Measure.CONFIRMATIONS_SENT, Measure.CONFIRMATIONS_DELIVERED)
    ]
    assert told == [30, 30, 30]
