"""The charts of docs/benchmarks.md. Their colours follow the reader's: a light page, or a dark one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import altair as alt
import vl_convert

from benchmarks.results import Results, number

_WIDTH: Final = 560
_ROW: Final = 34
_POWERS: Final = (0.1, 1, 10, 100, 1_000, 10_000)
_FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_LIGHT_TO_DARK: Final[Mapping[str, str]] = {
    "#ffffff": "#14181d",  # ground
    "#1a2027": "#e9edf2",  # ink
    "#4a5562": "#b1bbc7",  # labels
    "#cfd6de": "#39434f",  # lines
    "#12406b": "#9cc6f2",  # the accent, and the first part of a bar
    "#b4552d": "#e79a72",
    "#3f7d4e": "#8ccf9c",
    "#8a6d1f": "#d9bd6a",
    "#6a4c93": "#bfa3e6",
    "#2b8a99": "#86d0db",
    "#8b949e": "#8b949e",
}
_GROUND, _INK, _QUIET, _LINE, *_PARTS = _LIGHT_TO_DARK
_ACCENT: Final = _PARTS[0]
_NAMES: Final[Mapping[str, str]] = {
    "cpu_ms_temporal": "Temporal",
    "cpu_ms_worker": "worker",
    "cpu_ms_postgresql": "PostgreSQL",
    "cpu_ms_cad": "CAD's port",
    "cpu_ms_starter": "starter",
    "cpu_ms_web": "web",
    "cpu_ms_driver": "driver and carrier",
}


@dataclass(frozen=True, kw_only=True)
class _Span:
    """From the median to the 99th percentile, in ms."""

    label: str
    p50: float
    p99: float
    said: str


def charts(results: Results) -> Mapping[str, str]:
    """SVG by name; a chart of what was not measured is not there."""
    drawn = {
        "benchmarks-lives": _lives(results),
        "benchmarks-shares": _shares(results),
        "benchmarks-latency": _latency(results),
    }
    return {name: svg for name, svg in drawn.items() if svg}


def _lives(results: Results) -> str:
    """Lifecycles a second, on a scale of powers of ten: a table is twenty times quicker than an engine."""
    values = [
        {"label": contestant, "value": value, "said": number(value)}
        for contestant, value in _medians(results, "closed", "lifecycles_per_s").items()
    ]
    if not values:
        return ""
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=_rows([str(value["label"]) for value in values]), x=_across("value", "lifecycles a second", is_log=True)
    )
    dots = base.mark_circle(color=_ACCENT, size=110, opacity=1)
    return _svg(alt.layer(dots, _words(base)), rows=len(values))


def _shares(results: Results) -> str:
    """Processor time per lifecycle, by part."""
    values = [
        {"label": contestant, "part": name, "order": order, "value": value}
        for order, (figure, name) in enumerate(_NAMES.items())
        for contestant, value in _medians(results, "closed", figure).items()
    ]
    if not values:
        return ""
    labels = list(_medians(results, "closed", "cpu_ms_all"))
    parts = [name for name in _NAMES.values() if any(value["part"] == name for value in values)]
    colours = alt.Scale(domain=parts, range=_PARTS[: len(parts)])
    legend = alt.Legend(title=None, orient="bottom", columns=4, labelColor=_INK, labelFontSize=13, symbolType="square")
    bars = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(height=20)
        .encode(
            y=_rows(labels),
            x=_across("value", "ms of processor time per lifecycle"),
            color=alt.Color("part:N", scale=colours, legend=legend),
            order="order:Q",
        )
    )
    return _svg(alt.layer(bars), rows=len(labels))


def _latency(results: Results) -> str:
    """From a record to the carrier: a line from the median to the 99th percentile."""
    medians, nines = (_medians(results, "latency", f"survey_p{percent}") for percent in (50, 99))
    spans = [
        _Span(label=one, p50=p50, p99=nines[one], said=f"{number(p50)} to {number(nines[one])}")
        for one, p50 in medians.items()
        if one in nines
    ]
    if not spans:
        return ""
    base = alt.Chart(alt.InlineData(values=[asdict(span) for span in spans]))
    lines = _rows([span.label for span in spans])
    across = _across(
        "p50", "ms from a record to its POST at the carrier: the median, and the 99th percentile", is_log=True
    )
    rule = base.mark_rule(color=_ACCENT, strokeWidth=3).encode(y=lines, x=across, x2="p99:Q")
    middle = base.mark_circle(color=_ACCENT, size=110, opacity=1).encode(y=lines, x=across)
    end = base.mark_tick(color=_ACCENT, thickness=3, height=16).encode(y=lines, x="p99:Q")
    words = _words(base.encode(y=lines, x="p99:Q"))
    return _svg(alt.layer(rule, middle, end, words), rows=len(spans))


def _medians(results: Results, case: str, figure: str) -> dict[str, float]:
    """By contestant, in their order."""
    lines = results.of(case)
    found = {
        contestant: results.spread(figure, [line for line in lines if line.contestant == contestant])
        for contestant in dict.fromkeys(line.contestant for line in lines)
    }
    return {contestant: spread.median for contestant, spread in found.items() if spread is not None}


def _rows(labels: Sequence[str]) -> alt.Y:
    room = 8 * max(map(len, labels))
    return alt.Y(
        "label:N",
        sort=list(labels),
        title=None,
        axis=alt.Axis(labelLimit=400, minExtent=room, ticks=False, domain=False),
    )


def _across(name: str, title: str, *, is_log: bool = False) -> alt.X:
    scale = alt.Scale(type="log", nice=True) if is_log else alt.Scale(zero=True)
    ticks = {"values": _POWERS} if is_log else {"tickCount": 5}
    axis = alt.Axis(ticks=False, domain=False, format="," if is_log else ",.0f", **ticks)
    return alt.X(f"{name}:Q", title=title, scale=scale, axis=axis)


def _words(base: alt.Chart) -> alt.Chart:
    words: alt.Chart = base.mark_text(align="left", dx=10, color=_INK, fontSize=13).encode(text="said:N")
    return words


def _svg(chart: alt.LayerChart | alt.FacetChart, *, rows: int) -> str:
    specification: dict[str, Any] = chart.properties(width=_WIDTH, height=_ROW * rows).to_dict(validate=False)
    specification["config"] = {
        "background": _GROUND,
        "font": _FONT,
        "padding": {"left": 12, "right": 90, "top": 12, "bottom": 10},
        "view": {"stroke": None},
        "axis": {
            "labelColor": _INK,
            "titleColor": _QUIET,
            "gridColor": _LINE,
            "labelFontSize": 13,
            "titleFontSize": 13,
            "titleFontWeight": "normal",
        },
    }
    svg: str = vl_convert.vegalite_to_svg(specification)
    opening, end, rest = svg.partition(">")
    return f"{opening}{end}<style>{_dark()}</style>{rest}"


def _dark() -> str:
    rules = "".join(
        f'[{attribute}="{light}"]{{{attribute}:{dark}}}'
        for light, dark in _LIGHT_TO_DARK.items()
        for attribute in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"
