"""What the people of the communications centre and their engineers do on the command line, until there is a console."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from settings import SettingsError, load_settings

staff = typer.Typer()
_out = Console(highlight=False)


def _say(line: str) -> None:
    _out.print(line, soft_wrap=True, markup=False)


@staff.command()
def attention() -> None:
    """Show what needs a person first: CAD's feeds, texts in doubt, stuck calls, codes that nobody has listed."""
    from cli.attention import show_attention

    if not show_attention(load_settings(), say=_say):
        raise typer.Exit(1)


@staff.command("bring-back")
def bring_back() -> None:
    """Start the workflows anew that Temporal has lost with its data. What was sent is not sent again."""
    from cli.tasks import run_bring_back

    run_bring_back(load_settings(), say=_say)


def said(words: str) -> str:
    """Who and why are kept for those who read it later: something, on one line, in letters that can be kept."""
    line = " ".join(words.split())
    if not line:
        raise typer.BadParameter("say it in a few words")
    if line != line.encode(errors="replace").decode():
        raise typer.BadParameter("this terminal does not write UTF-8; without accents it works")
    return line


_BY = Annotated[str, typer.Option(help="Who does it.", callback=said)]
_WHY = Annotated[str, typer.Option(help="Why, for those who read it later.", callback=said)]
_KIND = Annotated[str | None, typer.Option(help="Only this kind of text: confirmation, delay, survey, auto_reply.")]
_TYPE = Annotated[str | None, typer.Option("--type", help="Only calls of this group of call types.")]
_CALL = Annotated[str | None, typer.Option(help="Only this call, by its id: ottawa-26-1340285.")]

_WORDING = Annotated[str | None, typer.Option(help="Words that the carrier has stopped, as `state` names them.")]


@staff.command()
def stop(by: _BY, why: _WHY, kind: _KIND = None, group: _TYPE = None, call: _CALL = None) -> None:
    """Stop texts at once: all of them, one kind, one type of call, or one call. What falls due waits."""
    from cli import switches

    settings = load_settings()
    scope = switches.scope_named(settings, kind=kind, group=group, call=call)
    switches.stop(settings, scope, by=by, why=why, say=_say)


@staff.command()
def go(
    by: _BY, why: _WHY, kind: _KIND = None, group: _TYPE = None, call: _CALL = None, wording: _WORDING = None
) -> None:
    """Let go what was stopped. What is still true goes out once; what is not has expired."""
    from cli import switches

    settings = load_settings()
    if wording is not None:
        if not kind is group is call is None:
            raise SettingsError("--wording goes alone, without --kind, --type and --call; nothing was let go")
        switches.release_wording(settings, wording, by=by, why=why, say=_say)
        return
    scope = switches.scope_named(settings, kind=kind, group=group, call=call, to_stop=False)
    switches.go(settings, scope, by=by, why=why, say=_say)


@staff.command()
def mode(
    name: Annotated[str, typer.Argument(help="live, pilot (its phones by standard input, one a line) or shadow")],
    by: _BY,
    why: _WHY,
) -> None:
    """Set the mode of the whole service. In shadow everything is decided and written down, and nobody is texted."""
    from cli import switches

    switches.set_mode(load_settings(), name, sys.stdin if name == "pilot" else None, by=by, why=why, say=_say)


@staff.command()
def state() -> None:
    """Show the mode of the service, and what is stopped, with who and why."""
    from cli import switches

    switches.show_state(load_settings(), say=_say)


@staff.command("block-numbers")
def block_numbers(
    why: Annotated[str, typer.Option(help="alarm company, hotline, lobby, shelter, payphone, other")],
    until: Annotated[datetime | None, typer.Option(help="The first day on which they may be texted again.")] = None,
) -> None:
    """Put numbers on the list of those that must not be texted. They are read from standard input, one a line."""
    from cli.blocked_numbers import block

    block(load_settings(), sys.stdin, why=why, until=until and until.astimezone(), say=_say)


@staff.command("unblock-numbers")
def unblock_numbers() -> None:
    """Take numbers off that list. They are read from standard input, one a line."""
    from cli.blocked_numbers import unblock

    unblock(load_settings(), sys.stdin, say=_say)


@staff.command("blocked-numbers")
def blocked_numbers() -> None:
    """Show that list, numbers in clear."""
    from cli.blocked_numbers import show

    show(load_settings(), say=_say)


@staff.command()
def erase(
    by: _BY,
    why: _WHY,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without it, it is shown, and asked for at a terminal.")] = (
        False
    ),
    out: Annotated[Path | None, typer.Option(help="The file for the certificate.")] = None,
) -> None:
    """Erase one person: everything that is found by a number, which is asked for or read from standard input."""
    from cli.erase import erase, typed_or_piped

    at_terminal = sys.stdin.isatty()

    def sure() -> bool:
        return yes or (at_terminal and typer.confirm("Erase it? It cannot be taken back"))

    if not erase(load_settings(), typed_or_piped(), by=by, why=why, sure=sure, out=out, say=_say):
        raise typer.Exit(1)
