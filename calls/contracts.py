"""What travels through Temporal: names and payloads. Nothing personal: no number, name, address or answer (R3)."""

from enum import StrEnum
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from calls.clock import REAL_TIME, Clock
from calls.eligibility import Decision
from calls.facts import CallFacts
from calls.policy import Timetable

TASK_QUEUE: Final = "calls"
"""One for workflows and activities: only then does the SDK start an activity eagerly, some 50 ms sooner."""
RECONCILER_TASK_QUEUE: Final = "reconciler"
WORKFLOW_TYPE: Final = "CallUpdates"
SEND_TEXT: Final = "send_text"

SEARCH_ATTRIBUTES: Final = {
    "Agency": "Keyword",
    "CallPriority": "Int",
    "CallTypeGroup": "Keyword",
    "CallLanguage": "Keyword",
    "CaseNumber": "Keyword",
}
"""Registered by `communityconnect setup`; set at the start of a call's workflow, which costs no action."""


def call_id(*, agency: str, cad_id: str) -> str:
    """The id of a call everywhere in the service: agency and CAD's internal id."""
    return f"{agency}-{cad_id}"


_OF_A_CALL: Final = "call-"


def workflow_id(call: str) -> str:
    """The id of the workflow of the call with this id."""
    return f"{_OF_A_CALL}{call}"


def call_id_of(workflow: str) -> str | None:
    """The call whose workflow has this id; `None`: it is no call's."""
    return workflow.removeprefix(_OF_A_CALL) if workflow.startswith(_OF_A_CALL) else None


class Signal(StrEnum):
    """What happened to a call, as the reader of its history sees it. The facts in the payload decide, not the name."""

    UPDATED = "updated"
    DISPATCHED = "dispatched"
    REQUEUED = "requeued"
    ARRIVED = "arrived"
    CLEARED = "cleared"
    REOPENED = "reopened"
    RECLASSIFIED = "reclassified"
    CANCELLED = "cancelled"
    HELD = "held"
    RELEASED = "released"


class Kind(StrEnum):
    """A kind of text. Their priority of sending is: replies, confirmations, delay notices, surveys."""

    CONFIRMATION = "confirmation"
    DELAY = "delay"
    SURVEY = "survey"
    AUTO_REPLY = "auto_reply"


PRIORITY: Final = {Kind.AUTO_REPLY: 1, Kind.CONFIRMATION: 2, Kind.DELAY: 3, Kind.SURVEY: 4}
"""In which order texts go out that wait for their turn: Temporal's task queue and the line both go by it."""


class LedgerState(StrEnum):
    """What is known of one text."""

    CLAIMED = "claimed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"


WENT_OUT: Final = frozenset(
    {LedgerState.ACCEPTED, LedgerState.SENT, LedgerState.DELIVERED, LedgerState.UNDELIVERED, LedgerState.UNKNOWN}
)
"""The states of a text that the carrier took, or may have taken: it must not be sent again (R2)."""

UNHEARD: Final = "nobody waited for it"
"""The rule of a reply that the carrier did not take: it waits fifteen seconds, a process may stand still for longer, or
die."""


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class TextKey(_Payload):
    """Which text of a call: unique in the ledger, so that none is sent twice (R2)."""

    kind: Kind
    sequence: int = 1
    recipient_version: int = 1

    @property
    def title(self) -> str:
        """As staff read it in Temporal: `delay notice 1`."""
        return {Kind.DELAY: f"delay notice {self.sequence}", Kind.SURVEY: "survey link"}.get(self.kind, self.kind.value)


class TextRecord(_Payload):
    """A text of this call that is settled: sent, or not sent for good."""

    key: TextKey
    state: LedgerState
    due_at: AwareDatetime


class KnownCall(_Payload):
    """The call as one side knows it: its facts, their version, and whether its caller may be texted."""

    version: int
    facts: CallFacts
    decision: Decision


class CallInput(_Payload):
    """The input of a call's workflow. The timetable stays with the call for its life.

    `texts` are those that the ledger has already: of a call whose first workflow was lost with Temporal's data.
    """

    call_id: str
    call: KnownCall
    timetable: Timetable
    clock: Clock = REAL_TIME
    texts: tuple[TextRecord, ...] = ()


class CallChange(_Payload):
    """The payload of every signal. Empty (sent by hand, from Temporal's UI or curl) it means: this happened now."""

    call: KnownCall | None = None
    clock: Clock | None = None


class SendText(_Payload):
    """The order to send one text."""

    call_id: str
    key: TextKey
    due_at: AwareDatetime
    expires_at: AwareDatetime
    version: int
    """Of the facts that the workflow decided on; where the database has newer ones, those decide."""


class TextOutcome(_Payload):
    """What became of the order. `record` is empty when newer facts overtook it: they are in `call`."""

    record: TextRecord | None = None
    rule: str | None = None
    call: KnownCall | None = None


class CallResult(_Payload):
    """How the life of a call's workflow ended, for the reader in Temporal's UI."""

    reason: str
    texts: tuple[str, ...]
