"""The disclosure report: what a person reads before a bundle is approved. It is never published."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from insights.open_data.counted import QuarterCounts
from insights.open_data.edition import Edition
from insights.open_data.intervals import Interval
from insights.open_data.places import CITY, Plan
from insights.open_data.shown import Known, Shown
from insights.open_data.tables import ACTIVITY, RESULTS, Line, Status, lines_of_activity, lines_of_results
from insights.protect import LEAST_WIDTH

_ROUNDING: Final = 1e-6
_FIGURES: Final = {ACTIVITY: "COUNT", RESULTS: "N_ANSWERS"}


def report_of(
    edition: Edition,
    shown: Shown,
    found: Sequence[Interval],
    *,
    counts: QuarterCounts,
    was_on: bool,
    compared_with: Iterable[str],
    not_compared: Iterable[str],
) -> dict[str, Any]:
    """`found`: what the attack on this bundle and all the others found, the narrowest first."""
    lines = {
        ACTIVITY: list(lines_of_activity(shown, edition.quarter)),
        RESULTS: list(lines_of_results(shown, edition.quarter, survey_version="", was_on=was_on)),
    }
    tables = [
        {"table": name.removeprefix("communityconnect_").removesuffix(".csv"), **_sorts(lines[name])} for name in lines
    ]
    figures = [int(line[_FIGURES[name]]) for name in lines for line in lines[name] if line[_FIGURES[name]] != ""]
    cells = sum(len(told) for told in shown.calls.values()) + len(shown.answers) + 1
    cells += sum(len(told) for told in shown.by_area.values())
    is_safe = all(one.width >= one.needed - _ROUNDING for one in found)
    of_cells = [one for one in found if one.needed == LEAST_WIDTH]
    return {
        "is_safe": is_safe,
        "least_width": LEAST_WIDTH,
        "base": shown.base,
        "cells": cells,
        "sums": max(0, len(figures) - cells),
        "suppressed": sum(table["SUPPRESSED"] for table in tables),
        "smallest": min(figures, default=None),
        "narrowest": _interval(min(of_cells, key=lambda one: one.width)) if of_cells else None,
        "too_narrow": [_interval(one) for one in found if one.width < one.needed - _ROUNDING][:50],
        "tables": tables,
        "rolled_up": list(_rolled_up(shown)),
        "left_out": sorted(_left_out(shown, counts)),
        "compared_with": sorted(compared_with),
        "not_compared": sorted(not_compared),
        "published_as": edition.published_as(),
        "rules": rules_of(edition),
        "public_calls": {str(priority): dict(by_area) for priority, by_area in shown.known.items()},
        "public_calls_now": {str(priority): dict(by_area) for priority, by_area in shown.listed.items()},
    }


def rules_of(edition: Edition) -> dict[str, Any]:
    """By what it was decided which areas are told: bundles with others cannot be compared line by line."""
    areas = edition.open_data.areas
    return {
        "least_calls": edition.open_data.least_calls,
        "least_calls_survey": edition.open_data.least_calls_survey,
        "map": None if areas is None else areas.model_dump(mode="json"),
    }


def known_of(report: Mapping[str, Any]) -> Known:
    """What a public list had when the quarter's first version was made."""
    return _read(report["public_calls"])


def listed_of(report: Mapping[str, Any]) -> Known:
    """What it had when that report was written."""
    return _read(report["public_calls_now"])


def _read(calls: Mapping[str, Mapping[str, int]]) -> Known:
    return {int(priority): dict(by_area) for priority, by_area in calls.items()}


def _sorts(lines: Sequence[Line]) -> dict[str, int]:
    sorts = Counter(line["STATUS"] for line in lines)
    return {"rows": len(lines), **{status.value: sorts[status] for status in Status}}


def _interval(one: Interval) -> dict[str, Any]:
    return {
        "width": round(one.width, 3),
        "low": round(one.low, 3),
        "high": round(one.high, 3),
        "quarter": one.quarter,
        "table": one.table,
        "place": one.place,
        "what": one.what,
    }


def _rolled_up(shown: Shown) -> Iterable[dict[str, Any]]:
    for priority, plan in shown.plans.items():
        yield from _together(shown, plan, "activity", str(priority), shown.known.get(priority, {}))
    total: Counter[str] = Counter()
    for by_area in shown.known.values():
        total.update(by_area)
    yield from _together(shown, shown.survey_plan, "survey_results", "ALL", total)


def _together(
    shown: Shown, plan: Plan, table: str, priority: str, known: Mapping[str, int]
) -> Iterable[dict[str, Any]]:
    within = shown.map.within
    for id_, place in shown.map.places.items():
        if id_ in plan.told or id_ in plan.empty or id_ == CITY:
            continue
        at = within[id_]
        while at not in plan.told and at != CITY:
            at = within[at]
        into = shown.map.places[at]
        yield {
            "table": table,
            "level": place.level.value,
            "id": place.id,
            "priority": priority,
            "into": f"{into.level} {into.id}",
            "public_calls": sum(known.get(one, 0) for one in shown.map.all_within(id_)),
        }


def _left_out(shown: Shown, counts: QuarterCounts) -> Iterable[str]:
    asked = {question.id: {option.id for option in question.options} for question in shown.questions}
    for id_ in {question for question, _ in counts.answers} - set(asked):
        yield f"{id_}: not in the survey any more, or not for the public"
    for question, option in counts.answers:
        if option and question in asked and option not in asked[question]:
            yield f"{question} {option}: not in the survey any more"
