"""The commands for bad days: backup, restore, recover, resync (docs/recovery.md)."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.staff import said
from settings import load_settings

emergency = typer.Typer()
_out = Console(highlight=False)
_MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]


def _say(line: str) -> None:
    _out.print(line, soft_wrap=True, markup=False)


@emergency.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write. One that is there is not written over.")],
) -> None:
    """Write the database to a file. The keys are not in it: keep them elsewhere."""
    from cli.backup import back_up

    back_up(load_settings(), file, say=_say)


@emergency.command()
def restore(file: Annotated[Path, typer.Argument(help="What `communityconnect backup` wrote.")]) -> None:
    """Bring a backup into an empty database. The service starts stopped."""
    from cli.backup import restore_from

    restore_from(load_settings(), file, say=_say)


@emergency.command("mark-restored")
def mark_restored(
    as_of: Annotated[
        datetime, typer.Option(help="The moment that the database was taken back to, local time.", formats=_MOMENTS)
    ],
) -> None:
    """After a restore by other means (a snapshot, a provider's point in time): stop the service until recovered."""
    from cli.backup import mark_restored as mark

    mark(load_settings(), as_of.astimezone(), say=_say)


@emergency.command()
def recover(
    cad_fed_again: Annotated[
        bool, typer.Option("--cad-fed-again", help="CAD's records since the backup were fed again, and all are in.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    why: Annotated[str | None, typer.Option(help="How they know, for those who read it later.")] = None,
) -> None:
    """After a restore: take back from the carrier what happened since the backup. Run it as often as you like."""
    from cli.recovery import Refed
    from cli.recovery import recover as run

    if cad_fed_again and (by is None or why is None):
        raise typer.BadParameter("--cad-fed-again needs --by and --why")
    refed = Refed(by=said(by or ""), why=said(why or "")) if cad_fed_again else None
    if not run(load_settings(), refed=refed, say=_say):
        raise typer.Exit(1)


@emergency.command()
def resync(
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without this it only looks and counts.")] = False,
    ended_too: Annotated[
        bool,
        typer.Option("--ended-too", help="Start anew also what was terminated, cancelled or has failed in Temporal."),
    ] = False,
    per_second: Annotated[float, typer.Option(help="Requests to Temporal a second.", min=0.1, max=1000)] = 20,
) -> None:
    """Temporal has lost its data, or a part: start or signal every open call anew. What was sent is not sent again."""
    from cli.resync import resync as run

    if not run(load_settings(), apply=apply, ended_too=ended_too, per_second=per_second, say=_say):
        raise typer.Exit(1)
