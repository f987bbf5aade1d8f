"""`communityconnect settings`: what can be set, and the files of the secrets."""

from pathlib import Path
from typing import Annotated

import typer

settings = typer.Typer(no_args_is_help=True, help="What can be set, and the files of the secrets.")


@settings.command("example")
def example_command() -> None:
    """Print every setting with what it means and its default: .env.example."""
    from cli.settings_example import example

    typer.echo(example(), nl=False)


@settings.command("secrets")
def secrets_command(
    folder: Annotated[Path, typer.Argument(help="Where they go; docker-compose.yml reads ./secrets.")] = Path(
        "secrets"
    ),
) -> None:
    """Make the files of the secrets that are missing. Those that are there stay."""
    from cli.settings_secrets import make_secrets

    make_secrets(folder, say=typer.echo)
