"""The facts, in PostgreSQL. Each table names its one writer; Alembic's migrations are what makes them.

Times of the call's life and of the ledger are the service's (see `calls.clock`); columns that end in `_real` are real.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from database.text_indexes import text_indexes

Json = dict[str, Any]
_UNKNOWN_CODE: Final = "rule IN ('unknown call type', 'unknown priority', 'unknown source')"


def _time(**options: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **options)


def _json(**options: Any) -> Any:
    return Field(sa_type=JSONB(none_as_null=True), **options)


def real_now() -> datetime:
    """Real time, aware, UTC."""
    return datetime.now(UTC)


class CallRow(SQLModel, table=True):
    """A call for service. Writer: starter.

    `merged` is the stamped merge of all its CAD records; `facts` what follows from them (`calls.facts.CallFacts`).
    `version` counts the changes of the facts; `signalled_version` is the last one that Temporal has.
    """

    __tablename__: ClassVar[str] = "call"
    __table_args__ = (
        Index("ix_call_to_forward", "call_id", postgresql_where="signalled_version < version AND ended_reason IS NULL"),
        Index("ix_call_received", "received_at"),
        Index("ix_call_open", "received_at", postgresql_where="ended_reason IS NULL"),
        Index("ix_call_trouble", "trouble_since_real", postgresql_where="trouble IS NOT NULL"),
        Index("ix_call_unknown_code", "updated_real", postgresql_where=_UNKNOWN_CODE),
        Index("ix_call_unknown_outcome", "updated_real", postgresql_where="(facts ->> 'outcome') = 'unknown'"),
        Index(
            "ix_call_to_forget",
            "updated_real",
            postgresql_where="forgotten_real IS NULL AND ended_reason IS NOT NULL",
        ),
        Index("ix_call_area", text("(facts ->> 'area')"), "received_at"),
    )

    call_id: str = Field(primary_key=True)
    agency: str
    case_number: str | None = Field(default=None, index=True)
    received_at: datetime | None = _time(default=None)
    merged: Json = _json()
    facts: Json = _json()
    version: int = Field(default=1)
    epoch: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    """Of the database, when the call was last open at a restore, or first told of."""
    eligibility: str
    rule: str
    reason: str
    policy_version: str
    latch: str | None = None
    phone_encrypted: str | None = None
    phone_hash: str | None = Field(default=None, index=True)
    recipient_version: int = Field(default=0)
    """The mark of the number to text now; 0 is none. A number that comes back has the mark that it had (R2)."""
    phone_versions: Json = _json(default_factory=dict)
    """By hash, the mark of every number that was ever told of the call."""
    started_policy: str | None = None
    """The version of the policy that its workflow started with: a send needs the word of that one, too."""
    signalled_version: int = Field(default=0)
    signalled: Json | None = _json(default=None)
    forwarding_until_real: datetime | None = _time(default=None)
    behind_since_real: datetime | None = _time(default=None)
    """Since when Temporal lacks a change."""
    ended_reason: str | None = None
    """Why Temporal need not hear of this call any more, ever."""
    trouble: str | None = None
    """What a person should look at: a text that is overdue, a workflow that Temporal does not know."""
    trouble_since_real: datetime | None = _time(default=None)
    created_real: datetime = _time(default_factory=real_now)
    updated_real: datetime = _time(default_factory=real_now)
    forgotten_real: datetime | None = _time(default=None)
    """When its number was deleted for good: whatever is told from then on brings none back, and nobody is texted."""


class CadRecordRow(SQLModel, table=True):
    """A record as CAD sent it, without its phone number. Writer: starter."""

    __tablename__: ClassVar[str] = "cad_record"
    __table_args__ = (UniqueConstraint("feed", "content_hash"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    feed: str
    content_hash: str
    call_id: str = Field(index=True)
    stamp: datetime = _time(index=True)
    """The source's own update time; the place in a replayed log."""
    body: Json = _json()
    accepted_real: datetime = _time(default_factory=real_now)


