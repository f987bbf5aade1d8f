"""Memory that grows, and a database that does not grow in a straight line, are seen."""

from tests.year.growth import DATABASES, databases, memory
from tests.year.samples import PROCESSES

_CALLS = [1_000 * place for place in range(275)]


def samples(*, kilobytes_a_call: float = 0.0, bends: float = 1.0) -> list[dict[str, float]]:
    """A year's: memory fills in the first thousands of calls, and grows by so much per call."""
    return [
        {"run": 1, "fed": fed, "late_p99": 0.1}
        | {f"{name} kB": 150_000 + min(fed, 20_000) + kilobytes_a_call * fed for name in PROCESSES}
        | {f"{name} cpu": fed / 100 for name in (*PROCESSES, "feeder")}
        | {f"{name} bytes": 5_000.0 * fed**bends for name in DATABASES}
        for fed in _CALLS
    ]


def test_memory_that_only_fills_in_the_first_tenth_is_flat() -> None:
    assert all(one.is_flat for one in memory(samples()))


def test_a_process_that_keeps_two_hundred_bytes_of_each_call_is_seen() -> None:
    found = memory(samples(kilobytes_a_call=0.2))
    assert not any(one.is_flat for one in found)
    assert round(found[0].bytes_a_call) == 205


def test_a_straight_line_has_its_slope_and_a_bent_one_is_seen() -> None:
    straight, bent = databases(samples())[0], databases(samples(bends=2.0))[0]
    assert (round(straight.bytes_a_call), round(straight.straightness or 0, 6)) == (5_000, 1.0)
    assert (bent.straightness or 0) < 0.99


def test_a_run_that_began_anew_is_not_mixed_with_the_one_before() -> None:
    first = samples()[:100]
    second = [{**one, "run": 2, "fed": one["fed"] + 100_000, "worker kB": 90_000.0} for one in samples()[:60]]
    assert next(one for one in memory([*first, *second]) if one.process == "worker").calls < 100_000
