"""CAD's ways in, as far as they need a person: feeds that are silent or in trouble, records that could not be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from activities.feed_health import Condition, FeedHealth, feeds_now
from database.feeds import RejectedRecordRow
from policy.agency import Agency


@dataclass(frozen=True, kw_only=True)
class SilentFeed:
    """A feed that has said nothing new for longer than is normal. `last`: `None` where it never did."""

    feed: str
    last: datetime | None
    since: datetime | None
    """From when on it was too long; `None`: nobody has ever heard of the feed."""


@dataclass(frozen=True, kw_only=True)
class StoppedFeed:
    """A feed that cannot run: `trouble` says why."""

    feed: str
    trouble: str
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class RejectedOfFeed:
    """The records of one feed that could not be read and that nobody has dealt with. `reason`: of the latest."""

    feed: str
    records: int
    since: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class FeedTroubles:
    """Everything that is wrong with the ways in."""

    silent: Sequence[SilentFeed]
    stopped: Sequence[StoppedFeed]
    rejected: Sequence[RejectedOfFeed]

    @property
    def need_somebody(self) -> bool:
        return bool(self.silent or self.stopped or self.rejected)


def feed_troubles(engine: Engine, agency: Agency) -> FeedTroubles:
    """What is wrong now."""
    feeds = feeds_now(engine, agency.cad.feeds, agency.policy.timetable.zone_info)
    return FeedTroubles(
        silent=[_silent(feed) for feed in feeds if feed.is_silent],
        stopped=[stopped for feed in feeds if (stopped := _stopped(feed)) is not None],
        rejected=_rejected(engine),
    )


def _silent(feed: FeedHealth) -> SilentFeed:
    last = None if feed.seen is None else feed.seen.last_record_real
    return SilentFeed(
        feed=feed.feed, last=last, since=None if feed.condition is Condition.NEVER_CAME else feed.silent_from
    )


def _stopped(feed: FeedHealth) -> StoppedFeed | None:
    if feed.trouble is None or feed.seen is None:
        return None
    return StoppedFeed(feed=feed.feed, trouble=feed.trouble, since=feed.seen.trouble_since_real)


def _rejected(engine: Engine) -> list[RejectedOfFeed]:
    of_feed = (
        select(
            col(RejectedRecordRow.feed).label("feed"),
            func.count(col(RejectedRecordRow.id)).label("records"),
            func.min(col(RejectedRecordRow.rejected_real)).label("since"),
            func.max(col(RejectedRecordRow.id)).label("latest"),
        )
        .where(col(RejectedRecordRow.settled_real).is_(None))
        .group_by(col(RejectedRecordRow.feed))
        .subquery()
    )
    with Session(engine) as session:
        rows = session.execute(
            select(of_feed.c.feed, of_feed.c.records, of_feed.c.since, col(RejectedRecordRow.reason))
            .join(RejectedRecordRow, col(RejectedRecordRow.id) == of_feed.c.latest)
            .order_by(of_feed.c.feed)
        ).all()
    return [
        RejectedOfFeed(feed=feed, records=records, since=since, reason=reason) for feed, records, since, reason in rows
    ]
