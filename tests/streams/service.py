"""The whole service for streams: real PostgreSQL, Temporal, workflow, worker, ledger; time is skipped."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from calls.contracts import WENT_OUT
from database import migrate
from database.encryption import Keyring, load_keyring
from database.engine import connect
from database.tables import TextRow
from local.ports import LOOPBACK, free_port
from local.postgres import Postgres
from local.processes import Supervisor
from local.simulation import skipped_time
from local.simulation.feed import EARLY
from local.simulation.worker import worker
from local.state import State
from policy.agency import load_agency
from starter.accept import Acceptor
from starter.fictional_numbers import fictional_number
from starter.forward import Forwarder
from tests.servers import temporary_state
from tests.streams.by_the_words import SentText
from tests.streams.streams import NUMBERS, Arrival, Stream

_A_LONG_LIFE = timedelta(days=19)  # fourteen until the service gives up, three until a survey expires
_HEAD_START = timedelta(minutes=1)


def with_numbers_of_its_own(stream: Stream, place: int) -> Stream:
    """The same stream with other callers: the rules about one number's texts are not what is looked at here."""
    others = {number: fictional_number(place * len(NUMBERS) + n) for n, number in enumerate(NUMBERS)}

    def other(arrival: Arrival) -> Arrival:
        phone = arrival.record.phone
        return Arrival(arrival.at, arrival.record.model_copy(update={"phone": others.get(phone or "", phone)}))

    return Stream(seed=stream.seed, arrivals=tuple(map(other, stream.arrivals)))


def sent_by_the_service(
    streams: Sequence[Stream], agency_folder: Path, *, keys: Mapping[str, str]
) -> dict[str, list[SentText]]:
    """By CAD's id, the texts that the service sent, in their order. `keys`: as `load_keyring` takes them."""
    with temporary_state() as state, Supervisor(state) as supervisor:
        postgres = Postgres(state=state, port=free_port(), durable=False)
        supervisor.start(postgres.child())
        engine = connect(postgres.url(), pool_size=8)
        migrate.upgrade(engine)
        try:
            asyncio.run(_run(streams, agency_folder, state, supervisor, engine, postgres.url(), keys))
            return _read(engine, load_keyring(**keys))
        finally:
            engine.dispose()


async def _run(
    streams: Sequence[Stream],
    folder: Path,
    state: State,
    supervisor: Supervisor,
    engine: Engine,
    url: str,
    keys: Mapping[str, str],
) -> None:
    arrivals = sorted((arrival for one in streams for arrival in one.arrivals), key=lambda arrival: arrival.at)
    agency, port = load_agency(folder), free_port()
    supervisor.start(skipped_time.server(state, port=port))
    client = await skipped_time.connect(port)
    time = await skipped_time.skipped_time(client, begins=arrivals[0].at - _HEAD_START)
    environment = {
        "DATABASE_URL": url,
        "TEMPORAL_ADDRESS": f"{LOOPBACK}:{port}",
        "TEMPORAL_NAMESPACE": "default",
        "COMMUNITYCONNECT_AGENCY": str(folder),
        "COMMUNITYCONNECT_ENCRYPTION_KEYS": keys["encryption_keys"],
        "COMMUNITYCONNECT_LOOKUP_KEY": keys["lookup_key"],
        "COMMUNITYCONNECT_CLOCK": time.clock.model_dump_json(),
    }
    supervisor.start(worker(state, metrics_port=free_port(), environment=environment))
    now = arrivals[0].at
    acceptor = Acceptor(
        engine=engine, keyring=load_keyring(**keys), agency=agency.key, policy=agency.policy, now=lambda: now
    )
    forwarder = Forwarder(engine=engine, client=client, policy=agency.policy, clock=time.clock, now=time.last_told)
    for place, arrival in enumerate(arrivals):
        now = arrival.at
        await time.until(now - EARLY)
        acceptor.accept(arrival.record)
        if place + 1 == len(arrivals) or arrivals[place + 1].at != now:
            await forwarder.forward_all()
    await _rest(time, until=now + _A_LONG_LIFE)


async def _rest(time: skipped_time.SkippedTime, *, until: datetime) -> None:
    while (now := await time.now()) < until:
        await time.until(min(until, now + timedelta(hours=6)))


def _read(engine: Engine, keyring: Keyring) -> dict[str, list[SentText]]:
    texts: dict[str, list[SentText]] = {}
    with Session(engine) as session:
        for row in session.exec(select(TextRow).order_by(col(TextRow.settled_at))):
            if row.state in WENT_OUT and row.call_id and row.settled_at and row.phone_encrypted:
                number = keyring.decrypt(row.phone_encrypted)
                text = SentText(row.kind, row.sequence, number, row.due_at, row.settled_at)
                texts.setdefault(row.call_id.removeprefix("ottawa-"), []).append(text)
    return texts
