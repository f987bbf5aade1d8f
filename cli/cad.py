"""`communityconnect cad …`: the ways in for calls, each a process of its own, and how they are doing."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.staff import said
from logs import configure_logging
from settings import load_settings

cad = typer.Typer(no_args_is_help=True, help="CAD's ways in: push, a polled view, a folder; and how they are doing.")
_out = Console(highlight=False)


def _said(words: str | None) -> str | None:
    return None if words is None else said(words)


def _say(line: str) -> None:
    _out.print(line, soft_wrap=True, markup=False)


@cad.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8010,
) -> None:
    """Take records that CAD pushes over HTTP, and EIDO. Start as many as you like behind a proxy."""
    from cli.cad_serve import serve as serve_cad

    serve_cad(load_settings(), host=host, port=port)


@cad.command()
def poll(
    feed: Annotated[str, typer.Option(help="The feed's name, as in cad.yaml's `feeds`.")] = "view",
) -> None:
    """Read a view of CAD's database again and again, as cad.yaml's `poll` says."""
    from cli.cad_poll import run_poll

    run_poll(load_settings(), feed=feed)


@cad.command()
def watch(
    feed: Annotated[str, typer.Option(help="The feed's name, as in cad.yaml's `feeds`.")] = "folder",
) -> None:
    """Take the files that CAD drops into a folder; each goes to done or failed, with a report."""
    from cli.cad_watch import run_watch

    run_watch(load_settings(), feed=feed)


@cad.command()
def check(
    file: Annotated[Path, typer.Argument(help="A sample: CSV, JSON records, or EIDO; gzip or not.")],
    agency: Annotated[Path, typer.Option(help="The agency's folder.")] = Path("agencies/ottawa"),
) -> None:
    """Before a feed is connected: read a sample of it as the feed will be read, and say what its records become.

    Nothing is kept, nobody is texted. For a log of past days, to write the folder with: agency check --cad.
    """
    from cli.cad_check import check_sample

    if not check_sample(file, folder=agency, say=_say):
        raise typer.Exit(1)


@cad.command()
def feeds(
    forget: Annotated[
        str | None, typer.Option(metavar="FEED", help="Take this one off the list: it is not used any more.")
    ] = None,
) -> None:
    """Show how each feed is doing: last record, lag, rejected, unknown. Ends with 1 where one needs somebody."""
    from cli import cad_feeds

    if forget is not None:
        cad_feeds.forget(load_settings(), forget, say=_say)
    elif not cad_feeds.show_feeds(load_settings(), say=_say):
        raise typer.Exit(1)


@cad.command()
def rejected(
    feed: Annotated[str | None, typer.Option(help="Only this feed's.")] = None,
    show: Annotated[int | None, typer.Option(help="Print this one as it came. There may be a number in it.")] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Read them again, after a mend.")] = False,
    leave: Annotated[
        int | None, typer.Option(help="Take this one off the list as it is; needs --by and --why.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who leaves it.", callback=_said)] = None,
    why: Annotated[str | None, typer.Option(help="Why, for those who read it later.", callback=_said)] = None,
) -> None:
    """List the records that could not be read; show one, read them again after a mend, or leave one."""
    from cli.cad_rejected import RejectedAct, act

    settings = load_settings()
    configure_logging(service="starter", format_=settings.log_format)
    what = RejectedAct(feed=feed, show=show, replay=replay, leave=leave, by=by, why=why)
    if not act(settings, what, say=_say):
        raise typer.Exit(1)
