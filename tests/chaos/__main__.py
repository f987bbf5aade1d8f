"""`python -m tests.chaos --seed n`: plays the chaos of a seed, or of several, and says what came of it."""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from local.processes import leaving_on_signals
from tests.chaos.drawing import draw
from tests.chaos.judge import LISTS
from tests.chaos.plan import read_plan
from tests.chaos.record import runs_in, table
from tests.chaos.run import play
from tests.chaos.shrinking import shrink

RUNS: Final = Path(".chaos")
_SHOWN: Final = 10


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(
    *,
    seed: Annotated[int | None, typer.Option(help="What is drawn from it is the same each time.")] = None,
    seeds: Annotated[str, typer.Option(help="Several, one after the other: 1-20, or 3,5,8.")] = "",
    cad: Annotated[Path | None, typer.Option(help="New York's log; without it the sample.", exists=True)] = None,
    minutes: Annotated[float, typer.Option(help="Of blows; real ones.", min=0.2)] = 10.0,
    plan: Annotated[Path | None, typer.Option(help="A plan that was kept, instead of a seed.", exists=True)] = None,
    shrink_it: Annotated[bool, typer.Option("--shrink", help="Find the smallest plan that still fails.")] = False,
) -> None:
    """Play chaos, and judge it. Exit status 0: everything is clean."""
    with leaving_on_signals():
        if plan is not None:
            asked = read_plan(plan)
            folder = RUNS / f"plan-{plan.stem}"
            shutil.rmtree(folder, ignore_errors=True)
            play(asked, folder, say=say)
            raise typer.Exit(_say_outcome(folder))
        wanted = _numbers(seeds) if seeds else [] if seed is None else [seed]
        if not wanted:
            raise typer.BadParameter("say which: --seed 7, or --seeds 1-20")
        if shrink_it:
            raise typer.Exit(shrink(draw(wanted[0], minutes=minutes, log=cad), RUNS, say=say))
        failed = [one for one in wanted if _run(one, cad=cad, minutes=minutes)]
        if len(wanted) > 1:
            say("\n" + table([run for run in runs_in(RUNS) if run["seed"] in wanted]))
        raise typer.Exit(1 if failed else 0)


def _run(seed: int, *, cad: Path | None, minutes: float) -> int:
    folder = RUNS / str(seed)
    if (folder / "summary.json").exists():
        say(f"seed {seed} was played before; delete {folder} to play it again")
        return _say_outcome(folder)
    if folder.exists():
        say(f"seed {seed} was cut off before its end; it is begun anew")
        shutil.rmtree(folder)
    play(draw(seed, minutes=minutes, log=cad), folder, say=say)
    return _say_outcome(folder)


def _say_outcome(folder: Path) -> int:
    """A few lines; the exit status."""
    summary, verdict = _read(folder / "summary.json"), _read(folder / "verdict.json")
    figures = verdict["figures"]
    say(f"  struck: {_counted(summary['blows'])}")
    say(f"  the carrier: {_counted(summary['mischief'])}")
    say(f"  surely owed {_counted(figures['surely_owed'])}; on phones {_counted(figures['on_phones'])}")
    say(f"  ledger: {_counted(figures['ledger'])}")
    say(f"  peace for {summary['peace_seconds']} s; logs: {_counted(summary['errors']) or 'no error'}")
    for trouble in summary["troubles"]:
        say(f"  trouble: {trouble}")
    for name in LISTS:
        for line in verdict[name][:_SHOWN]:
            say(f"  {name}: {line}")
        if len(verdict[name]) > _SHOWN:
            say(f"  {name}: … and {len(verdict[name]) - _SHOWN} more")
    say(f"seed {summary['seed']}: {'clean' if summary['clean'] else 'NOT CLEAN'} ({folder})")
    return 0 if summary["clean"] else 1


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()) if count)


def _numbers(written: str) -> list[int]:
    numbers: list[int] = []
    for part in written.split(","):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


if __name__ == "__main__":
    typer.run(main)
