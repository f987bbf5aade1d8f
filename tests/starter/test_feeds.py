"""A feed that falls silent is said, judged by what is normal at that hour, and not by anything but a new record."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy import Engine
from sqlmodel import Session, select
from structlog.testing import capture_logs

from activities.feed_health import DEFAULT, UNUSED_AFTER, Condition, FeedHealth, feed_health, feeds_now, forget_feed
from cli.cad_feeds import forget, show_feeds, span
from database.encryption import Keyring
from database.feeds import CadFeedRow
from database.tables import real_now
from policy.agency import Agency
from policy.cad_feeds import FeedRule
from settings import Settings, SettingsError
from starter.feeds import Result, Tally, Way
from starter.feeds_watch import FeedsWatch
from starter.rejected import RejectedRecords, Shape
from tests.builders import hours, minutes
from tests.staff.test_attention import settings

__all__ = ["settings"]

TORONTO = ZoneInfo("America/Toronto")
RULE = FeedRule(silent_after=minutes(30), silent_at_night=hours(2))


def at(hour: int, minute: int = 0, *, day: int = 15) -> datetime:
    """That time in Toronto, a Thursday in January."""
    return datetime(2026, 1, day, hour, minute, tzinfo=TORONTO).astimezone(UTC)


class TestWhenASilenceIsTooLong:
    @pytest.mark.parametrize(
        ("last", "alarm"),
        [
            (at(12), at(12, 30)),
            (at(23), at(1, day=16)),
            (at(6, 30), at(7, 22) + timedelta(seconds=30)),  # a quarter of the night's; then three of the day's
            (at(21, 45), at(23)),  # half of the day's, and half of the night's
            (at(21, 30), at(22)),
        ],
    )
    def test_each_hour_weighs_by_what_is_normal_then(self, last: datetime, alarm: datetime) -> None:
        assert RULE.silent_from(last, TORONTO) == alarm

    def test_without_a_rule_for_the_night_all_hours_are_alike(self) -> None:
        rule = FeedRule(silent_after=hours(1))
        assert rule.silent_from(at(21, 30), TORONTO) == at(22, 30)

    def test_the_hours_are_those_of_the_agencys_own_clock(self) -> None:
        assert RULE.silent_from(at(12), ZoneInfo("Asia/Tokyo")) == at(14)  # two in the morning there

    def test_the_night_on_which_the_clocks_change_is_no_exception(self) -> None:
        last = datetime(2026, 11, 1, 5, tzinfo=UTC)  # one in the morning, for the first time
        rule = FeedRule(silent_after=hours(1), silent_at_night=hours(7))
        assert rule.silent_from(last, TORONTO) == last + hours(7)  # 07:00 is seven hours away, not six

    @given(
        st.integers(0, 364 * 24 * 60).map(lambda number: at(0, day=1) + minutes(number)),
        st.integers(1, 3 * 24 * 60),
        st.integers(1, 3 * 24 * 60),
    )
    def test_it_lies_between_the_shorter_and_the_longer_of_the_two(self, last: datetime, day: int, night: int) -> None:
        rule = FeedRule(silent_after=minutes(day), silent_at_night=minutes(night))
        second = timedelta(seconds=1)
        pause = rule.silent_from(last, TORONTO) - last
        assert minutes(min(day, night)) - second <= pause <= minutes(max(day, night)) + second

    def test_the_rule_of_an_hour(self) -> None:
        by_hour = {hour: RULE.normal(time(hour)) for hour in range(24)}
        assert [hour for hour, normal in by_hour.items() if normal == hours(2)] == [*range(7), 22, 23]


NOW = at(12)


def a_feed(**values: Any) -> CadFeedRow:
    return CadFeedRow(feed="county", way="push", **{"since_real": NOW - timedelta(days=90), **values})


def judged(seen: CadFeedRow | None, rule: FeedRule | None = RULE) -> FeedHealth:
    return feed_health("county", seen, rule, zone=TORONTO, now=NOW)


class TestOneFeed:
    def test_one_that_has_just_spoken_is_well(self) -> None:
        assert judged(a_feed(last_record_real=NOW - minutes(29))).condition is Condition.WELL

    def test_one_that_repeats_what_it_has_said_is_silent(self) -> None:
        seen = a_feed(last_record_real=NOW - minutes(31), last_heard_real=NOW)
        assert judged(seen).condition is Condition.SILENT

    def test_one_that_never_said_anything_counts_from_when_it_was_set_up(self) -> None:
        assert judged(a_feed(since_real=NOW - minutes(31))).condition is Condition.SILENT
        assert judged(a_feed(since_real=NOW - minutes(29))).condition is Condition.WELL

    def test_one_that_cad_yaml_expects_and_that_never_came_is_said(self) -> None:
        found = judged(None)
        assert found.condition is Condition.NEVER_CAME
        assert found.needs_somebody

    def test_one_without_a_rule_has_that_of_every_other(self) -> None:
        seen = a_feed(last_record_real=NOW - DEFAULT.silent_after - minutes(1), last_heard_real=NOW)
        assert judged(seen, None).condition is Condition.SILENT

    def test_one_that_nobody_uses_any_more_alarms_nobody(self) -> None:
        long_ago = NOW - UNUSED_AFTER - minutes(1)
        seen = a_feed(last_record_real=long_ago, last_heard_real=long_ago, trouble="no connection")
        found = judged(seen, None)
        assert (found.condition, found.needs_somebody) == (Condition.UNUSED, False)

    def test_one_that_cad_yaml_expects_alarms_for_ever(self) -> None:
        long_ago = NOW - timedelta(days=365)
        assert judged(a_feed(last_record_real=long_ago, last_heard_real=long_ago)).condition is Condition.SILENT

    def test_one_that_says_nothing_new_for_a_month_is_in_use(self) -> None:
        assert judged(a_feed(last_record_real=NOW - timedelta(days=31), last_heard_real=NOW), None).is_silent

    def test_one_in_trouble_needs_somebody_though_it_spoke_just_now(self) -> None:
        assert judged(a_feed(last_record_real=NOW, trouble="no column ID")).needs_somebody


def keep(engine: Engine, **values: Any) -> None:
    with Session(engine) as session, session.begin():
        session.merge(CadFeedRow(**{"feed": "county", "way": "push", **values}))


@pytest.fixture
def watched() -> Iterator[list[Any]]:
    """What is logged of the feeds."""
    structlog.reset_defaults()
    logging.getLogger().setLevel(logging.INFO)
    with capture_logs() as lines:
        yield lines


def figure(name: str, feed: str = "county") -> float | None:
    return REGISTRY.get_sample_value(f"communityconnect_cad_{name}", {"feed": feed})


class TestTheWatch:
    def test_a_silence_is_logged_once_when_it_begins_and_once_when_it_ends(
        self, engine: Engine, ottawa: Agency, watched: list[Any]
    ) -> None:
        watch = FeedsWatch(engine=engine, rules={"county": FeedRule(silent_after=minutes(30))}, policy=ottawa.policy)
        keep(engine, last_record_real=real_now())
        watch.once()
        keep(engine, last_record_real=real_now() - minutes(31))
        watch.once()
        watch.once()
        assert [(line["event"], line["log_level"]) for line in watched] == [("a feed is silent", "warning")]
        assert figure("feed_silent") == 1
        keep(engine, last_record_real=real_now())
        watch.once()
        watch.once()
        assert [line["event"] for line in watched][1:] == ["a feed is no longer silent"]
        assert figure("feed_silent") == 0

    def test_a_feed_that_never_came_is_said_once(self, engine: Engine, ottawa: Agency, watched: list[Any]) -> None:
        watch = FeedsWatch(engine=engine, rules={"absent": RULE}, policy=ottawa.policy)
        watch.once()
        watch.once()
        assert [(line["event"], line["feed"]) for line in watched] == [("a feed is silent", "absent")]
        assert figure("feed_silent", "absent") == 1

    def test_its_figures_are_those_of_the_feeds_row(self, engine: Engine, ottawa: Agency, keyring: Keyring) -> None:
        keep(engine, last_record_real=real_now() - minutes(5), lag_seconds=14.0)
        rejected = RejectedRecords(engine=engine, keyring=keyring)
        rejected.keep(b"x", feed="county", shape=Shape.OTHER, reason="not JSON")
        FeedsWatch(engine=engine, rules={}, policy=ottawa.policy).once()
        assert figure("feed_lag_seconds") == 14
        assert figure("feed_last_record_age_seconds") == pytest.approx(300, abs=30)
        assert figure("rejected_open") == 1
        rejected.settle(rejected.open_ids()[0], "left")
        FeedsWatch(engine=engine, rules={}, policy=ottawa.policy).once()
        assert figure("rejected_open") == 0

    def test_one_that_was_taken_off_the_list_has_no_figures_any_more(self, engine: Engine, ottawa: Agency) -> None:
        watch = FeedsWatch(engine=engine, rules={}, policy=ottawa.policy)
        keep(engine, last_record_real=real_now() - hours(7))
        watch.once()
        assert figure("feed_silent") == 1
        forget_feed(engine, "county")
        watch.once()
        assert figure("feed_silent") is figure("feed_last_record_age_seconds") is None

    def test_rejected_records_are_forgotten_when_the_agencys_retention_says_so(
        self, engine: Engine, ottawa: Agency, keyring: Keyring
    ) -> None:
        rejected = RejectedRecords(engine=engine, keyring=keyring)
        rejected.keep(b"old", feed="county", shape=Shape.OTHER, reason="not JSON")
        rejected.keep(b"new", feed="county", shape=Shape.OTHER, reason="not JSON")
        old, new = rejected.open_ids()
        long_ago = real_now() - ottawa.policy.retention.rejected - minutes(1)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE rejected_record SET rejected_real = %s, last_rejected_real = %s WHERE id = %s",
                (long_ago, long_ago, old),
            )
        FeedsWatch(engine=engine, rules={}, policy=ottawa.policy).once()
        assert rejected.open_ids() == [new]


def test_what_a_process_has_counted_is_what_the_watch_judges(engine: Engine, ottawa: Agency) -> None:
    tally = Tally(engine=engine, feed="county", way=Way.PUSH)
    tally.note(Result.REPEATED)
    tally.write()
    (found,) = feeds_now(engine, {}, ottawa.policy.timetable.zone_info)
    assert found.seen is not None
    assert (found.condition, found.seen.last_record_real) == (Condition.WELL, None)
    assert found.seen.last_heard_real is not None


def said(settings: Settings) -> tuple[bool, list[str]]:
    lines: list[str] = []
    return show_feeds(settings, say=lines.append), lines


class TestTheCommand:
    def test_without_a_feed_it_says_so_and_ends_well(self, settings: Settings) -> None:
        assert said(settings) == (True, ["No feed has spoken yet, and cad.yaml expects none."])

    def test_a_feed_that_is_well_has_its_figures(self, engine: Engine, settings: Settings) -> None:
        counts = {"taken": 18204, "repeated": 311, "rejected": 2, "unknown": 12}
        keep(engine, last_record_real=real_now() - minutes(3), lag_seconds=14.2, **counts)
        well, lines = said(settings)
        assert well
        assert lines[0] == "county (push): well"
        assert lines[1].startswith("  last new record 3 min ago (")
        assert lines[1].endswith("), lag 14 s")
        assert lines[2] == "  18,204 taken, 311 repeated, 2 rejected; 12 with a code that nobody has listed"
        assert lines[3:] == ["1 feed, nothing to do."]

    def test_a_silent_one_says_what_is_normal_and_the_command_fails(self, engine: Engine, settings: Settings) -> None:
        keep(engine, last_record_real=real_now() - hours(7), last_heard_real=real_now() - minutes(1), lag_seconds=-660)
        well, lines = said(settings)
        assert not well
        assert lines[0].startswith("county (push): SILENT for too long, by ")
        assert lines[1].endswith(", CAD's clock is 11 min ahead of ours")
        normal = "normal is at most 2 h, from 22:00 to 07:00 6 h (cad.yaml has no rule feeds.county)"
        repeats = "it was heard 1 min ago, and said nothing new"
        assert lines[3:] == [f"  {normal}", f"  {repeats}", "1 of 1 feed needs somebody."]

    def test_one_that_is_stopped_says_by_what_without_a_number(self, engine: Engine, settings: Settings) -> None:
        trouble = {"trouble": "no connection for 613-555-0144", "trouble_since_real": real_now()}
        keep(engine, last_record_real=real_now(), **trouble)
        well, lines = said(settings)
        assert not well
        assert lines[0] == "county (push): STOPPED"
        assert lines[1].startswith("  trouble: no connection for [number], since ")

    def test_one_with_records_that_could_not_be_read_names_the_command(
        self, engine: Engine, settings: Settings, keyring: Keyring
    ) -> None:
        keep(engine, last_record_real=real_now())
        rejected = RejectedRecords(engine=engine, keyring=keyring)
        rejected.keep(b"x", feed="county", shape=Shape.OTHER, reason="not JSON")
        well, lines = said(settings)
        assert not well
        assert lines[3] == "  1 record waits that could not be read: communityconnect cad rejected --feed county"

    def test_one_that_is_not_used_any_more_can_be_taken_off_the_list(self, engine: Engine, settings: Settings) -> None:
        long_ago = real_now() - UNUSED_AFTER - minutes(1)
        keep(engine, since_real=long_ago, last_record_real=long_ago, last_heard_real=long_ago)
        well, lines = said(settings)
        assert well
        assert lines[0].startswith("county (push): not used any more: not heard of for 30 days")
        forget(settings, "county", say=lines.append)
        assert said(settings) == (True, ["No feed has spoken yet, and cad.yaml expects none."])

    def test_one_that_still_speaks_stays_on_the_list(self, engine: Engine, settings: Settings) -> None:
        keep(engine, last_record_real=real_now())
        with pytest.raises(SettingsError, match="county: it still speaks"):
            forget(settings, "county", say=lambda _line: None)
        with pytest.raises(SettingsError, match="no such feed; there are: county"):
            forget(settings, "country", say=lambda _line: None)
        with Session(engine) as session:
            assert len(session.exec(select(CadFeedRow)).all()) == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h"), (4800, "1 h 20 min"), (90061, "1 d 1 h"), (-5, "0 s")],
)
def test_lengths_of_time_are_said_as_people_do(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words
