"""docs/benchmarks.md, written from its words (benchmarks/page.md.j2) and the results: nobody types a figure, but for
what profilers and trials said on the way.

`python -m benchmarks.report` writes it and its charts anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import jinja2

from benchmarks.charts import charts
from benchmarks.goals import rows
from benchmarks.results import By, Key, Line, Results, number, range_of, times

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = ROOT / "benchmarks" / "results.jsonl"
PAGE: Final = ROOT / "docs" / "benchmarks.md"
PICTURES: Final = ROOT / "docs" / "pictures"
WORDS: Final = ROOT / "benchmarks" / "page.md.j2"
NOT_MEASURED: Final = "not measured"
_SEVERAL: Final = "On two machines, or more; what on which, by the names that `make bench CASE=` knows:"
Cases = str | Sequence[str]


class Report:
    """What the page's words can ask for.

    `cases`: the name of a case, or several. `columns`: the heading of each column, and its figure. `by`: what tells a
    row from another: `case`, `contestant`, or a figure.
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    def table(
        self, cases: Cases, columns: Mapping[str, str], by: By = ("contestant",), *, names: Sequence[str] = ("",)
    ) -> str:
        """Medians over the rounds, with the lowest and the highest. `names`: the headings of what `by` says."""
        rows = [
            [*map(_cell, key), *(self._spread(figure, lines) for figure in columns.values()), str(len(lines))]
            for key, lines in self._rows(cases, by).items()
        ]
        return _table([*_headings(by, names), *columns, "rounds"], rows)

    def ratios(self, cases: Cases, to: str, columns: Mapping[str, str], by: By = ("contestant",)) -> str:
        """Each contestant's figures to those of the contestant `to`, round by round: medians of these ratios."""
        chosen = self._rows(cases, by)
        bases = {_without_contestant(key, by): lines for key, lines in chosen.items() if lines[0].contestant == to}
        rows = []
        for key, lines in chosen.items():
            others = bases.get(_without_contestant(key, by), [])
            if lines is not others:
                told = [self._results.ratio(figure, lines, others) for figure in columns.values()]
                rows.append([*map(_cell, key), *("" if one is None else range_of(one, times) for one in told)])
        return _table([*_headings(by, [f"to {to}"]), *columns], rows)

    def goals(self) -> str:
        """What was aimed at, and whether it is reached."""
        return _table(["aimed at", "bound", "measured", "rounds", " "], list(rows(self._results)))

    def reached(self) -> str:
        """How many of the goals."""
        said = [row[-1] for row in rows(self._results)]
        return f"{sum(one.startswith('reached') for one in said)} of {len(said)}"

    def pages(self, case: str, columns: Mapping[str, str], *, name: str = "") -> str:
        """A row for each beginning of figures' names: `board_p50` is the column `p50` of `board`."""
        lines = self._results.of(case)
        end = "_" + next(iter(columns.values()))
        figures = [figure for line in lines for figure in line.figures if figure.endswith(end)]
        rows = [
            [what.replace("_", " "), *(self._spread(f"{what}_{figure}", lines) for figure in columns.values())]
            for what in dict.fromkeys(figure.removesuffix(end) for figure in figures)
        ]
        return _table([name, *columns], rows)

    def chart(self, case: str, name: str, says: str) -> str:
        """The chart of a case that was measured. `says`: for those who do not see it."""
        return f"![{says}](pictures/{name}.svg)" if self._results.of(case) else ""

    def figure(self, case: str, contestant: str, figure: str, **where: float) -> str:
        """One median, for a sentence."""
        found = self._results.spread(figure, self._results.chosen(case, contestant, where))
        return NOT_MEASURED if found is None else number(found.median)

    def ratio(self, case: str, contestant: str, to: str, figure: str, **where: float) -> str:
        """The median of the ratios of the rounds, with the lowest and the highest, for a sentence."""
        own, others = (self._results.chosen(case, name, where) for name in (contestant, to))
        found = self._results.ratio(figure, own, others)
        return NOT_MEASURED if found is None else range_of(found, times)

    def machine(self) -> str:
        """What it was measured on; of several machines, what on which."""
        machines = self._results.machines
        said = []
        for place, facts in enumerate(machines):
            cases = dict.fromkeys(line.case for line in self._results.lines if line.machine == place)
            which = f"*{', '.join(cases)}*:\n\n" if len(machines) > 1 else ""
            said.append(which + "\n".join(f"- {name}: {fact}" for name, fact in facts.items()))
        return "\n\n".join([_SEVERAL, *said] if len(said) > 1 else said) or NOT_MEASURED

    def when(self) -> str:
        """On which days it was measured, and at which commits."""
        days = sorted({line.measured.partition(" ")[0] for line in self._results.lines})
        commits = dict.fromkeys(line.commit or "(not noted)" for line in self._results.lines)
        if not days:
            return NOT_MEASURED
        when = f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}"
        return f"{when}, at {', '.join(commits)}"

    def _rows(self, cases: Cases, by: By) -> dict[Key, list[Line]]:
        rows: dict[Key, list[Line]] = {}
        for line in self._results.of(cases):
            rows.setdefault(line.key(by), []).append(line)
        return rows

    def _spread(self, figure: str, lines: Iterable[Line]) -> str:
        found = self._results.spread(figure, lines)
        return "" if found is None else range_of(found)


def page(results: Results, words: str) -> str:
    """The page's Markdown."""
    # Markdown, not HTML, and our own words.
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701
    return environment.from_string(words).render(report=Report(results))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns that nobody has a figure for are left out."""
    if not rows:
        return NOT_MEASURED
    kept = [place for place, _ in enumerate(headings) if any(row[place] for row in rows)]
    lines = [headings, ["---:" if place else "---" for place, _ in enumerate(headings)], *rows]
    return "\n".join(f"| {' | '.join(line[place] for place in kept)} |" for line in lines)


def _headings(by: By, names: Sequence[str]) -> list[str]:
    return [*names, *[""] * (len(by) - len(names))]


def _without_contestant(key: Key, by: By) -> Key:
    """What tells a row from another, but for the contestant."""
    return tuple(part for part, name in zip(key, by, strict=True) if name != "contestant")


def _cell(key: str | float | None) -> str:
    return key if isinstance(key, str) else "" if key is None else number(key)


def main() -> None:
    """Write the page and its charts."""
    results = Results.read(RESULTS)
    PAGE.write_text(page(results, WORDS.read_text(encoding="utf-8")), encoding="utf-8")
    for name, svg in charts(results).items():
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
