"""From a record to its POST, also where numbers come again."""

from types import SimpleNamespace
from typing import Any

from benchmarks.cases import Case, latencies
from benchmarks.contestants import Bare
from benchmarks.lifecycles import Call, Driver
from starter.fictional_numbers import fictional_number, how_many


def test_a_confirmation_is_not_taken_for_that_of_an_earlier_call_of_the_same_number() -> None:
    """There are some four thousand fictional numbers, and more calls are open."""
    driver, nothing = Driver(Bare()), SimpleNamespace()
    seen = {fictional_number(1): [10.1, 15.0, 500.04, 600.02]}
    for number in (1 + how_many(), 1 + how_many()):  # percentiles need two
        driver.ended.append(Call(number=number, told={"received": 500.0, "cleared": 600.0}))
    anything: Any = nothing
    case = Case(contestant=Bare(), ground=anything, driver=driver, carrier=anything, seen=seen)
    figures = latencies(case)
    assert round(figures["confirmation_p50"]) == 40
    assert round(figures["survey_p50"]) == 20
