"""docs/year.md, from the files of the parts that were run to their end (`said/`): nobody types figures."""

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.year import growth
from tests.year.lives import CALLS_A_YEAR
from tests.year.part import Part

HERE: Final = Path(__file__).resolve().parent
SAID: Final = HERE / "said"
PAGE: Final = HERE.parents[1] / "docs" / "year.md"
Said = Mapping[str, Any]
"""One part's results (`results.py`), with its name."""
Rows = list[tuple[str, ...]]


def keep(results: Path, part: Part, *, said: Path = SAID) -> None:
    """Take what a part said into the repository; other divisions of the year give way to it."""
    said.mkdir(exist_ok=True)
    for other in said.glob("*.json"):
        if not other.stem.endswith(f"-of-{part.of}"):
            other.unlink()
    (said / f"{part.name}.json").write_text(results.read_text(encoding="utf-8"), encoding="utf-8")


def write_page(*, said: Path = SAID, page: Path = PAGE) -> None:
    """The page anew."""
    files = sorted(said.glob("*.json"), key=lambda file: int(file.stem.partition("-")[0]))
    page.write_text(page_of([json.loads(file.read_text("utf-8")) | {"part": file.stem} for file in files]), "utf-8")


def page_of(parts: Sequence[Said]) -> str:
    """The page with what these parts said; none was run yet: it says so."""
    words = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, autoescape=False)  # noqa: S701 - Markdown
    counts: Counter[str] = sum((Counter(part["counts"]) for part in parts), Counter())
    return words.get_template("page.md.j2").render(
        year=CALLS_A_YEAR,
        growth=growth,
        parts=parts,
        counts=dict(sorted(counts.items())),
        failures=[f"{part['part']}: {failure}" for part in parts for failure in part["failures"]],
        memory="\n".join(_memory(parts)),
        sizes="\n".join(_growth(parts)),
        costs="\n".join(_costs(parts)),
    )


def _memory(parts: Sequence[Said]) -> Iterator[str]:
    rows: Rows = []
    for of_process in zip_longest(*(part["memory"] for part in parts)):
        cells = (
            f"{one['begins_kb'] / 1000:.0f} to {one['ends_kb'] / 1000:.0f}{'' if one['is_flat'] else ', **not flat**'}"
            for one in of_process
        )
        rows.append((of_process[0]["process"], *cells))
    return _table(("MB (PSS)", *(part["part"] for part in parts)), rows)


def _growth(parts: Sequence[Said]) -> Iterator[str]:
    rows: Rows = []
    for of_table in zip_longest(*(part["databases"] for part in parts)):
        slopes = [one["bytes_a_call"] for one in of_table]
        straight = [one["straightness"] for one in of_table if one["straightness"] is not None]
        ends = " ".join(f"{one['bytes'] / 1e6:,.1f}" for one in of_table)
        least = f"{min(straight):.4f}" if straight else ""
        rows.append((of_table[0]["name"], ends, _spread(slopes, "{:,.0f}"), least))
    return _table(("table or file", "MB at the end of each part", "bytes a call", "R², the least"), rows)


def _costs(parts: Sequence[Said]) -> Iterator[str]:
    of_parts: list[dict[str, float]] = [part["milliseconds_a_call"] for part in parts]
    names = list(of_parts[0]) if of_parts else []
    rows = [(name, _spread([costs[name] for costs in of_parts], "{:.1f}")) for name in names]
    together = _spread([sum(costs.values()) for costs in of_parts], "{:.1f}")
    return _table(("process", "ms a call that was fed"), [*rows, ("together", together)])


def _spread(figures: Sequence[float], shape: str) -> str:
    """The median, and from where to where where they are several."""
    if not figures:
        return ""
    middle, least, most = (shape.format(one) for one in (statistics.median(figures), min(figures), max(figures)))
    return middle if len(figures) == 1 else f"{middle} ({least} to {most})"


def _table(head: tuple[str, ...], rows: Rows) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    write_page()
