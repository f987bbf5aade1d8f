"""`communityconnect keys …`: change keys while the service works (docs/keys.md)."""

import time
from typing import Annotated

import typer
from sqlmodel import Session, func, select

from database.encryption import keyring_of
from database.engine import connect
from database.lookup_keys import KeyState, LookupKeyRow, MovedNumberRow, key_of_what_is_stored
from database.move_numbers import begin_move, move_numbers
from database.re_encrypt import keys_in_use, re_encrypt
from settings import load_settings

keys = typer.Typer(no_args_is_help=True, help="Change the service's keys while it works: docs/keys.md.")
_AGAIN_AFTER_SECONDS = 60.0


@keys.command("show")
def show() -> None:
    """List the keys: what each has encrypted, and which one numbers are found by. No key is shown."""
    settings = load_settings()
    keyring, engine = keyring_of(settings), connect(settings.database_url.get_secret_value(), pool_size=1)
    used = keys_in_use(engine)
    for number, key_id in enumerate(keyring.encryption):
        left = f"{used[key_id]} values"
        if number and not used[key_id]:
            left += "; nothing needs it any more"
        typer.echo(f"encryption key {key_id}: {'encrypts and decrypts' if not number else 'decrypts'}, {left}")
    for key_id in sorted(used.keys() - keyring.encryption.keys()):
        typer.echo(f"encryption key {key_id}: IS NOT HERE, and {used[key_id]} values cannot be read without it")
    with Session(engine) as session:
        states = {row.fingerprint: row.state for row in session.exec(select(LookupKeyRow))}
        states = states or {key_of_what_is_stored(session, keyring).fingerprint: KeyState.IN_FORCE}
        moved = session.exec(select(func.count()).select_from(MovedNumberRow)).one()
    for ring in keyring.rings:
        state = states.get(ring.fingerprint, "not in force")
        typer.echo(f"lookup key {ring.fingerprint}: {state}{f', {moved} numbers moved' if state == 'next' else ''}")
    for fingerprint in sorted(states.keys() - {ring.fingerprint for ring in keyring.rings}):
        typer.echo(f"lookup key {fingerprint}: {states[fingerprint]}, and IS NOT HERE")


@keys.command("re-encrypt")
def re_encrypt_command() -> None:
    """Encrypt with the first key what an earlier one has encrypted. May be stopped, and run again."""
    settings = load_settings()
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    total = 0
    for place, count in re_encrypt(engine, keyring_of(settings)):
        total += count
        typer.echo(f"{place}: {count}")
    typer.echo(f"{total} values were encrypted anew; see: communityconnect keys show")


@keys.command("move")
def move(
    once: Annotated[bool, typer.Option("--once", help="One pass, without waiting for calls that are open.")] = False,
) -> None:
    """Have all numbers found by the new lookup key. May be stopped, and run again; waits for calls that are open."""
    settings = load_settings()
    keyring, engine = keyring_of(settings), connect(settings.database_url.get_secret_value(), pool_size=1)
    begin_move(engine, keyring)
    while True:
        done = move_numbers(engine, keyring)
        typer.echo(f"{done.numbers} numbers moved, {done.waiting} wait: a call of theirs is open, or a text under way")
        if done.is_done:
            typer.echo("all numbers are found by the new key; how long links need the one before: docs/keys.md")
            return
        if once:
            raise typer.Exit(1)
        if not done.numbers:
            time.sleep(_AGAIN_AFTER_SECONDS)
