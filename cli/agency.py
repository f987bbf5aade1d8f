"""What the people of a police service do with their agency's folder, before anybody is texted."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

agency = typer.Typer(no_args_is_help=True, help="An agency's folder: its rules and its words.")
_out = Console(highlight=False)
_FOLDER = Annotated[Path, typer.Argument(metavar="DIR", help="The agency's folder, as agencies/ottawa.")]


@agency.command()
def preview(
    folder: _FOLDER,
    out: Annotated[Path | None, typer.Option(help="Write one HTML page, too, to read, print and pass on.")] = None,
    table: Annotated[Path | None, typer.Option(help="Write the texts as a table in Markdown, too.")] = None,
) -> None:
    """Show every text as a phone shows it, in both languages, with segments, cost and what makes it dear."""
    from cli.preview.command import run_preview

    run_preview(folder, out=out, table=table, console=_out)
