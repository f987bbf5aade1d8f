"""All that is known of a text's call and number at one moment, asked in one go.

What speaks against a text is some twenty questions. Asked one by one they were most of the 26 ms of processor time that
a text cost a worker; together they are one statement (docs/decisions/0048-one-question.md).
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlmodel import Session

from activities.error_codes import CONTENT, FILTERED, LANDLINE, OPTED_OUT
from activities.known_call import CallMissing
from calls.contracts import WENT_OUT, Kind, KnownCall, LedgerState, SendText, TextKey
from calls.eligibility import decide
from calls.facts import CallFacts, Language
from calls.policy import Policy
from calls.versions import version_of
from database.engine import without_comments
from database.tables import real_now
from policy.agency import Agency
from texts.keywords import Keyword

CLOCKS_MAY_DIFFER: Final = timedelta(minutes=15)
"""The carrier's clock and ours, and the times of one call told before and after a restore."""
HAS_GONE: Final = (LedgerState.SENDING, *sorted(WENT_OUT))
_A_DAY: Final = timedelta(hours=24)

_LOCK_NUMBER: Final = """
SELECT phone_hash, pg_advisory_xact_lock(hashtextextended(coalesce(phone_hash, call_id), 0))
FROM call WHERE call_id = %(call_id)s
"""

# One value, read in one go: driver and SQLAlchemy prepare something for each column, and these would be 26.
_FIND: Final = without_comments("""
SELECT row_to_json(found)::text FROM (
SELECT
  c.call_id, c.facts, c.version AS change, c.epoch, c.phone_encrypted, c.phone_hash,
  c.recipient_version, c.policy_version,
  c.started_policy,
  -- the ledger of the call
  ARRAY(
    SELECT jsonb_build_object(
      'kind', t.kind, 'sequence', t.sequence, 'recipient_version', t.recipient_version, 'state', t.state,
      'rule', t.rule, 'reason', t.reason, 'due_at', t.due_at, 'settled_at', t.settled_at)
    FROM text t WHERE t.call_id = c.call_id
  ) AS texts,
  -- R2: after a restore
  EXISTS (SELECT 1 FROM recovery WHERE completed_real IS NULL) AS is_recovering,
  EXISTS (
    SELECT 1 FROM stray_message s
    WHERE s.phone_hash = c.phone_hash AND (s.kind IS NULL OR s.kind = %(kind)s)
      AND s.created_at >= CASE WHEN %(kind)s = 'delay' THEN %(due_at)s ELSE c.received_at END - %(clocks_may_differ)s
  ) AS has_stray,
  -- R6: a STOP in force; also one that ended after the call was received: START brings no earlier call's texts back
  (
    SELECT jsonb_build_object('ended_at', o.ended_at, 'entered_by', o.entered_by, 'stop_at', o.stop_at)
    FROM opt_out o
    WHERE o.phone_hash = c.phone_hash AND o.sender = %(sender)s AND (o.ended_at IS NULL OR o.ended_at > c.received_at)
    ORDER BY o.id DESC LIMIT 1
  ) AS opt_out,
  -- R6: the carrier refused an earlier text because of a STOP, and nobody wrote START since, before the call
  of_number.refused_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM inbound_message i
    WHERE i.phone_hash = c.phone_hash AND i.sender = %(sender)s AND i.keyword = %(start)s
      AND i.received_at >= of_number.refused_at AND i.received_at <= c.received_at
  ) AS is_stopped_at_carrier,
  -- the list of numbers that must not be texted
  (
    SELECT b.reason FROM blocked_number b
    WHERE b.phone_hash = c.phone_hash AND b.ended_real IS NULL
      AND (b.until_real IS NULL OR b.until_real > %(real_now)s)
    LIMIT 1
  ) AS blocked_because,
  -- whoever has the phone said that it is not the caller's
  EXISTS (
    SELECT 1 FROM inbound_message i
    WHERE i.phone_hash = c.phone_hash AND i.keyword = %(wrong_number)s AND i.received_at >= c.received_at
  ) AS is_wrong_number,
  coalesce(of_number.is_landline, false) AS is_landline,
  of_number.gone_in_a_day,
  of_number.surveys_lately,
  -- R10: the language of its newest reply that had one, and what staff chose for the call
  (
    SELECT i.language FROM inbound_message i WHERE i.phone_hash = c.phone_hash AND i.language IS NOT NULL
    ORDER BY i.received_at DESC, i.id DESC LIMIT 1
  ) AS language_used,
  (
    SELECT l.language FROM caller_language l WHERE l.call_id = c.call_id ORDER BY l.id DESC LIMIT 1
  ) AS language_chosen,
  -- its survey's invitation, where it has one
  (
    SELECT jsonb_build_object('id', v.id, 'token_hash', v.token_hash, 'language', v.language, 'used', v.used)
    FROM survey_invitation v WHERE v.call_id = c.call_id
  ) AS invitation,
  -- stop and go
  ARRAY(
    SELECT s.scope FROM switch s
    WHERE s.released_real IS NULL
      AND (s.scope NOT LIKE 'call:%%' AND s.scope NOT LIKE 'never:%%' OR s.scope = ANY(%(of_call)s))
  ) AS switched_off,
  (SELECT m.mode FROM service_mode m ORDER BY m.id DESC LIMIT 1) AS mode,
  EXISTS (SELECT 1 FROM pilot_number p WHERE p.phone_hash = c.phone_hash) AS is_in_pilot,
  EXISTS (
    SELECT 1 FROM text t
    WHERE t.kind = %(kind)s AND t.wording_version = %(wording)s AND t.error_code = ANY(%(of_words)s)
  ) AS words_had_trouble
FROM call c
CROSS JOIN LATERAL (
  SELECT
    max(t.settled_at) FILTER (
      WHERE t.error_code = %(opted_out)s AND (t.sender = %(sender)s OR t.sender IS NULL)
    ) AS refused_at,
    bool_or(t.error_code = ANY(%(landline)s) AND (t.settled_at IS NULL OR t.settled_at > %(landlines_since)s))
      AS is_landline,
    count(*) FILTER (
      WHERE gone.besides AND (t.settled_at IS NULL OR t.settled_at > %(day_began)s)
    ) AS gone_in_a_day,
    count(*) FILTER (
      WHERE gone.besides AND t.kind = 'survey' AND (t.settled_at IS NULL OR t.settled_at > %(surveys_since)s)
    ) AS surveys_lately
  FROM text t
  CROSS JOIN LATERAL (
    -- went out, or is on its way, and is about a call, and is not the text that is asked about
    SELECT t.state = ANY(%(has_gone)s) AND t.kind <> 'auto_reply' AND NOT (
      t.call_id = %(call_id)s AND t.kind = %(kind)s AND t.sequence = %(sequence)s
      AND t.recipient_version = %(recipient_version)s
    ) AS besides
  ) gone
  WHERE t.phone_hash = c.phone_hash
) of_number
WHERE c.call_id = %(call_id)s
) found
""")


