"""One call as staff see it: where it stands, what comes next and why, and what is in its way (R9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from activities.findings import what_is_known
from activities.known_call import known_call, told_version
from activities.languages import language_chosen, language_of_caller
from activities.ledger import record_of
from activities.people import speaks_against
from activities.stop_and_go import Mode, mode_of_service, scope_for_good, scope_of_call, scopes_of
from activities.two_policies import rules_of
from calls.clock import Clock
from calls.contracts import Kind, KnownCall, LedgerState, SendText, TextKey
from calls.facts import CallFacts, Language
from calls.policy import Timetable
from calls.timetable import Send, Step, next_step
from database.encryption import Keyring, KeyringError
from database.tables import CallRow, SwitchRow, TextRow
from policy.agency import Agency
from web.staff.one_call.story import Moment, story_of

_UNSETTLED = (LedgerState.CLAIMED, LedgerState.SENDING)


@dataclass(frozen=True, kw_only=True)
class InTheWay:
    """Something is switched off that a text of this call needs."""

    scope: str
    since: datetime
    by: str
    why: str


@dataclass(frozen=True, kw_only=True)
class OneCall:
    """Everything on record. Times are the service's.

    `number`: in clear, for the eyes of staff only; `None`: there is none (any more). `language`: the next text's, and
    whose word it is: `staff`, `cad`, `number` or `nobody`. `step`: what comes next; `None`: the call is over.
    `against`: the rule that would hold back whatever is sent to its number now. `held`, `stopped`: by whom.
    """

    row: CallRow
    facts: CallFacts
    decision: str
    number: str | None
    language: Language | None
    language_by: str
    step: Step | None
    against: str | None
    off: Sequence[InTheWay]
    held: InTheWay | None
    stopped: InTheWay | None
    mode: Mode
    story: Sequence[Moment]

    @property
    def is_over(self) -> bool:
        return self.row.ended_reason is not None

    @property
    def due_at(self) -> datetime | None:
        """When the next text was due, where it is due already."""
        return self.step.due_at if isinstance(self.step, Send) else None


class Calls:
    """Reads calls, each in one look at the database."""

    def __init__(self, *, engine: Engine, keyring: Keyring, agency: Agency, clock: Clock) -> None:
        self._engine = engine
        self._keyring = keyring
        self._agency = agency
        self._clock = clock

    def read(self, call_id: str) -> OneCall | None:
        """The call; `None`: there is none of this id."""
        with Session(self._engine) as session:
            row = session.get(CallRow, call_id)
            if row is None:
                return None
            texts = session.exec(select(TextRow).where(col(TextRow.call_id) == call_id)).all()
            known = known_call(row, self._agency.policy)
            off = self._off(session, row, known.facts)
            by_scope = {each.scope: each for each in off}
            held = by_scope.get(scope_of_call(call_id))
            number = self._number(row)
            timetable = self._timetable(session, row)
            language = language_of_caller(session, known.facts, call_id=call_id, phone_hash=row.phone_hash)
            return OneCall(
                row=row,
                facts=known.facts,
                decision=known.decision.eligibility,
                number=number,
                language=language,
                language_by=self._language_by(session, row, known.facts, language),
                step=None
                if row.ended_reason is not None
                else self._step(known, texts, timetable, held=held is not None),
                against=self._against(session, row, number),
                off=[each for scope, each in by_scope.items() if not scope.endswith(f":{call_id}")],
                held=held,
                stopped=by_scope.get(scope_for_good(call_id)),
                mode=mode_of_service(session),
                story=story_of(
                    session,
                    row,
                    texts,
                    keyring=self._keyring,
                    clock=self._clock,
                    until=_end_of_interest(known.facts, timetable),
                ),
            )

    def _number(self, row: CallRow) -> str | None:
        try:
            return None if row.phone_encrypted is None else self._keyring.decrypt(row.phone_encrypted)
        except KeyringError:
            return None

    def _timetable(self, session: Session, row: CallRow) -> Timetable:
        """The one that the call started with, and keeps."""
        started = None if row.started_policy is None else rules_of(session, row.started_policy)
        return (self._agency if started is None else started).policy.timetable

    def _step(self, known: KnownCall, texts: Sequence[TextRow], timetable: Timetable, *, held: bool) -> Step:
        """By the switch, which binds at once: a starter makes it a fact of the call a moment later."""
        known = known.model_copy(update={"facts": known.facts.model_copy(update={"held": held})})
        settled = [record_of(text) for text in texts if text.state not in _UNSETTLED]
        return next_step(call=known, texts=settled, timetable=timetable, now=self._clock.now())

    def _off(self, session: Session, row: CallRow, facts: CallFacts) -> list[InTheWay]:
        groups = (facts.call_type_group, self._agency.reread(facts).call_type_group)
        scopes = {
            scope for kind in Kind if kind is not Kind.AUTO_REPLY for scope in scopes_of(row.call_id, groups, kind)
        }
        found = session.exec(
            select(SwitchRow)
            .where(
                col(SwitchRow.scope).in_({*scopes, scope_for_good(row.call_id)}), col(SwitchRow.released_real).is_(None)
            )
            .order_by(col(SwitchRow.stopped_real))
        )
        return [
            InTheWay(
                scope=switch.scope,
                since=self._clock.at(switch.stopped_real),
                by=switch.stopped_by,
                why=switch.why,
            )
            for switch in found
        ]

    def _against(self, session: Session, row: CallRow, number: str | None) -> str | None:
        """Asked as of a delay notice: what is said of surveys alone is no matter of the number's."""
        if row.ended_reason is not None:
            return None
        now = self._clock.now()
        key = TextKey(kind=Kind.DELAY, sequence=0, recipient_version=row.recipient_version)
        order = SendText(call_id=row.call_id, key=key, due_at=now, expires_at=now, version=told_version(row))
        found = what_is_known(session, order, agency=self._agency, now=now)
        said = speaks_against(found, order, number=number, rules=self._agency.policy.numbers)
        return None if said is None else said.rule

    def _language_by(self, session: Session, row: CallRow, facts: CallFacts, language: Language | None) -> str:
        if language is None:
            return "nobody"
        if language_chosen(session, row.call_id) is not None:
            return "staff"
        return "number" if facts.language is None else "cad"


def _end_of_interest(facts: CallFacts, timetable: Timetable) -> datetime | None:
    """Until when a reply from the call's number may be about the call."""
    if facts.received_at is None:
        return None
    if facts.is_cleared and facts.cleared_at is not None:
        return facts.cleared_at + timetable.survey.expires_after
    return facts.received_at + timetable.give_up_after
