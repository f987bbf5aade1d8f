"""Where all ways in meet: a record that was read is accepted, one that cannot be read is kept, each is counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import JsonValue
from sqlalchemy import Engine

from calls.clock import REAL_TIME
from calls.eligibility import Decision, latch_of
from calls.facts import CallFacts
from database.encryption import Keyring
from policy.agency import Agency
from starter.accept import UNKNOWN_CODES, Accepted, Acceptor
from starter.feeds import Result, Tally, Way
from starter.members import members_kept
from starter.readers.told import Told, Unreadable, record_of
from starter.records import CadRecord
from starter.rejected import RejectedRecords, Shape
from starter.rules import keep_rules

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of one record. `reason`: why it was rejected, in words for the sender."""

    result: Result
    call_id: str | None = None
    decision: Decision | None = None
    reason: str | None = None


class Intake:
    """Takes the records of one feed in. May be used by several threads."""

    def __init__(
        self, *, engine: Engine, keyring: Keyring, agency: Agency, tally: Tally, now: Callable[[], datetime]
    ) -> None:
        self.agency = agency
        self.tally = tally
        self.now = now
        self._engine = engine
        self._has_kept_rules = False
        self._rejected = RejectedRecords(engine=engine, keyring=keyring)
        self._acceptor = Acceptor(
            engine=engine,
            keyring=keyring,
            agency=agency.key,
            policy=agency.policy,
            now=now,
            members=members_kept(agency, keyring),
        )

    def take(self, read: Told | Unreadable, *, raw: Callable[[], bytes], shape: Shape) -> Taken:
        """Take the record in, or keep it as it came. What this returns is committed.

        Raises:
            OperationalError: the database does not answer. Nothing was kept, or not all of it: send it again.
        """
        if not self._has_kept_rules:
            keep_rules(self._engine, self.agency)
            self._has_kept_rules = True
        if isinstance(read, Unreadable):
            return self._reject(read, raw=raw(), shape=shape)
        try:
            accepted = self._acceptor.accept(record_of(read, self.agency, feed=self.tally.feed))
        except ValueError as error:
            # The readers let nothing through that cannot be a fact. Should one, nothing is lost, and nobody is texted.
            log.error("a record was read and could not be accepted", feed=self.tally.feed, cause=type(error).__name__)
            return self._reject(Unreadable(what="a value cannot be kept", salvage=read), raw=raw(), shape=shape)
        return self._taken(accepted, read)

    def _taken(self, accepted: Accepted, told: Told) -> Taken:
        result = Result.REPEATED if accepted.is_repetition else Result.TAKEN
        lag = None if told.stamp is None else self.now() - told.stamp
        self.tally.note(result, lag=lag, unknown=accepted.decision.rule in UNKNOWN_CODES)
        return Taken(result=result, call_id=accepted.call_id, decision=accepted.decision)

    def _reject(self, unreadable: Unreadable, *, raw: bytes, shape: Shape) -> Taken:
        self._rejected.keep(raw, feed=self.tally.feed, shape=shape, reason=unreadable.what)
        self.silence(unreadable)
        self.tally.note(Result.REJECTED)
        log.warning("a record was rejected", feed=self.tally.feed, reason=unreadable.what)
        return Taken(result=Result.REJECTED, reason=unreadable.what)

    def silence(self, unreadable: Unreadable) -> None:
        """R1: what a record that cannot be read says of danger counts all the same; nothing else of it does.

        Another number than the call has is a danger, too: one of the two is a stranger's.
        """
        for told in unreadable.salvaged:
            danger = danger_of(told, self.agency, feed=self.tally.feed, is_clear=unreadable.is_clear)
            if danger is not None:
                self._acceptor.accept(danger)
            if unreadable.is_clear and told.phone is not None:
                self._acceptor.doubt(told.cad_id, told.phone, feed=self.tally.feed, stamp=told.stamp)


def danger_of(salvage: Told, agency: Agency, *, feed: str, is_clear: bool = True) -> CadRecord | None:
    """What silences the call of a record that cannot be read: for ever, or until a known code is told.

    Where it is not clear which cell is which (`is_clear`), any is an unknown code: then only what silences for ever.
    """
    if not salvage.cad_id.isprintable():
        return None
    danger = Told(
        cad_id=salvage.cad_id,
        stamp=salvage.stamp,
        priority_code=_fit(salvage.priority_code),
        call_type_code=_fit(salvage.call_type_code),
        first_call_type_code=_fit(salvage.first_call_type_code),
        in_progress=salvage.in_progress,
        safety_flag=salvage.safety_flag,
    )
    record = record_of(danger, agency, feed=feed)
    if any(_is_for_ever(facts, agency) for facts in (record.facts, record.first_type)):
        return record
    if not is_clear:
        return None
    unknown = Told(
        cad_id=danger.cad_id,
        stamp=danger.stamp,
        priority_code=danger.priority_code if danger.priority_code not in agency.cad.priorities else None,
        call_type_code=None if _is_listed(danger.call_type_code, agency) else danger.call_type_code,
    )
    is_any = unknown.priority_code is not None or unknown.call_type_code is not None
    return record_of(unknown, agency, feed=feed) if is_any else None


def _is_listed(call_type: str | None, agency: Agency) -> bool:
    return call_type is not None and agency.call_types.group_of(call_type) is not None


def _is_for_ever(facts: Mapping[str, JsonValue], agency: Agency) -> bool:
    call = CallFacts.model_validate({**facts, "agency": agency.key, "cad_id": ""})
    return latch_of(call, agency.policy) is not None


def _fit(code: str | None) -> str | None:
    """A code that can be kept as it is; any other nobody can have listed."""
    return code if code is not None and code.isprintable() else None


class Intakes:
    """An intake for each feed of this process."""

    def __init__(
        self, *, engine: Engine, keyring: Keyring, agency: Agency, now: Callable[[], datetime] = REAL_TIME.now
    ) -> None:
        self.agency = agency
        self._engine = engine
        self._keyring = keyring
        self._now = now
        self._of: dict[str, Intake] = {}

    def of(self, feed: str, way: Way) -> Intake:
        """The feed's own, always the same one."""
        if feed not in self._of:
            tally = Tally(engine=self._engine, feed=feed, way=way)
            new = Intake(engine=self._engine, keyring=self._keyring, agency=self.agency, tally=tally, now=self._now)
            self._of.setdefault(feed, new)
        return self._of[feed]

    def write_tallies(self) -> None:
        """Write what was counted.

        Raises:
            OperationalError: the database does not answer; what was counted is kept for the next time.
        """
        for intake in list(self._of.values()):
            intake.tally.write()
