"""Watches CAD's feeds: figures for alerts, a line in the log where one falls silent; and forgets rejected records.

Every starter watches: what one process knows of a feed another needs too, for its own figures.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Gauge
from sqlalchemy import Engine

from activities.feed_health import FeedHealth, feeds_now
from calls.policy import Policy
from database.tables import real_now
from policy.cad_feeds import FeedRule
from starter.rejected import forget_rejected

log = structlog.get_logger()

_FORGET_EVERY: Final = timedelta(hours=1)

_SILENT = Gauge("communityconnect_cad_feed_silent", "1 where a feed has been silent for too long", ["feed"])
_AGE = Gauge("communityconnect_cad_feed_last_record_age_seconds", "Since a feed last said something new", ["feed"])
_LAG = Gauge("communityconnect_cad_feed_lag_seconds", "From CAD's time of its last new record to ours", ["feed"])
_REJECTED = Gauge(
    "communityconnect_cad_rejected_open", "Records that could not be read and wait for a person", ["feed"]
)


class FeedsWatch:
    """Looks at all feeds, again and again. `rules`: what is normal for each, of cad.yaml."""

    def __init__(self, *, engine: Engine, rules: Mapping[str, FeedRule], policy: Policy) -> None:
        self._engine = engine
        self._rules = rules
        self._policy = policy
        self._silent: frozenset[str] = frozenset()
        self._shown: set[str] = set()
        self._forgot_real: datetime | None = None

    def once(self) -> None:
        """Look at each feed, and forget what the agency's retention does not keep.

        Raises:
            OperationalError: the database does not answer.
        """
        feeds = feeds_now(self._engine, self._rules, self._policy.timetable.zone_info)
        for feed in feeds:
            _show(feed)
            self._say_change(feed)
        self._withdraw({feed.feed for feed in feeds})
        self._silent = frozenset(feed.feed for feed in feeds if feed.is_silent)
        self._forget()

    def _say_change(self, feed: FeedHealth) -> None:
        """Once when it falls silent, or is found so, and once when that is over."""
        if feed.is_silent and feed.feed not in self._silent:
            last = None if feed.seen is None else feed.seen.last_record_real
            log.warning("a feed is silent", feed=feed.feed, last_record=None if last is None else last.isoformat())
        elif feed.feed in self._silent and not feed.is_silent:
            log.warning("a feed is no longer silent", feed=feed.feed, now=feed.condition)

    def _withdraw(self, listed: set[str]) -> None:
        """A feed that a person took off the list has no figures any more: the last one would be an alert for ever."""
        for gone in self._shown - listed:
            for gauge in (_SILENT, _AGE, _LAG, _REJECTED):
                with suppress(KeyError):  # of one that never spoke there is no age
                    gauge.remove(gone)
        self._shown = listed

    def _forget(self) -> None:
        now = real_now()
        if self._forgot_real is not None and now - self._forgot_real < _FORGET_EVERY:
            return
        forgotten = forget_rejected(self._engine, older_than=self._policy.retention.rejected)
        self._forgot_real = now
        if forgotten:
            log.warning("rejected records were forgotten", records=forgotten)


def _show(feed: FeedHealth) -> None:
    _SILENT.labels(feed.feed).set(feed.is_silent)
    _REJECTED.labels(feed.feed).set(feed.rejected_open)
    if feed.seen is not None:
        _AGE.labels(feed.feed).set((real_now() - (feed.seen.last_record_real or feed.seen.since_real)).total_seconds())
    if feed.seen is not None and feed.seen.lag_seconds is not None:
        _LAG.labels(feed.feed).set(feed.seen.lag_seconds)
