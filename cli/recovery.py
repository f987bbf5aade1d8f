"""`communityconnect recover`: takes back what happened since the backup, in order; any number of times."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, text
from sqlmodel import Session, col, func, select
from temporalio.service import RPCError

from activities.carrier_client import CarrierClient, NotProcessed
from activities.ledger import LEASE
from activities.services import TextServices
from activities.taken_back import Sent, TakeBackSent
from cli.backup import say_keys
from cli.serve_web import resident_agency
from database import migrate
from database.encryption import keyring_of
from database.engine import connect
from database.notify import wake_forwarders
from database.recovery import RecoveryRow
from database.tables import CadRecordRow, real_now
from policy.agency import load_agency
from settings import Settings, SettingsError
from starter.old_workers import LONGEST_POLL, OldWorker, old_workers
from temporal_client import connect_temporal, let_the_loop_finish
from web.residents.agency import Site
from web.residents.taken_back import Received, take_back_received

Say = Callable[[str], None]
_ONE_AT_A_TIME: Final = 3_360_914_227  # any number of ours: two recoveries do not meet
_WORKERS_GO_WITHIN_SECONDS: Final = 90.0
_ASK_AGAIN_AFTER_SECONDS: Final = 5.0
_SAY_EVERY: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class Refed:
    """Somebody says that CAD's records since the backup were fed again."""

    by: str
    why: str


def recover(settings: Settings, *, refed: Refed | None, say: Say) -> bool:
    """Take back what can be; True when the recovery is complete, and a person may start the service.

    Raises:
        SettingsError: something is in the way; run it again when it is not.
    """
    engine = connect(settings.database_url.get_secret_value(), pool_size=4)
    try:
        with _alone(engine):
            return Recovery(settings, engine, say=say).run(refed)
    finally:
        engine.dispose()


