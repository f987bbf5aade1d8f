"""`communityconnect deployment …`: releases of the worker side by side (docs/deploys.md)."""

import typer

from settings import load_settings

deployment = typer.Typer(no_args_is_help=True, help="Releases side by side: a call ends on the one on which it began.")


@deployment.command("show")
def show() -> None:
    """List the releases: which takes new calls, and what is still open on each."""
    from cli.releases import show as show_releases

    show_releases(load_settings(), say=typer.echo)


@deployment.command("promote")
def promote() -> None:
    """Let this release take new calls. It refuses where an open call's history does not fit today's code (R8)."""
    from cli.releases import promote as promote_release
    from cli.replay_history import replay_histories

    settings = load_settings()
    if not replay_histories(files=[], workflow_id=None, open_calls=True, say=typer.echo):
        typer.echo("not promoted: mend the code with workflow.patched, and see docs/deploys.md")
        raise typer.Exit(1)
    promote_release(settings, say=typer.echo)
