"""Every text of the ledger, the newest first: page by page, counted, and in batches for an export.

By the time at which each was due, which never changes: whoever goes on from a text misses none and sees none twice.
No phone number and no wording is read here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Engine
from sqlmodel import Session, col, func, select, tuple_

from activities.people import WRONG_NUMBER
from activities.stop_and_go import SHADOW, STOPPED_BY_STAFF
from calls.contracts import UNHEARD
from calls.eligibility import Rule
from database.tables import CallRow, TextRow

A_PAGE: Final = 100
A_BATCH: Final = 2000
"""Some milliseconds' work: between two batches an export holds no connection, however slowly it is read."""
MOST_COUNTED: Final = 200_000
"""Two months of a city."""
ANY: Final = "any"
NO_LANGUAGE: Final = "none"
SWITCHED_OFF: Final = "switched off"
"""An automatic reply was not sent then; the rule goes on with what was switched off."""
RULES: Final = (
    *("opted out", "not to be texted", WRONG_NUMBER, "landline", "texts a day", "one survey", "delay notices"),
    *("not confirmed", "expired", "overtaken", SHADOW, "refused by the carrier", "the policy was changed"),
    *(SWITCHED_OFF, STOPPED_BY_STAFF, UNHEARD),
    *(rule.value for rule in Rule if rule is not Rule.ALL_MET),
)
"""Why a text was held back, dropped or refused."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which texts. Times are the service's: `since` the first moment, `until` the first one after. `rule` is one of
    `RULES`, `language` may be `en+fr` or `none`, `error` is the carrier's code, or `any`."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str = ""
    state: str = ""
    rule: str = ""
    language: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A text's place in the list."""

    due_at: datetime
    text_id: UUID

    def __str__(self) -> str:
        return f"{self.due_at.isoformat()}~{self.text_id}"

    @classmethod
    def read(cls, written: str) -> "Place":
        """The place that `str` gave.

        Raises:
            ValueError: it is none.
        """
        due_at, _, text_id = written.partition("~")
        place = cls(due_at=datetime.fromisoformat(due_at), text_id=UUID(text_id))
        if place.due_at.tzinfo is None:
            raise ValueError("a place without a zone")
        return place


@dataclass(frozen=True, kw_only=True)
class OneText:
    """A text. `call_id` and `case_number` are empty for those who may not see calls, and of replies. `sent_real`: when
    the carrier was first asked to send it; `updated_real`: of a delivered one, when we heard that it was."""

    place: Place
    call_id: str | None
    case_number: str | None
    kind: str
    sequence: int
    language: str | None
    state: str
    rule: str | None
    error_code: int | None
    segments: int | None
    due_at: datetime
    sent_real: datetime | None
    settled_at: datetime | None
    updated_real: datetime
    policy_version: str
    wording_version: str | None


@dataclass(frozen=True, kw_only=True)
class TextsPage:
    """A hundred at most. `older`: from where the next page goes on; `None` at the end."""

    texts: Sequence[OneText]
    older: Place | None


NOTHING: Final = TextsPage(texts=(), older=None)


def page_of_texts(engine: Engine, wanted: Wanted, *, before: Place | None, with_cases: bool) -> TextsPage:
    """The newest, or those older than `before`. `with_cases`: whoever asks may see calls."""
    texts = _read(engine, wanted, before=before, with_cases=with_cases, most=A_PAGE + 1)
    older = texts[A_PAGE - 1].place if len(texts) > A_PAGE else None
    return TextsPage(texts=texts[:A_PAGE], older=older)


def batches_of_texts(engine: Engine, wanted: Wanted, *, with_cases: bool) -> Iterator[Sequence[OneText]]:
    """All of them, some thousand at a time, each time as they are then."""
    before = None
    while batch := _read(engine, wanted, before=before, with_cases=with_cases, most=A_BATCH):
        yield batch
        if len(batch) < A_BATCH:
            return
        before = batch[-1].place


