"""What needs a person first, as the board shows it above the calls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from activities.stop_and_go import OF_A_CALL, Mode
from calls.clock import REAL_TIME, Clock
from calls.contracts import Kind
from calls.eligibility import Rule
from database.encryption import Keyring
from insights.budget import Course
from policy.agency import Agency
from watching.redaction import redact
from web.staff.attention import Attention, UnknownCode, needs_attention
from web.staff.board.open_calls import LANDLINE, Trouble
from web.staff.comments.urgent import UrgentComments, UrgentCount
from web.staff.numbers.carrier_stops import CarrierStops
from web.staff.report.running_cost import RunningCost
from web.staff.switches import Switches
from web.staff.text_troubles import UndeliveredText

_OVERDUE: Final = "overdue: "


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing. `word`: the key of what is said of it, with `about` in it; `kind`: the text that it is about;
    `on_record`: what the service has noted, in English. Never a number or a name."""

    word: str
    about: str = ""
    call_id: str | None = None
    case_number: str | None = None
    kind: Kind | None = None
    sequence: int = 1
    code: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    """By the service's clock."""
    is_real: bool = True
    on_record: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Things of one kind, at most some hundred. `more`: how many are not among them."""

    trouble: Trouble
    items: Sequence[Item]
    more: int = 0

    @property
    def count(self) -> int:
        return len(self.items) + self.more


@dataclass(frozen=True, kw_only=True)
class Troubles:
    """Everything that needs a person, the most urgent first. `mode`: of the whole service."""

    groups: Sequence[Group]
    mode: Mode

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups)

    @property
    def wrong_numbers(self) -> frozenset[str]:
        """The calls whose texts go to somebody else."""
        return frozenset(
            item.call_id
            for group in self.groups
            if group.trouble is Trouble.WRONG_NUMBER
            for item in group.items
            if item.call_id is not None
        )


class TroubleWatch:
    """`days`: how far back it looks for what is over. `urgent`: the count of comments, where several watch."""

    def __init__(
        self,
        *,
        engine: Engine,
        keyring: Keyring,
        agency: Agency,
        days: int,
        clock: Clock = REAL_TIME,
        urgent: UrgentCount | None = None,
    ) -> None:
        self._engine = engine
        self._agency = agency
        self._days = days
        self._switches = Switches(engine=engine, keyring=keyring)
        comments = UrgentComments(engine=engine, keyring=keyring, agency=agency.key)
        self._urgent = urgent or UrgentCount(comments)
        self._cost = RunningCost(engine=engine, agency=agency, clock=clock)
        self._stops = CarrierStops(engine=engine, sender=agency.identity.sender, version=agency.wording.version)

    def look(self) -> Troubles:
        """What needs a person now."""
        attention = needs_attention(self._engine, self._agency, days=self._days)
        state = self._switches.state()
        urgent = self._urgent.get()
        items = {
            Trouble.URGENT_COMMENT: [Item(word="urgent_comments", code=urgent)] if urgent else [],
            Trouble.LINE_CLOSED: [
                Item(word="line_is_closed", since=line.since, on_record=line.why) for line in self._stops.closed_lines()
            ],
            Trouble.SWITCHED_OFF: [
                *(
                    Item(word=f"off_{what}", about=about, since=stopped.since, on_record=f"{stopped.by}: {stopped.why}")
                    for stopped in state.stopped
                    if not stopped.scope.startswith(OF_A_CALL)  # those calls say so themselves
                    for what, _, about in [stopped.scope.partition(":")]
                ),
                *(
                    Item(word="off_wording", about=wording.kind, on_record=f"{wording.language}: {wording.why}")
                    for wording in self._stops.wordings()
                ),
            ],
            **_of_calls(attention),
            Trouble.BUDGET: _budget(self._cost.get()),
        }
        groups = [
            Group(
                trouble=trouble,
                items=tuple(items[trouble]),
                more=attention.texts.older_unknown if trouble is Trouble.UNKNOWN_OUTCOME else 0,
            )
            for trouble in Trouble
        ]
        return Troubles(groups=tuple(group for group in groups if group.count), mode=state.mode)


def _of_calls(attention: Attention) -> dict[Trouble, list[Item]]:
    undelivered = attention.texts.undelivered
    return {
        Trouble.FEED: list(_feeds(attention)),
        Trouble.STUCK: [
            Item(
                word=_stuck_word(stuck.trouble, ended=stuck.ended),
                call_id=stuck.call_id,
                case_number=stuck.case_number,
                since=stuck.since,
                on_record=stuck.trouble,
            )
            for stuck in attention.stuck
        ],
        Trouble.UNKNOWN_OUTCOME: [
            Item(
                word=f"perhaps_not_{text.kind}",
                call_id=text.call_id,
                case_number=text.case_number,
                kind=text.kind,
                sequence=text.sequence,
                since=text.since,
            )
            for text in attention.texts.unknown
        ],
        Trouble.WRONG_NUMBER: [
            Item(
                word="says_wrong_number",
                call_id=wrong.call_id,
                case_number=wrong.case_number,
                since=wrong.said,
                is_real=False,
            )
            for wrong in attention.wrong
        ],
        Trouble.LANDLINE: [_not_told(text) for text in undelivered if text.error_code in LANDLINE],
        Trouble.UNDELIVERED: [_not_told(text) for text in undelivered if text.error_code not in LANDLINE],
        Trouble.EXPIRED: [_not_told(text) for text in attention.texts.expired],
        Trouble.UNKNOWN_CODE: [_code(unknown) for unknown in attention.unknown],
    }


def _budget(course: Course | None) -> list[Item]:
    if course is None or not course.alerts:
        return []
    if course.is_exceeded:
        return [Item(word="budget_exceeded", is_real=False)]
    return [Item(word="budget_lasts_until", until=course.lasts_until, is_real=False)]


def _feeds(attention: Attention) -> Iterator[Item]:
    for silent in attention.feeds.silent:
        yield Item(word="feed_silent", about=silent.feed, since=silent.last)
    for stopped in attention.feeds.stopped:
        yield Item(word="feed_stopped", about=stopped.feed, since=stopped.since, on_record=redact(stopped.trouble))
    for rejected in attention.feeds.rejected:
        yield Item(
            word="feed_rejected",
            about=rejected.feed,
            code=rejected.records,
            since=rejected.since,
            on_record=redact(rejected.reason),
        )


def _stuck_word(trouble: str, *, ended: str | None) -> str:
    if ended is not None:
        return "stuck_ended"
    return "stuck_overdue" if trouble.startswith(_OVERDUE) else "stuck_in_temporal"


def _not_told(text: UndeliveredText) -> Item:
    return Item(
        word=f"not_{text.kind}",
        call_id=text.call_id,
        case_number=text.case_number,
        kind=text.kind,
        sequence=text.sequence,
        code=text.error_code,
        since=text.at,
    )


def _code(unknown: UnknownCode) -> Item:
    word = {
        Rule.UNKNOWN_TYPE: "code_type",
        Rule.UNKNOWN_PRIORITY: "code_priority",
        Rule.UNKNOWN_SOURCE: "code_source",
        None: "code_disposition",
    }[unknown.rule]
    return Item(word=word, about=unknown.code, code=unknown.calls)
