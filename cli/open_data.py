"""`communityconnect open-data …`: what is published of the counts."""

from pathlib import Path
from typing import Annotated

import typer

open_data = typer.Typer(no_args_is_help=True, help="Open data: the public pages.")


@open_data.command()
def site(
    bundles: Annotated[Path, typer.Option(help="The public folder, with index.json.")],
    out: Annotated[Path, typer.Option(help="Where the pages go; an earlier site there is replaced.")],
    agency: Annotated[Path, typer.Option(help="The agency's folder.")] = Path("agencies/ottawa"),
) -> None:
    """Write the pages of open data as plain files, from the published bundles alone."""
    from cli.open_data_site import write_site

    write_site(bundles, out, agency=agency, say=typer.echo)
