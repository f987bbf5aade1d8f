"""docs/year.md, from the results' file: nobody types figures."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.year import growth
from tests.year.lives import CALLS_A_YEAR

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "year.md"
_INTRODUCTION: Final = f"""# A year

    make test-year              # goes on where it was stopped, also by a kill; when all is over, it writes this page
    make test-year MINUTES=20   # works for so long and stops in order
    make test-year FRESH=1      # forgets what was begun

takes every call of priority 3 and 4 of a [generated Ottawa year](decisions/0014-the-generated-day.md),
{CALLS_A_YEAR:,} of them, through the real service: `cad serve` over HTTP with signed batches, starter, worker and
web, PostgreSQL with its commits on the disk, Temporal's server with its database in a file, and the telephone network
in a box with its callbacks. What they leave is in `.year/`.

Calls come in the year's order, as fast as the machine keeps up: each one's life is moved, received now, everything
else as long after it as it was, on a clock that runs 600 times faster. The feeder looks every second at what Temporal
has not heard of, what waits in line and how late texts are, and lets fewer calls in before an hour's expiry comes
near. Ottawa's folder is used as it is but for two things: a number may be texted as often as it calls, since there
are 5,600 fictional ones, and moved times are written in UTC.

At the end every call is accounted for (`tests/year/accounts.py`): the database's decision and the texts that the
ledger and the phones have, beside [a calculation of what the policy owes](technical-description.md#a-simulation) that
imports nothing of the product. A text that CAD's next word came so close to that it could be first is told apart: as
close as the texts of those seconds were late, as the ledger says, and the call's records were. Every other difference
fails the command.

Every 30 seconds memory (PSS) and the sizes of the databases are noted in `.year/samples.csv`. Memory must be flat:
after the first tenth of a run no process may grow by more than {growth.FLAT_WITHIN_KILOBYTES // 1000} MB, which is
0.1 kB for each call of a year and less than any object that could be forgotten, or by {growth.FLAT_WITHIN:.0%} of
what it has, for Temporal and PostgreSQL, whose caches fill slowly. Each table and file must grow in a straight line:
R² at least {growth.STRAIGHT}. The reconciler and forgetting run on their schedules, in real time; a year's calls pass
in a few weeks of the service's time, so that nothing is old enough to be forgotten, and this is the growth without
it.
"""


def write_page(results: Path, page: Path = PAGE) -> None:
    """The page anew."""
    page.write_text(page_of(json.loads(results.read_text(encoding="utf-8"))), encoding="utf-8")


def page_of(results: Mapping[str, Any]) -> str:
    """The page with these results."""
    return "\n".join([_INTRODUCTION, *_said(results)]) + "\n"


def _said(results: Mapping[str, Any]) -> Iterator[str]:
    counts = results["counts"]
    yield "## What it said\n"
    if counts["calls"] < CALLS_A_YEAR:
        yield "**The whole year was not run yet.** These are the figures of a trial, to show what the command tells.\n"
    by_service, by_us = counts["eligible, by the service"], counts["eligible, by the calculation"]
    yield (
        f"{counts['calls']:,} of {CALLS_A_YEAR:,} calls, in {results['runs']} runs and {results['hours']:.1f} hours of "
        f"feeding, on {results['machine']}. Eligible by the service's decision: {by_service:,}; by the calculation: "
        f"{by_us:,}. Texts on phones: {counts['on phones']:,}. From when a confirmation or delay notice was due to the "
        "carrier's word that it has it, at the 99th percentile of each half minute: "
        f"{results['late_p99']:.2f} s (real) in the median.\n"
    )
    yield from _table(("what became of them", "number"), [(name, f"{number:,}") for name, number in counts.items()])
    yield "\n### Differences\n"
    if not results["failures"]:
        yield "None.\n"
    yield from (f"- {failure}" for failure in results["failures"])
    yield "\n### Memory\n"
    yield from _table(
        ("process", "after the first tenth", "at the end", "by the straight line", "over calls", "flat"),
        [
            (
                one["process"],
                f"{one['begins_kb'] / 1000:.0f} MB",
                f"{one['ends_kb'] / 1000:.0f} MB",
                f"{one['grows_kb'] / 1000:+.1f} MB",
                f"{one['calls']:,}",
                "yes" if one["is_flat"] else "no",
            )
            for one in results["memory"]
        ],
    )
    yield "\n### Growth\n"
    yield from _table(
        ("table or file", "at the end", "bytes a call", "R²"),
        [
            (
                one["name"],
                f"{one['bytes'] / 1e6:,.1f} MB",
                f"{one['bytes_a_call']:,.0f}",
                "" if one["straightness"] is None else f"{one['straightness']:.4f}",
            )
            for one in results["databases"]
        ],
    )
    yield "\n### Processor time\n"
    costs = results["milliseconds_a_call"]
    rows = [(name, f"{milliseconds:.1f}") for name, milliseconds in costs.items()]
    yield from _table(("process", "ms a call that was fed"), [*rows, ("together", f"{sum(costs.values()):.1f}")])


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
