"""The command `communityconnect`: one subcommand a process or a task, errors in one line."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from psycopg.errors import LockNotAvailable, UndefinedColumn, UndefinedTable
from rich.console import Console
from sqlalchemy.exc import OperationalError, ProgrammingError

from cli.agency import agency as agency_commands
from cli.cad import cad as cad_commands
from cli.deployment import deployment as deployment_commands
from cli.emergency import emergency
from cli.keys import keys as keys_commands
from cli.open_data import open_data as open_data_commands
from cli.settings_commands import settings as settings_commands
from cli.staff import staff
from database.encryption import KeyringError, new_key
from policy.yaml_file import AgencyError
from settings import SettingsError, load_settings
from starter.csv_log import LogError
from temporal_client import TemporalAway
from web.public.bundles import BundleError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Text updates for people who called the police about something that is not urgent.\n\n"
    "To see it work on this computer, without any account: communityconnect run",
)
app.add_typer(staff)
app.add_typer(emergency)
app.add_typer(agency_commands, name="agency")
app.add_typer(cad_commands, name="cad")
app.add_typer(open_data_commands, name="open-data")
app.add_typer(settings_commands, name="settings")
app.add_typer(deployment_commands, name="deployment")
app.add_typer(keys_commands, name="keys")
_out = Console(highlight=False)

_TIME_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
_AGENCY = Path("agencies/ottawa")


@app.command()
def run(
    cad: Annotated[
        Path | None, typer.Option(help="The log to play: CSV, gzip or not. Without one, a generated day is played.")
    ] = None,
    agency: Annotated[Path, typer.Option(help="The agency's folder: its rules, words and reading of the log.")] = (
        _AGENCY
    ),
    speed: Annotated[float, typer.Option(help="How many times faster than real time.", min=0.01, max=3600)] = 60,
    start: Annotated[
        datetime | None,
        typer.Option("--from", help="Play calls received from then on, local time.", formats=_TIME_FORMATS),
    ] = None,
    hours: Annotated[float | None, typer.Option(help="For how many hours of the log.", min=0.01, max=1_000_000)] = None,
    port: Annotated[int, typer.Option(help="Of the residents' pages; the next ones up are the phones', …")] = 8000,
) -> None:
    """Everything in a box: play a log of calls and watch the texts arrive on simulated phones."""
    from local.play import Options, play

    play(Options(cad=cad, agency=agency, speed=speed, start=start, hours=hours, first_port=port), console=_out)


@app.command()
def setup() -> None:
    """Bring database and Temporal to what this version needs: migrations, namespace, search attributes, schedule."""
    from cli.tasks import run_setup

    run_setup(load_settings(), say=_say)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For a program: a list of what was found.")] = False,
) -> None:
    """Check everything that the service needs, and say how to mend what is wrong. Ends with 1 where something is."""
    from cli.doctor.report import report

    if not report(load_settings(), console=_out, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def worker() -> None:
    """Run a worker: it sends the texts. Start as many as you like."""
    import worker as worker_module

    worker_module.main()


@app.command()
def starter() -> None:
    """Run a starter: it tells Temporal what changes, and looks for calls that are stuck. Start as many as you like."""
    from cli.starter import run_starter

    run_starter(load_settings())


@app.command()
def web(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
) -> None:
    """Serve the residents' pages (survey) and Twilio's webhooks."""
    from cli.serve_web import serve

    serve(load_settings(), host=host, port=port)


@app.command()
def console(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8010,
) -> None:
    """Serve the console of the communications centre: see every call's texts, and stop them."""
    from cli.serve_console import serve

    serve(load_settings(), host=host, port=port)


@app.command()
def replay(
    cad: Annotated[Path, typer.Option(help="The log to play: CSV, gzip or not.")],
    start: Annotated[
        datetime | None,
        typer.Option("--from", help="Play calls received from then on, local time.", formats=_TIME_FORMATS),
    ] = None,
    hours: Annotated[float | None, typer.Option(help="For how many hours of the log.", min=0.01, max=1_000_000)] = None,
) -> None:
    """Play a CAD log into the running service, on the service's clock, and end with it. Goes on where it stopped."""
    from cli.replay import run_replay

    run_replay(load_settings(), cad=cad, start=start, hours=hours, say=_say)


