"""`communityconnect agency diff`: two folders, one log, both simulated with the real workflow, one after the other."""

import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from local.errors import LocalError
from local.simulation.difference import (
    KINDS,
    Change,
    ChangedCall,
    Side,
    changed_calls,
    changed_csv,
    moves,
    read_side,
)
from local.simulation.files import SUMMARY
from local.simulation.run import Job, job_of, run_job
from local.simulation.run import Options as SimulationOptions
from local.state import State

_SHOWN: Final = 10
_MOVES_SHOWN: Final = 20
_OTHERWISE: Final = {
    Change.TEXTS: "the same decision, other texts",
    Change.SEGMENTS: "the same texts, longer or shorter",
    Change.TIMES: "the same texts at other times",
    Change.REASON: "the same rule and texts, another reason",
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the person at the terminal asked for. `out`: where every changed call goes."""

    before: Path
    after: Path
    cad: Path
    start: datetime | None = None
    hours: float | None = None
    out: Path | None = None


def compare(options: Options, *, console: Console) -> None:
    """Simulate both and show what changes. Interrupted, the same command goes on where it stopped.

    Raises:
        LocalError, LogError, AgencyError: something that the person at the terminal can mend.
    """
    if options.out is not None and not options.out.absolute().parent.is_dir():
        raise LocalError(f"{options.out}: there is no such folder to write to; choose another file with --out")
    home = State.at().home / "diff"
    jobs = [_job(options, folder) for folder in (options.before, options.after)]
    if _content(jobs[0]) == _content(jobs[1]):
        console.print("The two folders are the same, to the letter: nothing changes.")
        return
    console.print("Two simulations, one after the other; the second takes about as long as the first.", soft_wrap=True)
    folders = [home / job.key for job in jobs]
    for number, (job, folder) in enumerate(zip(jobs, folders, strict=True), start=1):
        console.print(f"\n{number} of 2: {job.folder}, version {job.agency.version}", soft_wrap=True, markup=False)
        if (folder / SUMMARY).exists():
            console.print("Simulated before, by a run that was interrupted.")
        else:
            run_job(job, folder, console=console)
    before, after = (read_side(folder) for folder in folders)
    changed = changed_calls(before, after)
    _write(options.out, changed)
    for folder in folders:
        shutil.rmtree(folder)
    _show(before, after, changed, options, console=console)


def _job(options: Options, folder: Path) -> Job:
    unused = Path()
    return job_of(
        SimulationOptions(agency=folder, cad=options.cad, out=unused, start=options.start, hours=options.hours)
    )


def _content(job: Job) -> str:
    """The version without the folder's name."""
    return job.agency.version.rpartition("-")[2]


def _write(out: Path | None, changed: list[ChangedCall]) -> None:
    if out is None:
        return
    try:
        out.write_text(changed_csv(changed), encoding="utf-8", newline="")
    except OSError as error:
        raise LocalError(
            f"{out}: cannot be written ({error.strerror}); choose another file with --out. Both simulations are kept, "
            "and not made again"
        ) from None


def _show(before: Side, after: Side, changed: list[ChangedCall], options: Options, *, console: Console) -> None:
    console.print()
    console.print(_table(before, after))

    def say(line: str) -> None:
        console.print(line, soft_wrap=True, markup=False)

    say(f"{len(changed)} of {max(len(before.calls), len(after.calls))} calls change.")
    found = moves(changed)
    for one, other, count in found[:_MOVES_SHOWN]:
        say(f"{count:>9} x {one} -> {other}")
    if len(found) > _MOVES_SHOWN:
        say(f"          … and {len(found) - _MOVES_SHOWN} more of such changes, each rarer")
    otherwise = Counter(call.change for call in changed)
    for change, words in _OTHERWISE.items():
        if otherwise[change]:
            say(f"{otherwise[change]:>9} x {words}")
    for call in changed[:_SHOWN] if options.out is None else ():
        say(f"  {call.call_id}: {_told(call)}")
    if options.out is not None:
        say(f"Each of them stands in {options.out}.")
    elif len(changed) > _SHOWN:
        say(f"  … and {len(changed) - _SHOWN} more; --out FILE writes each of them")
    say("Nobody was texted.")


def _told(call: ChangedCall) -> str:
    if call.change is Change.DECISION:
        return f"{call.before.verdict} -> {call.after.verdict}"
    texts = [", ".join(f"{text.kind} {text.at}" for text in side.texts) or "none" for side in (call.before, call.after)]
    return f"{_OTHERWISE[call.change]}: {texts[0]} -> {texts[1]}"


def _table(before: Side, after: Side) -> Table:
    table = Table(title="Before and after")
    for heading in ("", "before", "after", "difference"):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = [("calls that may be texted", before.eligible, after.eligible)]
    rows += [(f"texts: {kind}", before.texts(kind), after.texts(kind)) for kind in KINDS]
    rows += [("texts", sum(map(before.texts, KINDS)), sum(map(after.texts, KINDS)))]
    rows += [("segments", before.segments, after.segments)]
    for name, one, other in rows:
        table.add_row(name, str(one), str(other), f"{other - one:+}" if other != one else "0")
    if before.price is not None and after.price is not None:
        table.add_row("cost, as each folder assumes", _money(before), _money(after), _more(before, after))
    return table


def _money(side: Side) -> str:
    return "" if side.price is None else f"{side.cost:.2f} {side.price[1]}"


def _more(before: Side, after: Side) -> str:
    if before.price is None or after.price is None or before.price[1] != after.price[1]:
        return ""
    return f"{(after.cost or 0) - (before.cost or 0):+.2f}"