def counts_by_state(engine: Engine, wanted: Wanted) -> Mapping[str, int] | None:
    """How many there are in each state, whichever state is wanted; `None`: too many to count while somebody waits."""
    which = select(TextRow.state).where(*_conditions(replace(wanted, state=""))).limit(MOST_COUNTED + 1).subquery()
    query = select(which.c.state, func.count()).group_by(which.c.state)
    with Session(engine) as session:
        counts = dict(session.exec(query).all())
    return counts if sum(counts.values()) <= MOST_COUNTED else None


def none_of(counts: Mapping[str, int] | None, wanted: Wanted) -> bool:
    """By the counts there is none: nobody needs to look for one among a million."""
    return counts is not None and (counts.get(wanted.state, 0) if wanted.state else sum(counts.values())) == 0


def _read(engine: Engine, wanted: Wanted, *, before: Place | None, with_cases: bool, most: int) -> Sequence[OneText]:
    newest_first = (col(TextRow.due_at).desc(), col(TextRow.id).desc())
    which = select(TextRow.id).where(*_conditions(wanted)).order_by(*newest_first).limit(most)
    if before is not None:
        which = which.where(tuple_(col(TextRow.due_at), col(TextRow.id)) < (before.due_at, before.text_id))
    found = which.subquery()  # an index alone answers it: only the rows that are shown are read
    query = select(*_COLUMNS).join(found, col(TextRow.id) == found.c.id).order_by(*newest_first)  # type: ignore[call-overload]
    with Session(engine) as session:
        rows = session.execute(query).all()
        cases = _cases(session, {row.call_id for row in rows if row.call_id}) if with_cases else {}
    return [
        OneText(
            place=Place(due_at=row.due_at, text_id=row.id),
            call_id=row.call_id if with_cases else None,
            case_number=cases.get(row.call_id),
            kind=row.kind,
            sequence=row.sequence,
            language=row.language,
            state=row.state,
            rule=row.rule,
            error_code=row.error_code,
            segments=row.segments,
            due_at=row.due_at,
            sent_real=row.first_sending_real,
            settled_at=row.settled_at,
            updated_real=row.updated_real,
            policy_version=row.policy_version,
            wording_version=row.wording_version,
        )
        for row in rows
    ]


def _cases(session: Session, call_ids: set[str]) -> Mapping[str, str | None]:
    calls = select(CallRow.call_id, CallRow.case_number).where(col(CallRow.call_id).in_(call_ids))
    return dict(session.exec(calls).all())


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(col(TextRow.due_at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(TextRow.due_at) < wanted.until)
    if wanted.kind:
        conditions.append(col(TextRow.kind) == wanted.kind)
    if wanted.state:
        conditions.append(col(TextRow.state) == wanted.state)
    return [*conditions, *_about_why(wanted), *_about_language(wanted)]


def _about_why(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.rule == SWITCHED_OFF:
        yield col(TextRow.rule).startswith(SWITCHED_OFF)
    elif wanted.rule:
        yield col(TextRow.rule) == wanted.rule
    if wanted.error == ANY:
        yield col(TextRow.error_code).is_not(None)
    elif wanted.error:
        yield col(TextRow.error_code) == int(wanted.error)


def _about_language(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.language == NO_LANGUAGE:
        yield col(TextRow.language).is_(None)
    elif wanted.language:
        yield col(TextRow.language) == wanted.language


_COLUMNS: Final = (
    TextRow.id,
    TextRow.call_id,
    TextRow.kind,
    TextRow.sequence,
    TextRow.language,
    TextRow.state,
    TextRow.rule,
    TextRow.error_code,
    TextRow.segments,
    TextRow.due_at,
    TextRow.first_sending_real,
    TextRow.settled_at,
    TextRow.updated_real,
    TextRow.policy_version,
    TextRow.wording_version,
)