@app.command("replay-history")
def replay_history(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE ...", help="Histories in JSON, from Temporal's UI or `temporal workflow show -o json`."
        ),
    ] = None,
    workflow_id: Annotated[str | None, typer.Option(help="Instead: the history of this workflow, from Temporal.")] = (
        None
    ),
    open_calls: Annotated[
        bool, typer.Option("--open", help="Instead: those of all open calls, from Temporal.")
    ] = False,
) -> None:
    """Before a deploy: check that the histories of calls still fit today's code."""
    from cli.replay_history import replay_histories

    if not replay_histories(files=files or [], workflow_id=workflow_id, open_calls=open_calls, say=_say):
        raise typer.Exit(1)


@app.command()
def simulate(
    cad: Annotated[Path, typer.Option(help="The log to try the rules on: CSV, gzip or not.")],
    agency: Annotated[Path, typer.Option(help="The agency's folder: its rules, words and reading of the log.")],
    out: Annotated[Path, typer.Option(help="Where decisions.csv, texts.csv, summary.json and report.html go.")],
    start: Annotated[
        datetime | None,
        typer.Option("--from", help="Only calls received from then on, local time.", formats=_TIME_FORMATS),
    ] = None,
    hours: Annotated[float | None, typer.Option(help="For how many hours of the log.", min=0.01, max=1_000_000)] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first so many calls.", min=1)] = None,
) -> None:
    """Try the rules on a log of past calls: who would have been texted, when and why. Nobody is texted."""
    from local.simulation.run import Options, simulate

    simulate(Options(agency=agency, cad=cad, out=out, start=start, hours=hours, limit=limit), console=_out)


@app.command("generate-day")
def generate_day(
    out: Annotated[Path, typer.Option(help="The file to write: CSV, or gzip where it ends in .gz.")],
    agency: Annotated[Path, typer.Option(help="The agency's folder: its time zone and columns.")] = _AGENCY,
    seed: Annotated[int, typer.Option(help="Another seed, another day; the same seed, the same bytes.")] = 1,
    day: Annotated[datetime | None, typer.Option(help="The date of the day.", formats=_TIME_FORMATS[:1])] = None,
    storm: Annotated[bool, typer.Option("--storm", help="A day of a blizzard.")] = False,
    year: Annotated[bool, typer.Option("--year", help="365 days from that day on.")] = False,
) -> None:
    """Write a day of calls as Ottawa has them, made up after measured ones: nobody made these calls."""
    from local.generated.command import generate, recipe
    from policy.agency import load_agency

    wanted = recipe(seed=seed, day=None if day is None else day.date(), storm=storm, year=year)
    generate(out, load_agency(agency), wanted, say=_say)


@app.command("forget")
def forget_command() -> None:
    """Forget what earlier runs of `communityconnect run` left in this folder: calls, texts, phones, the clock."""
    from local.forget import forget
    from local.state import State

    forget(State.at(), say=_say)


@app.command("new-key")
def new_key_command() -> None:
    """Print a fresh key, for COMMUNITYCONNECT_ENCRYPTION_KEYS (as id:key) or COMMUNITYCONNECT_LOOKUP_KEY."""
    _out.print(new_key())


def _say(line: str) -> None:
    _out.print(line, soft_wrap=True, markup=False)


def main() -> None:
    """Run the command. What a person can mend is said in one line; anything else is a fault of ours and shows."""
    try:
        _run()
    except SystemExit as end:
        # As in worker.py: the SDK's threads abort the interpreter's exit now and then (sdk-python #300). On a busy
        # machine `doctor` ended with -6. Everything of ours is finished.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))


def _run() -> None:
    from local.errors import LocalError

    try:
        app()
    except (LocalError, LogError, AgencyError, BundleError, SettingsError, KeyringError, TemporalAway) as error:
        _fail(str(error))
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            _fail("a table was in use for too long, and nothing was changed for it; run the same again in a minute")
        _fail("the database does not answer; see: communityconnect doctor")
    except ProgrammingError as error:
        if not isinstance(error.orig, (UndefinedTable, UndefinedColumn)):
            raise
        _fail("the database is not set up for this version; run: communityconnect setup")


def _fail(message: str) -> None:
    for line in message.splitlines():
        print(f"communityconnect: {line}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    main()
