"""The command itself: reads the folder, prints, writes."""

from pathlib import Path

from rich.console import Console

from cli.preview.page import page
from cli.preview.shown import texts_shown
from cli.preview.table import table as table_of
from cli.preview.terminal import print_preview
from policy.agency import load_agency
from policy.yaml_file import AgencyError
from texts.wording import WordingError


def run_preview(folder: Path, *, out: Path | None, table: Path | None, console: Console) -> None:
    """Print every text; write the page and the table where they are wanted.

    Raises:
        AgencyError: the folder cannot be used, or a file cannot be written.
    """
    agency = load_agency(folder)
    try:
        texts = texts_shown(agency)
    except WordingError as error:
        raise AgencyError(f"{folder}: {error}") from None
    print_preview(texts, console)
    if out is not None:
        _write(out, page(agency, texts))
        console.print(f"written: {out}", soft_wrap=True, markup=False)
    if table is not None:
        _write(table, table_of(agency, folder=folder.as_posix(), file=table.as_posix()))
        console.print(f"written: {table}", soft_wrap=True, markup=False)


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise AgencyError(f"{path}: cannot be written ({error.strerror})") from None