class Recovery:
    """The steps. Each may be repeated: what was taken back is known by the carrier's own ids."""

    def __init__(
        self, settings: Settings, engine: Engine, *, say: Say, workers_ask_every: timedelta = LONGEST_POLL
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._say = say
        self._workers_ask_every = workers_ask_every
        self._carrier = CarrierClient(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            address=str(settings.twilio_address),
            timeout_seconds=settings.twilio_timeout_seconds,
        )
        agency = load_agency(settings.agency)
        keyring = keyring_of(settings)
        self._services = TextServices(
            engine=engine,
            carrier=self._carrier,
            keyring=keyring,
            agency=agency,
            clock=settings.clock,
            origin=settings.origin,
            unknown_wait=timedelta(seconds=settings.unknown_wait_seconds),
        )
        self._site = Site(
            engine=engine,
            keyring=keyring,
            agency=resident_agency(agency),
            clock=settings.clock,
            origin=settings.origin,
        )
        self._zone = agency.policy.timetable.zone_info

    def run(self, refed: Refed | None) -> bool:
        """All steps in order."""
        row = self._newest()
        if row is None:
            self._say("this database was not restored: there is nothing to recover")
            return True
        self._say(f"restored at {self._at(row.restored_real)} from a backup of {self._at(row.as_of_real)}")
        say_keys(self._settings, self._engine, say=self._say)
        gone = self._wait_for_old_workers(row.epoch)
        self._wait_for_the_list(max(row.restored_real, gone or row.restored_real))
        began = real_now()
        sent, received = self._take_back(row.as_of_real)
        self._say_sent(sent)
        self._say_received(received)
        if gone_there := deleted_at_carrier(row, self._services.agency.policy.retention.at_carrier):
            self._say(f"  BUT {gone_there}")
        cad = self._cad_records(row.restored_real)
        self._keep(row.epoch, began=began, refed=refed, sent=sent, received=received, cad=cad)
        return self._next(row, refed, cad)

    def _newest(self) -> RecoveryRow | None:
        if migrate.current_revision(self._engine) != migrate.head_revision():
            raise SettingsError("the database is not at this code's revision; run: communityconnect setup")
        with Session(self._engine) as session:
            return session.exec(select(RecoveryRow).order_by(col(RecoveryRow.epoch).desc()).limit(1)).first()

    def _wait_for_old_workers(self, epoch: int) -> datetime | None:
        """A worker that was started on the database of before must be gone: it would send by another ledger. When the
        last one went, at the latest; `None`: none was there lately."""
        end, said = time.monotonic() + _WORKERS_GO_WITHIN_SECONDS, False
        while True:
            old = asyncio.run(_old_workers(epoch))
            names = [one.identity for one in old if one.last_seen > real_now() - self._workers_ask_every]
            if not names:
                break
            if time.monotonic() > end:
                raise SettingsError(
                    f"workers of before the restore still ask Temporal for work: {', '.join(names)} (process@machine); "
                    "end them, then run this again. Workers that were started since the restore may run"
                )
            if not said:
                self._say(f"waiting until workers of before are gone, at most a minute and a half: {', '.join(names)}")
                said = True
            time.sleep(_ASK_AGAIN_AFTER_SECONDS)
        self._say("workers: none of before the restore")
        return max((one.last_seen + self._workers_ask_every for one in old), default=None)

    def _wait_for_the_list(self, quiet_since: datetime) -> None:
        """What was POSTed in the last moment before must stand in the carrier's list by now: as long as for a text in
        doubt."""
        timeout = timedelta(seconds=self._settings.twilio_timeout_seconds)
        ready = quiet_since + LEASE + timeout + self._services.unknown_wait
        left = (ready - real_now()).total_seconds()
        if left > 0:
            self._say(f"waiting {left:.0f} s, until the carrier's list is complete")
            time.sleep(left)

    def _take_back(self, as_of: datetime) -> tuple[Sent, Received]:
        try:
            received = take_back_received(self._site, self._carrier, as_of, beat=self._beat("texts of residents"))
            sent = TakeBackSent(self._services, self._carrier)(as_of, beat=self._beat("texts of ours"))
        except NotProcessed as refusal:
            raise SettingsError(f"{refusal.cause}; what was taken back stays, run this again") from None
        return sent, received

    def _beat(self, what: str) -> Callable[[int], None]:
        def beat(number: int) -> None:
            if number % _SAY_EVERY == 0:
                self._say(f"{number:,} {what} looked at …")

        return beat

    def _say_sent(self, sent: Sent) -> None:
        self._say(
            f"our texts: {sent.listed} in the carrier's list, {sent.known} known, "
            f"{sent.taken_back.total()} taken back{_in_words(sent.taken_back)}, {sent.strays} that no call explains"
        )
        if sent.strays:
            self._say(
                "  to these numbers nothing goes that such a message may have been; most are explained once CAD's "
                "records are fed again"
            )

    def _say_received(self, received: Received) -> None:
        self._say(
            f"residents' texts: {received.listed} in the list, {received.known} known, "
            f"{received.taken_back.total()} taken back{_in_words(received.taken_back)}"
        )
        if received.without_words:
            self._say(
                f"  {received.without_words} of them were deleted at the carrier: whether they were STOP is unknown"
            )

    def _cad_records(self, since: datetime) -> int:
        with Session(self._engine) as session:
            count, newest = session.exec(
                select(func.count(col(CadRecordRow.id)), func.max(col(CadRecordRow.stamp))).where(
                    col(CadRecordRow.accepted_real) >= since
                )
            ).one()
        self._say(f"CAD: {count} records since the restore" + ("" if newest is None else f", up to {self._at(newest)}"))
        return count

    def _keep(
        self, epoch: int, *, began: datetime, refed: Refed | None, sent: Sent, received: Received, cad: int
    ) -> None:
        """What was done, and by whom; complete when CAD's records are here as well."""
        with Session(self._engine) as session, session.begin():
            row = session.get_one(RecoveryRow, epoch, with_for_update=True)
            row.taken_back_real = began
            if refed is not None:
                row.refed_real, row.refed_by, row.refed_why = real_now(), refed.by, refed.why
            if row.refed_real is not None and row.completed_real is None:
                row.completed_real = real_now()
                wake_forwarders(session)
            row.counts = {"sent": _counts(sent), "received": _counts(received), "cad_records": cad}
            session.add(row)

    def _next(self, row: RecoveryRow, refed: Refed | None, cad: int) -> bool:
        if row.completed_real is None and row.refed_real is None and refed is None:
            self._say(
                f"next: feed CAD's records since {self._at(row.as_of_real)} again (docs/recovery.md), then "
                "communityconnect recover --cad-fed-again --by … --why …"
            )
            return False
        if cad == 0:
            self._say("  BUT no record came since the restore: is that right?")
        self._say(
            "lost for good: survey answers since the backup, and what staff entered since: holds, stops for good,"
        )
        self._say("  numbers not to be texted, opt-outs by telephone, the mode. Enter those again before you start,")
        self._say("  and erase again who was erased since: their calls are back, and a STOP of theirs may be gone")
        self._say(
            "complete. next: communityconnect resync, then start: communityconnect go --by … --why …, or the console"
        )
        return True

    def _at(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"


def deleted_at_carrier(row: RecoveryRow, length: timedelta | None) -> str | None:
    """R6: what the agency had the carrier delete is in its list no more, a STOP as well. `length`: of its retention."""
    if length is None or row.as_of_real > row.restored_real - length:
        return None
    return (
        f"the carrier was asked to delete what is older than {length.days} days, and the backup is: what residents "
        f"wrote from then until {length.days} days before the restore is lost, STOP too. Twilio's console lists whom "
        "it has stopped; enter those, or stay in shadow"
    )


async def _old_workers(epoch: int) -> list[OldWorker]:
    client = await connect_temporal(patience_seconds=10)
    try:
        return await old_workers(client, epoch=epoch)
    except RPCError as error:
        raise SettingsError(f"Temporal cannot say which workers there are ({error.status.name})") from None
    finally:
        await let_the_loop_finish()


def _counts(found: Sent | Received) -> dict[str, object]:
    return vars(found) | {"taken_back": dict(found.taken_back)}


def _in_words(taken: Counter[str]) -> str:
    return f" ({', '.join(f'{count} {what}' for what, count in sorted(taken.items()))})" if taken else ""


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """No other recovery runs meanwhile.

    Raises:
        SettingsError: one does.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        lock = {"key": _ONE_AT_A_TIME}
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), lock).scalar_one():
            raise SettingsError("another recovery is running: let it end")
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), lock)
