"""What was counted when fuzzing, as docs/fuzzing.md shows it: `python -m tests.fuzz.counted` writes it there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.fuzz.door import HERE
from tests.fuzz.doors import DOORS

COUNTS: Final = HERE / "counts.json"
PAGE: Final = Path(__file__).parents[2] / "docs/fuzzing.md"
_HEADING: Final = (
    "| door | what it takes | what is held | executions | seconds | branches | features | corpus | findings | besides |"
)
_COLUMNS: Final = _HEADING.count("|") - 1


def table() -> str:
    """In Markdown, a line for each door."""
    return "\n".join([_HEADING, "|---" * _COLUMNS + "|", *_lines()])


def _lines() -> Iterator[str]:
    counts = json.loads(COUNTS.read_text("utf-8"))
    for name, door in DOORS.items():
        of = counts[name]
        kept = len(list(door.found.glob("*")))
        besides = ", ".join(f"`{test}`" for test in door.besides)
        yield (
            f"| `{name}` | {door.what} | {door.held} | {of['executions']:,} | {of['seconds']:,} | {of['branches']:,} "
            f"| {of['features']:,} | {of['corpus']} files, {of['bytes'] / 1000:.0f} kB | {kept} | {besides} |"
        )


def main() -> None:
    """Put the table of now into the page."""
    page = PAGE.read_text("utf-8")
    PAGE.write_text(re.sub(r"(?s)\| door \|.*?\n\n", lambda _: table() + "\n\n", page), encoding="utf-8")


if __name__ == "__main__":
    main()
