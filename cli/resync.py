"""`communityconnect resync`: Temporal brought up to date with every open call in PostgreSQL."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session
from temporalio.service import RPCError

from database.engine import connect
from database.recovery import is_recovering
from policy.agency import load_agency
from settings import Settings, SettingsError
from starter.resync import Done, Found, Look, Resync
from starter.rules import keep_rules
from temporal_client import connect_temporal, let_the_loop_finish

Say = Callable[[str], None]
_SAY_EVERY: Final = 500
_NAMED: Final = 5


def resync(settings: Settings, *, apply: bool, ended_too: bool, per_second: float, say: Say) -> bool:
    """Look, and with `apply` do it. False: some calls were not taken, run it again.

    Raises:
        SettingsError: a recovery is not complete, or Temporal does not answer.
    """
    engine = connect(settings.database_url.get_secret_value(), pool_size=3)
    try:
        with Session(engine) as session:
            if is_recovering(session):
                raise SettingsError(
                    "the database was restored and is not recovered yet; first: communityconnect recover"
                )
        return asyncio.run(_run(settings, engine, apply=apply, ended_too=ended_too, per_second=per_second, say=say))
    except RPCError as error:
        raise SettingsError(f"Temporal does not answer as it should ({error.status.name}); run it again") from None
    finally:
        engine.dispose()


async def _run(
    settings: Settings, engine: Engine, *, apply: bool, ended_too: bool, per_second: float, say: Say
) -> bool:
    agency = load_agency(settings.agency)
    keep_rules(engine, agency)

    def progress(what: str, done: int, of: int) -> None:
        if done % _SAY_EVERY == 0:
            say(f"{done:,} of {of:,} calls {what} …")

    client = await connect_temporal(patience_seconds=10)
    try:
        work = Resync(
            engine=engine,
            client=client,
            policy=agency.policy,
            clock=settings.clock,
            per_second=per_second,
            progress=progress,
        )
        look = await work.look()
        _say_look(look, say=say)
        if not apply:
            say("nothing was changed. To do it: communityconnect resync --apply")
            return True
        done = await work.apply(look, ended_too=ended_too)
    finally:
        await let_the_loop_finish()
    return _say_done(done, say=say)


def _say_look(look: Look, *, say: Say) -> None:
    say(f"open calls in PostgreSQL: {len(look.calls)}")
    for found, then in (
        (Found.RUNNING, "each hears its facts anew"),
        (Found.MISSING, "each gets a workflow again, told what was sent"),
        (Found.ENDED, "final, unless you say --ended-too"),
        (Found.OVER, "closed"),
        (Found.NOT_STARTED, "nothing to do"),
    ):
        say(f"  {found}: {look.count(found)} ({then})")
    say(f"running in Temporal, over in PostgreSQL: {len(look.ended_here)}{_named(look.ended_here)}")
    say(f"running in Temporal, unknown to PostgreSQL: {len(look.unknown_here)}{_named(look.unknown_here)}")


def _named(ids: Sequence[str]) -> str:
    more = ", …" if len(ids) > _NAMED else ""
    return f" ({', '.join(ids[:_NAMED])}{more})" if ids else ""


def _say_done(done: Done, *, say: Say) -> bool:
    say(f"signalled: {done.signalled}, started: {done.started}, closed: {done.closed}")
    if done.failed:
        reasons = ", ".join(f"{count} {reason}" for reason, count in done.failed.items())
        say(f"not taken by Temporal: {reasons}; run it again")
    return not done.failed
