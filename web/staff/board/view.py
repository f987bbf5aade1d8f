"""What of the board somebody wants to see: filtered, sorted, a hundred calls a page, with the counts of each stage."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from calls.timetable import Stage
from web.staff.board.open_calls import OpenCall

A_PAGE: Final = 100
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_QUIET: Final = frozenset({Stage.SILENT, Stage.OVER})


class Sort(StrEnum):
    """By which the calls are sorted."""

    WAITING = "waiting"
    """The longest wait first."""
    DUE = "due"
    """The next text first; calls without one last."""
    NEWEST = "newest"


class Which(StrEnum):
    """Stages together: those in which something may still be texted, or all."""

    TEXTED = "texted"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Empty: any."""

    stage: Stage | Which = Which.TEXTED
    priority: int | None = None
    group: str = ""
    area: str = ""
    needs_person: bool = False
    sort: Sort = Sort.WAITING
    page: int = 1


@dataclass(frozen=True, kw_only=True)
class View:
    """A page of calls. `counts`: of each stage, and of all together, under the other filters; `matching`: how many
    calls there are on all pages; `priorities`, `groups`, `areas`: of all open calls, to choose from."""

    calls: Sequence[OpenCall]
    matching: int
    page: int
    pages: int
    counts: Mapping[Stage | Which, int]
    need_person: int
    priorities: Sequence[int]
    groups: Sequence[str]
    areas: Sequence[str]


def view(calls: Sequence[OpenCall], wanted: Wanted) -> View:
    """The page that is wanted; beyond the last one, the last."""
    of_any_stage = [call for call in calls if _fits(call, wanted)]
    stages = Counter(call.stage for call in of_any_stage)
    matching = [call for call in of_any_stage if _is_of(call.stage, wanted.stage)]
    if wanted.sort is Sort.WAITING:
        matching.sort(key=_by_wait)
    elif wanted.sort is Sort.DUE:
        matching.sort(key=lambda call: (call.next_due or _NEVER, call.call_id))
    else:
        matching.sort(key=lambda call: (call.received_at is not None, call.received_at, call.call_id), reverse=True)
    pages = max(1, -(-len(matching) // A_PAGE))
    page = min(max(1, wanted.page), pages)
    return View(
        calls=matching[(page - 1) * A_PAGE : page * A_PAGE],
        matching=len(matching),
        page=page,
        pages=pages,
        counts=_counts(stages),
        need_person=sum(bool(call.troubles) for call in calls),
        priorities=sorted({call.priority for call in calls if call.priority is not None}),
        groups=sorted({call.group for call in calls if call.group}),
        areas=sorted({call.area for call in calls if call.area}),
    )


def _by_wait(call: OpenCall) -> tuple[int, float, str]:
    """Who still waits first, the longest; then who does not any more. No order that changes by itself as time goes by:
    whoever turns the page misses nobody."""
    if call.received_at is None:
        return 2, 0.0, call.call_id
    if call.waited_until is None:
        return 0, call.received_at.timestamp(), call.call_id
    return 1, (call.received_at - call.waited_until).total_seconds(), call.call_id


def _fits(call: OpenCall, wanted: Wanted) -> bool:
    return (
        (wanted.priority is None or call.priority == wanted.priority)
        and (not wanted.group or call.group == wanted.group)
        and (not wanted.area or call.area == wanted.area)
        and (not wanted.needs_person or bool(call.troubles))
    )


def _is_of(stage: Stage, wanted: Stage | Which) -> bool:
    if isinstance(wanted, Which):
        return wanted is Which.ALL or stage not in _QUIET
    return stage is wanted


def _counts(stages: Counter[Stage]) -> Mapping[Stage | Which, int]:
    counts: dict[Stage | Which, int] = {Which.TEXTED: sum(n for stage, n in stages.items() if stage not in _QUIET)}
    counts |= {stage: stages[stage] for stage in Stage}
    counts[Which.ALL] = stages.total()
    return counts
