"""Charts, drawn on the server: the figures of a table as a picture, in the colours of a light or a dark page.

They show what is shown in the table beside them and nothing else; what is hidden there has no mark here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import altair as alt
import vl_convert

_WIDTH: Final = 620
_ROW: Final = 26
_TALL: Final = 200
_CHARACTER, _LABEL_AT_MOST = 8, 280
_FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_COLOURS: Final[Mapping[str, Mapping[str, str]]] = {
    "light": {"ground": "#ffffff", "ink": "#1a2027", "quiet": "#4a5562", "line": "#cfd6de", "accent": "#12406b"},
    "dark": {"ground": "#14181d", "ink": "#e9edf2", "quiet": "#b1bbc7", "line": "#39434f", "accent": "#9cc6f2"},
}
THEMES: Final = tuple(_COLOURS)
_MOST_KEPT: Final = 512


@dataclass(frozen=True)
class Point:
    """A share with its interval, of a line of a table."""

    label: str
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Bar:
    """A count; `said`: as it is written at its end."""

    label: str
    count: int
    said: str


@lru_cache(maxsize=_MOST_KEPT)
def dots(points: tuple[Point, ...], *, theme: str, percent: str) -> str:
    """A dot a line, with its interval, from none to all. `percent`: as in `50 %`."""
    colours = _COLOURS[theme]
    data = alt.InlineData(values=[vars(point) for point in points])
    lines = _lines([point.label for point in points])
    across = _percents(alt.X, "share", percent)
    base = alt.Chart(data)
    chart = alt.layer(
        base.mark_rule(color=colours["accent"], strokeWidth=2, opacity=0.55).encode(
            x=_percents(alt.X, "low", percent), x2="high:Q", y=lines
        ),
        base.mark_circle(color=colours["accent"], size=80, opacity=1).encode(x=across, y=lines),
    )
    return _svg(chart, colours, height=_ROW * max(1, len(points)))


@lru_cache(maxsize=_MOST_KEPT)
def trend(points: tuple[Point, ...], *, theme: str, percent: str) -> str:
    """A dot a week, with its interval; a line where weeks follow each other. A week without a figure has a gap: its
    place is there (`Point` with shares below 0)."""
    colours = _COLOURS[theme]
    shown = [vars(point) for point in points if point.share >= 0]
    weeks = [point.label for point in points]
    across = alt.X(
        "label:O",
        scale=alt.Scale(domain=weeks),
        title=None,
        axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False, domain=False),
    )
    rows = [{**vars(p), "share": p.share if p.share >= 0 else None} for p in points]
    chart = alt.layer(
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(color=colours["accent"], strokeWidth=1.5, opacity=0.7)
        .encode(x=across, y=_percents(alt.Y, "share", percent)),
        alt.Chart(alt.InlineData(values=shown))
        .mark_rule(color=colours["accent"], strokeWidth=2, opacity=0.45)
        .encode(x=across, y=_percents(alt.Y, "low", percent), y2="high:Q"),
        alt.Chart(alt.InlineData(values=shown))
        .mark_circle(color=colours["accent"], size=60, opacity=1)
        .encode(x=across, y=_percents(alt.Y, "share", percent)),
    )
    return _svg(chart, colours, height=_TALL)


@lru_cache(maxsize=_MOST_KEPT)
def bars(steps: tuple[Bar, ...], *, theme: str) -> str:
    """A bar a line, and its count at its end."""
    colours = _COLOURS[theme]
    base = alt.Chart(alt.InlineData(values=[vars(step) for step in steps])).encode(
        y=_lines([step.label for step in steps]),
        x=alt.X(
            "count:Q",
            title=None,
            axis=None,
            scale=alt.Scale(domain=[0, max((step.count for step in steps), default=1) * 1.15 or 1]),
        ),
    )
    chart = alt.layer(
        base.mark_bar(color=colours["accent"], height=18),
        base.mark_text(align="left", dx=6, color=colours["ink"], fontSize=13).encode(text="said:N"),
    )
    return _svg(chart, colours, height=34 * max(1, len(steps)))


def _lines(labels: Sequence[str]) -> alt.Y:
    """A line each, in their order. Its room is by their length: the page's own font may be wider than the one here."""
    room = min(_LABEL_AT_MOST, _CHARACTER * max((len(label) for label in labels), default=0))
    axis = alt.Axis(ticks=False, domain=False, labelLimit=_LABEL_AT_MOST, minExtent=room)
    return alt.Y("label:N", sort=None, title=None, axis=axis)


def _percents(channel: Any, name: str, percent: str) -> Any:
    """From none to all, whatever is shown: charts can be compared."""
    said = percent.format("' + format(datum.value * 100, '.0f') + '")
    return channel(
        f"{name}:Q",
        scale=alt.Scale(domain=[0, 1]),
        title=None,
        axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], labelExpr=f"'{said}'", ticks=False, domain=False),
    )


def _svg(chart: alt.LayerChart | alt.FacetChart, colours: Mapping[str, str], *, height: int) -> str:
    quiet = {"labelColor": colours["quiet"], "gridColor": colours["line"], "labelFontSize": 13, "labelFont": _FONT}
    specification = chart.properties(width=_WIDTH, height=height).to_dict(validate=False)
    specification["config"] = {
        "background": colours["ground"],
        "font": _FONT,
        "aria": False,  # a picture with a text beside it, and a table behind it
        "padding": {"left": 12, "right": 24, "top": 8, "bottom": 8},
        "view": {"stroke": None},
        "axis": quiet,
    }
    svg: str = vl_convert.vegalite_to_svg(specification)
    return svg


def warm_up() -> None:
    """The first chart of a process takes a second longer than the others."""
    bars((Bar("", 1, ""),), theme="light")