class _Found(BaseModel):
    # R3: an error says what is wrong, and not of which value: some are personal.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TextFound(_Found):
    """A text of the call's ledger."""

    kind: Kind
    sequence: int
    recipient_version: int
    state: LedgerState
    rule: str | None
    reason: str | None
    due_at: AwareDatetime
    settled_at: AwareDatetime | None

    @property
    def key(self) -> TextKey:
        return TextKey(kind=self.kind, sequence=self.sequence, recipient_version=self.recipient_version)


class OptOutFound(_Found):
    """A STOP that binds the call."""

    ended_at: AwareDatetime | None
    entered_by: str | None
    stop_at: AwareDatetime | None


class InvitationFound(_Found):
    """The survey's invitation of the call."""

    id: UUID
    token_hash: str | None
    language: Language | None
    used: bool


class Findings(_Found):
    """As _FIND says, of one order. Those about a number say nothing where the call has none."""

    call_id: str
    facts: CallFacts
    change: int
    """The count of the facts' changes, in this epoch."""
    epoch: int
    phone_encrypted: str | None
    phone_hash: str | None
    recipient_version: int
    policy_version: str
    started_policy: str | None
    texts: tuple[TextFound, ...]
    is_recovering: bool
    has_stray: bool
    opt_out: OptOutFound | None
    is_stopped_at_carrier: bool
    blocked_because: str | None
    is_wrong_number: bool
    is_landline: bool
    gone_in_a_day: int
    surveys_lately: int
    language_used: Language | None
    language_chosen: Language | None
    invitation: InvitationFound | None
    switched_off: frozenset[str]
    mode: str | None
    is_in_pilot: bool
    words_had_trouble: bool

    @property
    def version(self) -> int:
        """Of the facts, as Temporal has it."""
        return version_of(epoch=self.epoch, change=self.change)

    def known_call(self, policy: Policy) -> KnownCall:
        """The call, and what this policy says of it."""
        return KnownCall(version=self.version, facts=self.facts, decision=decide(self.facts, policy))

    def newer_than(self, order: SendText, policy: Policy) -> KnownCall | None:
        """The call's facts, where they are newer than those that the workflow decided on."""
        return self.known_call(policy) if self.version > order.version else None

    def text(self, key: TextKey) -> TextFound | None:
        """The call's text with this key."""
        return next((text for text in self.texts if text.key == key), None)


def lock_number_of(session: Session, call_id: str) -> str | None:
    """Until the transaction ends nobody else counts the texts of this call's number; its hash.

    Raises:
        CallMissing: the database has no such call.
    """
    row = session.connection().exec_driver_sql(_LOCK_NUMBER, {"call_id": call_id}).one_or_none()
    if row is None:
        raise CallMissing(call_id)
    phone_hash: str | None = row.phone_hash
    return phone_hash


def what_is_known(session: Session, order: SendText, *, agency: Agency, now: datetime) -> Findings:
    """Everything about this order at `now` (the service's time). To count on it, lock the number first.

    Raises:
        CallMissing: the database has no such call.
        ValidationError: this release cannot read what it has.
    """
    found = session.connection().exec_driver_sql(_FIND, _values(order, agency, now)).scalar_one_or_none()
    if found is None:
        raise CallMissing(order.call_id)
    return Findings.model_validate_json(found)


def _values(order: SendText, agency: Agency, now: datetime) -> dict[str, Any]:
    numbers = agency.policy.numbers
    return {
        "call_id": order.call_id,
        "kind": order.key.kind.value,
        "sequence": order.key.sequence,
        "recipient_version": order.key.recipient_version,
        "due_at": order.due_at,
        "clocks_may_differ": CLOCKS_MAY_DIFFER,
        "sender": agency.identity.sender,
        "start": Keyword.START.value,
        "wrong_number": Keyword.WRONG_NUMBER.value,
        "real_now": real_now(),
        "of_call": [f"call:{order.call_id}", f"never:{order.call_id}"],
        "wording": agency.wording.version,
        "of_words": sorted(CONTENT | FILTERED),
        "opted_out": OPTED_OUT,
        "landline": sorted(LANDLINE),
        "landlines_since": now - numbers.landline_remembered_for,
        "day_began": now - _A_DAY,
        "surveys_since": now - numbers.one_survey_in,
        "has_gone": [state.value for state in HAS_GONE],
    }
