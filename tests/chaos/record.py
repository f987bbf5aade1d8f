"""What was played and what came of it, kept in the repository: `python -m tests.chaos.record [.chaos …]` takes in the
runs of these folders, each with the commit on which it was played, and writes the table into docs/chaos.md."""

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
PLAYED: Final = HERE / "played.json"
PAGE: Final = HERE.parents[1] / "docs" / "chaos.md"
_HOWS: Final = ("kill", "terminate", "stop", "cut", "hang", "slow")
_LEAST_MINUTES: Final = 10
"""A shorter run is a try, and does not count."""

Run = Mapping[str, Any]


def run_of(summary: Run, verdict: Run) -> dict[str, Any]:
    """What the table shows of a run."""
    struck: dict[str, Counter[str]] = {how: Counter() for how in _HOWS}
    for what, count in summary["blows"].items():
        how = next((how for how in _HOWS if what.startswith(f"{how} ")), None)
        if how is not None:
            struck[how][what.removeprefix(f"{how} ").replace(" line", "")] += count
    return {
        "seed": summary["seed"],
        "commit": summary["commit"],
        "minutes": summary["minutes"],
        "log": summary["log"],
        "calls": summary["calls"],
        "texts": sum(verdict["figures"]["on_phones"].values()),
        "struck": {how: dict(sorted(whom.items())) for how, whom in struck.items()},
        "mischief": sum(summary["mischief"].values()),
        "clean": summary["clean"],
    }


def table(runs: Sequence[Run]) -> str:
    """In Markdown: a row for each seed, with what was struck how often; and how often that was in all."""
    lines = [
        f"| seed | log | calls | texts on phones | {' | '.join(_HOWS)} | carrier erred | at | verdict |",
        "|---" * (8 + len(_HOWS)) + "|",
    ]
    for run in sorted(runs, key=lambda run: int(run["seed"])):
        blows = [_counted(run["struck"][how]) for how in _HOWS]
        ends = [run["mischief"], run["commit"], "clean" if run["clean"] else "not clean"]
        lines.append(_row([run["seed"], run["log"], run["calls"], run["texts"], *blows, *ends]))
    if len(runs) > 1:
        sums = [sum(sum(run["struck"][how].values()) for run in runs) for how in _HOWS]
        counts = [sum(run[what] for run in runs) for what in ("calls", "texts")]
        clean = f"{sum(run['clean'] for run in runs)} of {len(runs)} clean"
        lines.append(_row(["all", "", *counts, *sums, sum(run["mischief"] for run in runs), "", clean]))
    return "\n".join(lines)


def _counted(whom: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ×{count}" for name, count in whom.items()) or "–"


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def played() -> list[Run]:
    """The runs that are kept."""
    kept: list[Run] = json.loads(PLAYED.read_text("utf-8")) if PLAYED.exists() else []
    return kept


def write_page() -> None:
    page = PAGE.read_text("utf-8")
    PAGE.write_text(re.sub(r"(?s)\| seed \| log \|.*?\n\n", lambda _: table(played()) + "\n\n", page), encoding="utf-8")


def runs_in(folder: Path) -> list[Run]:
    """The runs that came to their end in a folder such as `.chaos`."""
    runs: list[Run] = []
    for path in folder.glob("[0-9]*/summary.json"):
        summary, verdict = (json.loads(file.read_text("utf-8")) for file in (path, path.with_name("verdict.json")))
        runs.append(run_of(summary, verdict))
    return runs


def main(folders: Sequence[str]) -> None:
    kept = {run["seed"]: run for run in played()}
    found = [run for folder in folders for run in runs_in(Path(folder))]
    kept |= {run["seed"]: run for run in found if run["minutes"] >= _LEAST_MINUTES}
    PLAYED.write_text(json.dumps([kept[seed] for seed in sorted(kept)], indent=1) + "\n", encoding="utf-8")
    write_page()


if __name__ == "__main__":
    main(sys.argv[1:] or [".chaos"])
