"""`communityconnect agency check`: what is found, line by line, and what the log has that the folder does not know."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from calls.eligibility import Rule
from policy.agency import load_agency
from policy.check import check_folder
from policy.findings import Finding, Level
from policy.yaml_file import AgencyError
from starter.code_check import UnknownCode, most_frequent
from starter.csv_log import read_log
from starter.log_check import LogCheck, check_log

Say = Callable[[str], None]
_PROBLEMS_SHOWN: Final = 10
_CODES_SHOWN: Final = 30


def run_check(folder: Path, *, cad: Path | None, say: Say) -> bool:
    """Say what is found. True where no error is.

    Raises:
        AgencyError, LogError: there is no such folder, or the log cannot be read.
    """
    found = check_folder(folder)
    checked = None if cad is None else _checked(folder, cad)  # before anything is said: the file may not be readable
    for finding in found:
        say(str(finding))
    errors = [finding for finding in found if finding.level is Level.ERROR]
    say(_sum(folder, found, errors))
    if cad is not None and checked is None:
        say(f"{cad}: not read; it is compared once the folder's files can be read")
    elif cad is not None and checked is not None:
        _say_log(checked, cad, say=say)
        if not checked.calls:
            say(f"error: {cad}: no row of it can be read as cad.yaml says")
    return not errors and (checked is None or checked.calls > 0)


def _checked(folder: Path, cad: Path) -> LogCheck | None:
    try:
        agency = load_agency(folder)
    except AgencyError:
        return None
    return check_log(read_log(cad, agency.cad), agency)


def _sum(folder: Path, found: Sequence[Finding], errors: Sequence[Finding]) -> str:
    warnings = len(found) - len(errors)
    return f"{folder}: {_count(len(errors), 'error')}, {_count(warnings, 'warning')}."


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _say_log(check: LogCheck, cad: Path, *, say: Say) -> None:
    say(f"{cad}: {check.rows} rows, {check.calls} calls; {_count(check.left_out, 'row')} that cannot be read.")
    for problem in check.problems[:_PROBLEMS_SHOWN]:
        say(f"  {problem}")
    if len(check.problems) > _PROBLEMS_SHOWN:
        say(f"  … and {len(check.problems) - _PROBLEMS_SHOWN} more rows with something to say")
    if not check.calls:
        return
    if not check.unknown:
        say("Every code of the log is listed in the folder.")
    for line in unknown_lines(check.unknown):
        say(line)
    say("Call types that are texted, as CAD writes them (a pattern may take in too much):")
    for group, codes_of in check.texted.items():
        say(f"  {group}: " + ", ".join(f"{count} x {code}" for code, count in most_frequent(codes_of)))
    first, last = (counted[Rule.ALL_MET] for counted in (check.at_first, check.at_last))
    say(f"{first} of {check.calls} calls could be texted when they come in, {last} on all that CAD tells in the end:")
    for rule, count in most_frequent(check.at_last):
        say(f"{count:>9} x {rule}")


def unknown_lines(unknown: Sequence[UnknownCode]) -> Iterator[str]:
    """The codes that are not listed, by kind, the most frequent first."""
    by_kind = sorted(unknown, key=lambda one: one.what)  # stable: the order within each stays
    for what, of_kind in groupby(by_kind, key=lambda one: one.what):
        codes = list(of_kind)
        yield f"Unknown, {what}: {_count(len(codes), 'code')} in {sum(code.rows for code in codes)} rows."
        for code in codes[:_CODES_SHOWN]:
            yield f"{code.rows:>9} x {code.code}"
        if len(codes) > _CODES_SHOWN:
            yield f"          … and {len(codes) - _CODES_SHOWN} more codes, each rarer"
