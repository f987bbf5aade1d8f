"""What became of a dropped file: counted while it is read, and told to people in a file beside it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from starter.drop_places import Ending
from starter.feeds import Result
from starter.intake import Taken
from watching.redaction import redact

MOST_SHOWN: Final = 300
"""Rejected records in a report. Whoever has more has one mistake many times."""


@dataclass(kw_only=True)
class Reading:
    """One file, read as far as it could be. Every record that was read is in `counts` once.

    `broken`: why the file, or what follows in it, could not be read. `is_second`: an earlier reading began it.
    """

    counts: Counter[Result] = field(default_factory=Counter)
    rejected: list[str] = field(default_factory=list)
    last_place: str | None = None
    broken: str | None = None
    is_second: bool = False

    def note(self, place: str, taken: Taken) -> None:
        """What became of the record there."""
        self.counts[taken.result] += 1
        self.last_place = place
        if taken.result is Result.REJECTED and len(self.rejected) < MOST_SHOWN:
            self.rejected.append(f"{place}: {redact(taken.reason or '')}")

    @property
    def records(self) -> int:
        return self.counts.total()

    @property
    def ending(self) -> Ending:
        """Where the file goes."""
        is_well = self.broken is None and not self.counts[Result.REJECTED]
        return Ending.DONE if is_well else Ending.FAILED

    @property
    def trouble(self) -> str | None:
        """What is wrong with the feed, not with one record; `None`: nothing."""
        if self.broken is not None:
            return self.broken
        if self.records and self.counts[Result.REJECTED] == self.records:
            return f"none of its {self.records} records could be read; the first: {self.rejected[0]}"
        return None

    def report(self, *, feed: str, at: datetime) -> str:
        """For whoever looks after the CAD's export. Nothing personal stands in it (R3)."""
        lines = [
            f"feed       {feed}",
            f"finished   {at:%Y-%m-%d %H:%M:%S} UTC",
            f"records    {self.records}",
            *(f"  {result:<8} {self.counts[result]}" for result in Result),
        ]
        if self.broken is not None:
            after = "the file" if self.last_place is None else f"what follows {self.last_place}"
            lines.append(f"not read   {after}: {self.broken}")
        if self.is_second:
            lines.append("An earlier reading of this file was broken off; what it took counts as repeated here.")
        if self.rejected:
            lines += [
                "",
                "Rejected records, kept for a person to look at: communityconnect cad rejected",
                *self.rejected,
            ]
            more = self.counts[Result.REJECTED] - len(self.rejected)
            lines += [f"and {more} more"] if more else []
        return "\n".join(lines) + "\n"
