"""`communityconnect open-data …`: prepare a quarter's bundle, look at it, decide about it, publish it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.staff import said
from settings import SettingsError, load_settings

open_data = typer.Typer(no_args_is_help=True, help="Open data: a bundle for each quarter, decided about by a person.")
_out = Console(highlight=False)
_Quarter = Annotated[str, typer.Argument(metavar="QUARTER", help="As in 2026-q3.")]
_Version = Annotated[int, typer.Option(help="Of the quarter; without it the newest.", min=0)]
_By = Annotated[str, typer.Option(help="Who decides: a name.")]
_Why = Annotated[str, typer.Option(help="Why, in a few words.")]


def _say(line: str) -> None:
    _out.print(line, soft_wrap=True, markup=False)


@open_data.command()
def prepare(
    quarter: Annotated[
        str, typer.Argument(metavar="[QUARTER]", help="As in 2026-q3; without it the newest that is due.")
    ] = "",
    by: Annotated[str, typer.Option(help="Who asks for it.")] = "",
    reason_en: Annotated[str, typer.Option(help="Of a second version and later: why, in English.")] = "",
    reason_fr: Annotated[str, typer.Option(help="The same in French.")] = "",
) -> None:
    """Count a quarter, protect it, write its files and attack them. It waits for a decision then."""
    from cli.open_data_work import run_prepare
    from survey.questions import Localized

    if bool(reason_en.strip()) != bool(reason_fr.strip()):
        raise SettingsError("--reason-en and --reason-fr: the reason stands in both languages")
    reason = Localized(en=said(reason_en), fr=said(reason_fr)) if reason_en.strip() else None
    if not run_prepare(load_settings(), quarter, by=said(by) if by else None, reason=reason, say=_say):
        raise typer.Exit(1)


@open_data.command("list")
def list_bundles() -> None:
    """All bundles, the newest first."""
    from cli.open_data_work import run_list

    run_list(load_settings(), say=_say)


@open_data.command()
def show(
    quarter: _Quarter,
    version: _Version = 0,
    out: Annotated[Path | None, typer.Option(help="A folder that is not there yet: the files, report beside.")] = None,
) -> None:
    """The disclosure report of a bundle; with --out its files as well."""
    from cli.open_data_work import run_show

    run_show(load_settings(), quarter, version=version, out=out, say=_say)


@open_data.command()
def approve(quarter: _Quarter, by: _By, why: _Why, version: _Version = 0) -> None:
    """It may be published. Nothing leads back."""
    from cli.open_data_work import run_decision

    run_decision(load_settings(), quarter, version=version, approved=True, by=said(by), why=said(why), say=_say)


@open_data.command()
def decline(quarter: _Quarter, by: _By, why: _Why, version: _Version = 0) -> None:
    """It is never published. Nothing leads back; a next version may be prepared."""
    from cli.open_data_work import run_decision

    run_decision(load_settings(), quarter, version=version, approved=False, by=said(by), why=said(why), say=_say)


@open_data.command()
def publish(quarter: _Quarter, by: _By, version: _Version = 0) -> None:
    """Copy an approved bundle into COMMUNITYCONNECT_OPEN_DATA, all of it or nothing."""
    from cli.open_data_work import run_publish

    run_publish(load_settings(), quarter, version=version, by=said(by), say=_say)