class TextRow(SQLModel, table=True):
    """The ledger: one row per text, owed, sent or held back (R2, R9). Writer: activities.

    web/residents moves a delivery state forward and writes automatic replies.
    """

    __tablename__: ClassVar[str] = "text"
    __table_args__ = (
        UniqueConstraint("call_id", "kind", "sequence", "recipient_version"),
        *text_indexes(),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    call_id: str | None = Field(default=None, index=True)
    kind: str
    sequence: int = Field(default=1)
    recipient_version: int = Field(default=1)
    state: str
    rule: str | None = None
    reason: str | None = None
    policy_version: str
    wording_version: str | None = None
    language: str | None = None
    segments: int | None = None
    body_encrypted: str | None = None
    """Deleted when the agency's retention says so."""
    phone_encrypted: str | None = None
    """The number that it went to: the call's may have been corrected since."""
    phone_hash: str | None = Field(default=None, index=True)
    sender: str | None = None
    """Our number that it went from."""
    attempt_id: UUID | None = None
    attempts: int = Field(default=0)
    lease_until_real: datetime | None = _time(default=None)
    claimed_real: datetime = _time(default_factory=real_now)
    sending_real: datetime | None = _time(default=None)
    """From then on the text may be on the phone: the last POST began no sooner, and two seconds later at most, if its
    process did not stand still."""
    first_sending_real: datetime | None = _time(default=None)
    """The first POST that may have gone through: kept, whatever later attempts do."""
    provider_sid: str | None = Field(default=None, unique=True)
    error_code: int | None = None
    code_hash: str | None = Field(default=None, index=True)
    """Keyed hash of the code that the text shows, where the policy wants one: typed, it says that the text is ours."""
    due_at: datetime = _time()
    expires_at: datetime = _time()
    settled_at: datetime | None = _time(default=None)
    """When the carrier took it, or it was held back for good."""
    updated_real: datetime = _time(default_factory=real_now)
    looked_up_real: datetime | None = _time(default=None)
    """When the reconciler last asked the carrier for it."""
    at_carrier: bool = Field(default=True, sa_column_kwargs={"server_default": "true"})
    """The carrier was not asked yet to delete its copy."""


class SurveyInvitationRow(SQLModel, table=True):
    """One invitation per call, ever. Writer: activities (web/residents marks it opened and used).

    The cut writes all opened and used ones anew each night, and forgets of those that have expired whether they were
    (R7).
    """

    __tablename__: ClassVar[str] = "survey_invitation"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    call_id: str = Field(unique=True)
    token_hash: str | None = Field(unique=True)
    """None: deleted; no link opens it."""
    language: str | None = None
    """The caller's, as far as it is known: the page opens in it."""
    survey_version: str
    expires_at: datetime = _time()
    used: bool = Field(default=False)
    over: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Its end has passed, and it is forgotten whether it was used: it stays closed, wherever the clock goes (R2)."""
    opened: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Its page was asked for once, and is counted (`survey_count`)."""


class SurveyResponseRow(SQLModel, table=True):
    """What a resident answered, with no way back to the call (R7). Writer: activities, in the cut of the day.

    Each cut writes the answers of its week anew: ids do not last.
    """

    __tablename__: ClassVar[str] = "survey_response"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    agency: str
    survey_version: str
    language: str
    """`und`: too few answered in it."""
    week: str
    """ISO week of the cut, `2026-W04`: no finer time is kept."""
    answers: Json = _json()
    context: Json = _json(default_factory=dict, sa_column_kwargs={"server_default": "{}"})
    """What the answer may say of its call, coarse enough that at least six share it (`survey.held.Context`)."""


class InboundMessageRow(SQLModel, table=True):
    """A text or call that came in on our number. Writer: web/residents."""

    __tablename__: ClassVar[str] = "inbound_message"
    __table_args__ = (
        Index("ix_inbound_message_with_body", "received_at", postgresql_where="body_encrypted IS NOT NULL"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    provider_sid: str = Field(unique=True)
    phone_hash: str = Field(index=True)
    sender: str
    """Our own number that was written to."""
    keyword: str
    language: str | None = None
    """The keyword's own, if it has one: the number's next text speaks it, where CAD tells none."""
    body_encrypted: str | None
    """Deleted when the agency's retention says so."""
    received_at: datetime = _time()
    at_carrier: bool = Field(default=True, sa_column_kwargs={"server_default": "true"})
    """As of a text of ours."""


class OptOutRow(SQLModel, table=True):
    """STOP, until START, for a number and one of our own numbers (R6). Writer: web/residents.

    Staff enter one for somebody who asks by telephone. The number stays encrypted, so that it still matches after a
    change of keys.
    """

    __tablename__: ClassVar[str] = "opt_out"
    __table_args__ = (
        Index("uq_opt_out_in_force", "phone_hash", "sender", unique=True, postgresql_where="ended_at IS NULL"),
        Index("ix_opt_out_ended", "phone_hash", "ended_at", postgresql_where="ended_at IS NOT NULL"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    phone_hash: str
    phone_encrypted: str
    sender: str
    since: datetime = _time()
    entered_by: str | None = None
    """The member of staff who entered it; `None`: the phone itself said STOP."""
    entered_why: str | None = None
    stop_at: datetime | None = _time(default=None)
    """When the phone said STOP after staff had entered it: from then on it is a STOP like any other."""
    ended_at: datetime | None = _time(default=None)
    ended_by: str | None = None
    """The member of staff who ended it; `None`: the phone itself said START."""
    ended_why: str | None = None


class SwitchRow(SQLModel, table=True):
    """Something that is switched off: no text of it goes out. Writer: web/staff. Kept when it is released (R9).

    `scope`: `everything`, `kind:delay`, `type:noise`, `call:ottawa-26-1`; `never:ottawa-26-1` has no release.
    """

    __tablename__: ClassVar[str] = "switch"
    __table_args__ = (Index("uq_switch_in_force", "scope", unique=True, postgresql_where="released_real IS NULL"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    scope: str
    stopped_real: datetime = _time(default_factory=real_now)
    stopped_by: str
    why: str
    released_real: datetime | None = _time(default=None)
    released_by: str | None = None
    released_why: str | None = None


class ServiceModeRow(SQLModel, table=True):
    """The mode of the whole service, from then on. The newest row counts. Writer: web/staff."""

    __tablename__: ClassVar[str] = "service_mode"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    mode: str
    since_real: datetime = _time(default_factory=real_now)
    set_by: str
    why: str


class PilotNumberRow(SQLModel, table=True):
    """A phone that is texted in a pilot. Writer: web/staff."""

    __tablename__: ClassVar[str] = "pilot_number"

    phone_hash: str = Field(primary_key=True)
    phone_encrypted: str
    since_real: datetime = _time(default_factory=real_now)
