"""`communityconnect agency …`: what a police service's analyst does with the service's own folder."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

agency = typer.Typer(no_args_is_help=True, help="Write, check and compare agency folders: rules, words, CAD mapping.")
_out = Console(highlight=False)

_TIME_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
_AGENCIES = Path("agencies")


def _say(line: str) -> None:
    _out.print(line, soft_wrap=True, markup=False)


@agency.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The agency's folder.")],
    cad: Annotated[Path | None, typer.Option(help="A log of its CAD: the codes that the folder does not list.")] = None,
) -> None:
    """Say everything that is wrong with a folder: one line each, with file and line. Ends with 1 where an error is.

    With --cad a log of past days is read as it is played. For a sample of a live feed: cad check.
    """
    from cli.agency_check import run_check

    if not run_check(folder, cad=cad, say=_say):
        raise typer.Exit(1)


@agency.command()
def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="The folder as it is.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The folder as it might be.")],
    cad: Annotated[Path, typer.Option(help="The log to try both on: CSV, gzip or not.")],
    start: Annotated[
        datetime | None,
        typer.Option("--from", help="Only calls received from then on, local time.", formats=_TIME_FORMATS),
    ] = None,
    hours: Annotated[float | None, typer.Option(help="For how many hours of the log.", min=0.01, max=1_000_000)] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write every call that changes, as CSV.")] = None,
) -> None:
    """Simulate two folders on one log: which calls change, how many texts and segments more or fewer. Texts nobody."""
    from local.simulation.compare import Options, compare

    compare(Options(before=before, after=after, cad=cad, start=start, hours=hours, out=out), console=_out)


@agency.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the folder: small letters, digits and hyphens, as in north-bay.")],
    place: Annotated[Path, typer.Option("--in", help="Where to make it.")] = _AGENCIES,
) -> None:
    """Make a new agency's folder from a template, with what is left to do marked in it."""
    from policy.new_folder import make_folder

    for line in make_folder(name, place=place):
        _say(line)


@agency.command()
def preview(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The agency's folder.")],
    out: Annotated[Path | None, typer.Option(help="Write one HTML page, too, to read, print and pass on.")] = None,
    table: Annotated[Path | None, typer.Option(help="Write the texts as a table in Markdown, too.")] = None,
) -> None:
    """Show every text as a phone shows it, in both languages, with segments, cost and what makes it dear."""
    from cli.preview.command import run_preview

    run_preview(folder, out=out, table=table, console=_out)
