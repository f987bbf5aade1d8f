"""`communityconnect agency check`: everything that is wrong with an agency's folder, not only the first thing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from calls.facts import Language
from policy.agency import FILES, OPTIONAL, load_agency
from policy.check_areas import check_areas
from policy.check_cad import check_cad
from policy.check_identity import check_identity
from policy.check_members import check_members
from policy.check_open_data import check_open_data
from policy.check_policy import check_policy
from policy.check_retention import check_retention
from policy.check_texts import check_texts
from policy.check_types import check_types
from policy.findings import Finding, Findings, Level
from policy.wording_file import catalogue, read_wording
from policy.yaml_file import AgencyError, read_text, read_yaml

_CHECKS: Final = (
    check_identity,
    check_policy,
    check_retention,
    check_types,
    check_cad,
    check_members,
    check_areas,
    check_texts,
    check_open_data,
)
_TO_DO: Final = "TODO"


def check_folder(folder: Path) -> list[Finding]:
    """All that there is to say about the folder, file by file.

    Contradictions show only where every file can be read; until then the list ends with what cannot.

    Raises:
        AgencyError: there is no such folder.
    """
    findings = Findings(folder=folder)
    if unreadable := list(_unreadable(folder)):
        findings.say_all(Level.ERROR, unreadable)
        return findings.found
    agency = load_agency(folder)
    for check in _CHECKS:
        check(agency, findings)
    for name, line, text in _left_to_do(folder):
        findings.say_line(Level.WARNING, name, line, f"left to do: {text}")
    for name in _not_read(folder):
        allowed = ", ".join([*FILES, *(f"texts/{language}.po" for language in Language)])
        findings.say_line(Level.WARNING, name, None, f"this file is not read; the files are: {allowed}")
    return findings.found


def _unreadable(folder: Path) -> Iterator[str]:
    """A line for each thing that keeps the folder from being loaded."""
    found: list[str] = []
    if folder.is_dir():
        for name, model in _there(folder).items():
            try:
                read_yaml(folder / name, model)
            except AgencyError as error:
                found += error.problems
        try:
            read_wording(folder)
        except AgencyError as error:
            found += error.problems
    if found:
        yield from found
        return
    try:
        load_agency(folder)  # what only several files together show
    except AgencyError as error:
        if not folder.is_dir():
            raise
        yield from error.problems


def _there(folder: Path) -> dict[str, type[BaseModel]]:
    """The YAML files to read: those that are needed, and of the others those that are there."""
    return {name: model for name, model in FILES.items() if name not in OPTIONAL or (folder / name).exists()}


def _left_to_do(folder: Path) -> Iterator[tuple[str, int, str]]:
    for path in [*(folder / name for name in _there(folder)), *(catalogue(folder, language) for language in Language)]:
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            if _TO_DO in line:
                yield path.relative_to(folder).as_posix(), number, line.partition(_TO_DO)[2].strip(" :#\"'")


def _not_read(folder: Path) -> list[str]:
    """Files that look as if they counted: a wrong ending, a third language."""
    read = {*FILES, *(f"texts/{language}.po" for language in Language)}
    there = [*folder.glob("[!.]*.y*ml"), *folder.glob("[!.]*.po"), *folder.glob("texts/[!.]*")]
    return sorted({path.relative_to(folder).as_posix() for path in there if path.suffix != ".mo"} - read)
