"""A portal on the disk, and the bundles of which it was made."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tests.public.read_page import Element, read_page

SECRET_WARD: Final = "Ward of the unpublished quarter"
Row = Mapping[str, str]


@dataclass(frozen=True)
class Portal:
    """`quarters`: the published ones, the earliest first; the last is there in two versions. `said`: by the command."""

    bundles: Path
    site: Path
    quarters: Sequence[str]
    said: str

    def pages(self, under: str = "") -> Iterator[tuple[str, Element]]:
        for path in sorted((self.site / under).rglob("*.html")):
            yield path.relative_to(self.site).as_posix(), _page(path)

    def page(self, address: str) -> Element:
        return _page(self.site / address)

    def rows(self, quarter: str, table: str) -> list[Row]:
        """Of the newest version: `activity`, `survey_results`."""
        version = "v2" if quarter == self.quarters[-1] else "v1"
        path = self.bundles / "ottawa" / quarter / version / f"communityconnect_{table}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@cache
def _page(path: Path) -> Element:
    return read_page(path.read_text(encoding="utf-8"))
