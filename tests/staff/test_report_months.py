"""The report's months in the process: how old they may be, who waits, and what the background does."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from calls.clock import Clock
from insights.counted import Counted
from insights.months import Month
from web.staff.report.months import KeptMonths

NOVEMBER, OCTOBER, SEPTEMBER = Month(2026, 11), Month(2026, 10), Month(2026, 9)


@dataclass
class Bench:
    """A clock of the process that is set by hand, and what was counted."""

    now: float = 1000.0
    read: list[Month] = field(default_factory=list)

    def __post_init__(self) -> None:
        middle = datetime(2026, 11, 15, tzinfo=UTC)
        clock = Clock(real_origin=datetime.now(UTC), virtual_origin=middle, speed=1e-6)
        self.kept = KeptMonths(self._read, clock=clock, zone=ZoneInfo("America/Toronto"), monotonic=lambda: self.now)
        self.kept.keep_ready([NOVEMBER, OCTOBER, SEPTEMBER])

    def _read(self, month: Month) -> Counted:
        self.read.append(month)
        self.now += 1
        return Counted(month=month)


def test_the_running_month_is_at_most_a_minute_old_and_others_ten() -> None:
    bench = Bench()
    for after, expected in ((0, 2), (58, 2), (1, 3), (500, 4), (39, 5)):
        bench.now += after
        assert bench.kept.get(OCTOBER).month == OCTOBER
        assert bench.kept.get(NOVEMBER).month == NOVEMBER
        assert len(bench.read) == expected, (after, bench.read)


def test_the_background_counts_what_is_listed_and_renews_it_before_anybody_waits() -> None:
    bench = Bench()
    bench.now += 30
    bench.kept.get(NOVEMBER)
    for _ in range(10):
        bench.kept.refresh()
        bench.now += 2
    assert bench.read == [NOVEMBER, OCTOBER, SEPTEMBER]
    bench.now += 20
    bench.kept.refresh()
    assert bench.read[3:] == [NOVEMBER]
    bench.kept.get(NOVEMBER)
    assert len(bench.read) == 4


def test_what_nobody_reads_is_counted_once_an_hour_and_not_while_the_process_starts() -> None:
    bench = Bench()
    bench.kept.refresh()
    assert bench.read == []
    for _ in range(3600):
        bench.now += 2
        bench.kept.refresh()
    assert bench.read == [OCTOBER, SEPTEMBER] * 2


def test_the_first_reader_after_a_pause_waits_for_nothing_and_the_figures_are_counted_anew() -> None:
    bench = Bench()
    bench.kept.has_background = True
    bench.now += 30
    for _ in range(2):
        bench.kept.refresh()
        bench.now += 10
    bench.now += 3500
    bench.read.clear()
    for month in (OCTOBER, SEPTEMBER):
        assert bench.kept.get(month).month == month
    assert bench.read == []
    for _ in range(3):
        bench.kept.refresh()
        bench.now += 10
    assert bench.read == [NOVEMBER, OCTOBER, SEPTEMBER]


def test_without_a_background_nobody_is_given_what_is_an_hour_old() -> None:
    bench = Bench()
    bench.kept.get(OCTOBER)
    bench.now += 601
    bench.kept.get(OCTOBER)
    assert bench.read == [OCTOBER, OCTOBER]


def test_months_that_nobody_is_offered_are_forgotten_some_time() -> None:
    bench = Bench()
    for year in range(2001, 2016):
        for month in range(1, 13):
            bench.kept.get(Month(year, month))
    assert len(bench.kept._kept) <= 72
