"""Which figures of a page are drawn, and how: only lines that its tables show."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from fastapi import Response

from insights.breakdown import Broken, Line
from insights.charts import Bar, Point, bars, dots, trend
from insights.funnel import STEPS, Funnel
from insights.reach import Reach
from insights.wilson import Share
from survey.context import iso_week
from survey.questions import QuestionKind
from web.staff.console.said import Said

ANSWER_CHARTS: Final = ("funnel.svg", "questions.svg", "options.svg", "week.svg", "wait.svg", "area.svg", "areas.svg")
REACH_CHARTS: Final = ("area.svg", "group.svg")
_NONE: Final = -1.0


def answer_chart(
    name: str,
    *,
    funnel: Funnel,
    questions: Sequence[Line],
    broken: Broken,
    by_area: Sequence[Line],
    said: Said,
    t: Mapping[str, str],
    theme: str,
) -> str:
    """The SVG of this name. `t`: the page's words."""
    percent = said.percent_sign
    if name == "funnel.svg":
        steps = funnel.whole.steps
        return bars(tuple(Bar(t[f"step_{step}"], steps[step], said.number(steps[step])) for step in STEPS), theme=theme)
    if name == "questions.svg":
        return dots(_points((line.value, _favourable(line)) for line in questions), theme=theme, percent=percent)
    if name == "options.svg":
        options = broken.whole.figure.options.items() if broken.whole.figure else ()
        labelled = ((said.option(broken.question, option), share) for option, share in options)
        return dots(_points(labelled), theme=theme, percent=percent)
    if broken.question.kind is not QuestionKind.SCALE:
        return dots((), theme=theme, percent=percent)
    part = name.removesuffix(".svg")
    if part == "week":
        return trend(_weeks(broken.parts["week"]), theme=theme, percent=percent)
    found = by_area if part == "areas" else broken.parts[part]
    lines = ((said.value("area" if part == "areas" else part, line.value), _favourable(line)) for line in found)
    return dots(_points(lines), theme=theme, percent=percent)


def reach_chart(name: str, reach: Reach, said: Said, *, theme: str) -> str:
    """The share that is not reached, a line each."""
    part = name.removesuffix(".svg")
    lines = ((said.value(part, line.value), line.missed) for line in reach.parts[part])
    return dots(_points(lines), theme=theme, percent=said.percent_sign)


def svg_response(svg: str) -> Response:
    return Response(svg, media_type="image/svg+xml")


def _favourable(line: Line) -> Share | None:
    return None if line.figure is None else line.figure.favourable


def _points(lines: Iterable[tuple[str, Share | None]]) -> tuple[Point, ...]:
    return tuple(Point(label, share.share, share.low, share.high) for label, share in lines if share is not None)


def _weeks(lines: Sequence[Line]) -> tuple[Point, ...]:
    """All weeks from the first to the last; those without a figure leave a gap."""
    found = {line.value: _favourable(line) for line in lines}
    points = []
    for week in _all_weeks(sorted(found)):
        share = found.get(week)
        points.append(
            Point(week, _NONE, _NONE, _NONE) if share is None else Point(week, share.share, share.low, share.high)
        )
    return tuple(points)


def _all_weeks(weeks: Sequence[str]) -> list[str]:
    if not weeks:
        return []
    year, number = weeks[0].split("-W")
    monday, found = date.fromisocalendar(int(year), int(number), 1), [weeks[0]]
    while found[-1] < weeks[-1]:
        monday += timedelta(weeks=1)
        found.append(iso_week(monday))
    return found
