"""Recipes that several tests use."""

from datetime import date
from zoneinfo import ZoneInfo

from local.generated.log import Recipe

TORONTO = ZoneInfo("America/Toronto")
THURSDAY = date(2026, 1, 15)


def recipe(*, seed: int = 1, first_day: date = THURSDAY, days: int = 1, storm: bool = False) -> Recipe:
    return Recipe(seed=seed, first_day=first_day, days=days, storm=storm)
