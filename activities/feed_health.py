"""How CAD's feeds are doing: which have been silent for too long, which are in trouble, which nobody uses any more.

Silence is judged in real time, by what was new: a feed that repeats what it has said does not tell what happens now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func
from sqlmodel import Session, col, delete, select

from database.feeds import CadFeedRow, RejectedRecordRow
from database.tables import real_now
from policy.cad_feeds import FeedRule

DEFAULT: Final = FeedRule(silent_after=timedelta(hours=2), silent_at_night=timedelta(hours=6))
"""Of a feed without a rule in cad.yaml."""
UNUSED_AFTER: Final = timedelta(days=30)
"""A feed without a rule that has not been heard of for so long is not used any more."""


class Condition(StrEnum):
    """How a feed is doing, but for its trouble."""

    WELL = "well"
    SILENT = "silent"
    NEVER_CAME = "never came"
    """cad.yaml has a rule for it, and nobody has ever heard of it."""
    UNUSED = "not used any more"


@dataclass(frozen=True, kw_only=True)
class FeedHealth:
    """One feed. `seen`: its row, where there is one; `normal`: what is normal for it, by its own rule (`has_rule`) or
    by default; `silent_from`: from when on its silence is, or will be, too long."""

    feed: str
    condition: Condition
    seen: CadFeedRow | None
    rejected_open: int
    normal: FeedRule
    has_rule: bool
    silent_from: datetime | None

    @property
    def is_silent(self) -> bool:
        return self.condition in (Condition.SILENT, Condition.NEVER_CAME)

    @property
    def trouble(self) -> str | None:
        """What stops it now. The last word of one that nobody uses any more does not count."""
        return None if self.seen is None or self.condition is Condition.UNUSED else self.seen.trouble

    @property
    def needs_somebody(self) -> bool:
        return self.is_silent or self.trouble is not None or self.rejected_open > 0


def feeds_now(engine: Engine, rules: Mapping[str, FeedRule], zone: ZoneInfo) -> list[FeedHealth]:
    """All feeds by name: those that were heard of, and those of which cad.yaml has a rule."""
    now = real_now()
    unsettled = col(RejectedRecordRow.settled_real).is_(None)
    counted = (
        select(RejectedRecordRow.feed, func.count(col(RejectedRecordRow.id)))
        .where(unsettled)
        .group_by(col(RejectedRecordRow.feed))
    )
    with Session(engine) as session:
        rows = {row.feed: row for row in session.exec(select(CadFeedRow))}
        rejected: dict[str, int] = dict(session.exec(counted).all())
        session.expunge_all()
    return [
        feed_health(name, rows.get(name), rules.get(name), zone=zone, rejected_open=rejected.get(name, 0), now=now)
        for name in sorted({*rows, *rules, *rejected})
    ]


def feed_health(
    feed: str, seen: CadFeedRow | None, rule: FeedRule | None, *, zone: ZoneInfo, rejected_open: int = 0, now: datetime
) -> FeedHealth:
    """Judge one feed by its row and its rule."""
    normal = DEFAULT if rule is None else rule
    silent_from = None if seen is None else normal.silent_from(seen.last_record_real or seen.since_real, zone)
    return FeedHealth(
        feed=feed,
        condition=_condition(seen, rule, silent_from=silent_from, now=now),
        seen=seen,
        rejected_open=rejected_open,
        normal=normal,
        has_rule=rule is not None,
        silent_from=silent_from,
    )


def _condition(
    seen: CadFeedRow | None, rule: FeedRule | None, *, silent_from: datetime | None, now: datetime
) -> Condition:
    if seen is None or silent_from is None:
        return Condition.WELL if rule is None else Condition.NEVER_CAME
    if rule is None and now - max(seen.since_real, seen.last_heard_real or seen.since_real) > UNUSED_AFTER:
        return Condition.UNUSED
    return Condition.SILENT if now >= silent_from else Condition.WELL


def forget_feed(engine: Engine, feed: str) -> None:
    """Take it off the list, with its counts. What it told of calls stays."""
    with Session(engine) as session, session.begin():
        session.execute(delete(CadFeedRow).where(col(CadFeedRow.feed) == feed))
