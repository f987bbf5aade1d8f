"""`communityconnect generate-day`, and the day that `make run` plays where nobody gives it a log."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Final

from local.generated.log import Counts, Recipe, write_log
from local.state import State
from policy.agency import Agency

ORDINARY_DAY: Final = date(2026, 5, 14)
"""A Thursday in spring; nothing is special about it."""
PLAYED_FROM: Final = datetime(2026, 5, 14, 8)  # noqa: DTZ001 - the agency's own time
"""People are awake then, and the first surveys go out at noon."""
STORM_DAY: Final = date(2026, 1, 15)
"""The service's first day in Ottawa was a blizzard."""
_YEAR: Final = 365


def recipe(*, seed: int, day: date | None, storm: bool, year: bool) -> Recipe:
    """The log that was asked for. A year begins on 1 January unless a day is given."""
    if day is None:
        day = date(ORDINARY_DAY.year, 1, 1) if year else STORM_DAY if storm else ORDINARY_DAY
    return Recipe(seed=seed, first_day=day, days=_YEAR if year else 1, storm=storm)


def generate(path: Path, agency: Agency, wanted: Recipe, *, say: Callable[[str], None]) -> Counts:
    """Write the log and say what is in it.

    Raises:
        LocalError: the agency reads other columns, or the file cannot be written.
    """

    def on_day(done: int) -> None:
        if done % 30 == 0:
            say(f"{done} of {wanted.days} days")

    counts = write_log(path, agency, wanted, on_day=on_day)
    say(
        f"{path}: {counts.calls} generated calls, {counts.priority_3} of priority 3 and {counts.priority_4} of "
        f"priority 4, in {counts.rows} rows. Nobody made these calls; each row says so."
    )
    return counts


def day_to_play(state: State, agency: Agency) -> Path:
    """The generated day of this folder, made on first use."""
    path = state.home / f"generated-{agency.key}.csv.gz"
    if not path.exists():
        write_log(path, agency, recipe(seed=1, day=None, storm=False, year=False))
    return path
