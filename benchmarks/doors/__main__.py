"""One door alone: `python -m benchmarks.doors accept|survey|pages` prints its figures as JSON."""

import asyncio
import json
import sys
from collections.abc import Sequence

from benchmarks.doors.accept import BATCH, accept
from benchmarks.doors.pages import pages
from benchmarks.doors.surveys import survey
from benchmarks.figures import Figures


def measured(door: str) -> Sequence[Figures]:
    """The figures of this door."""
    if door == "accept":
        return [asyncio.run(accept(batch=batch)) for batch in (1, BATCH)]
    if door == "survey":
        return [asyncio.run(survey())]
    if door == "pages":
        return [pages()]
    raise SystemExit(f"There is no door {door!r}: accept, survey or pages.")


if __name__ == "__main__":
    print(json.dumps(measured(" ".join(sys.argv[1:])), indent=1))  # noqa: T201 - what it is for
