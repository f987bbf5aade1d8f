"""Judges a run of `make chaos`: an independent calculation of what the policy owes, which imports nothing of the
product. It reads the run's folder alone, and in it the agency's folder.

Nobody outside knows at which moment the service knew of a record: some time between its sending and its 202. So each
text is one of three:

- **MUST**: it was owed by everything that the service may have known, at some moment before the run ended. Then it is
  on the phone; or the ledger has a row for it whose reason is borne out by what happened: it expired, and something was
  struck (a worker killed, the database cut off), staff held it, or the line was busy, so that less than 15 undisturbed
  seconds were left; the carrier refused it; the phone said STOP; a rule of the policy spoke. It may be without a row
  only where something happened to the call (an officer was sent, it was cleared) before it could go, after no more than
  15 undisturbed seconds, or 150 in which something was getting up again; and not half of them.
- **MAY**: it was owed by something that the service may have known when it checked for the last time, some four seconds
  before it was on the phone.
- **MUST NOT**: everything else. Not eligible, latched, cancelled, not due or not true any more, outside the hours of
  surveys, another number than the call's, after STOP or a hold that was taken, more than the policy's limits, words
  that are none of the agency's.

A verdict is clean where its five lists are empty: `doubled`, `forbidden`, `missing` (with every difference between
phones and ledger), `records` (R4: kept, and adding up to the facts), `histories`.

    python -m tests.chaos.judge FOLDER
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.chaos.histories import histories
from tests.chaos.knowledge import calls_of
from tests.chaos.missing import missing, what_became
from tests.chaos.on_phones import Scene
from tests.chaos.records import records
from tests.chaos.run_folder import read_run
from tests.chaos.surely_owed import SurelyOwed, all_surely_owed
from tests.chaos.timetable import Timetable
from tests.chaos.told_wrongly import doubled, forbidden

LISTS: Final = ("doubled", "forbidden", "missing", "records", "histories")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is wrong, a line each, and figures."""

    doubled: Sequence[str]
    forbidden: Sequence[str]
    missing: Sequence[str]
    records: Sequence[str]
    histories: Sequence[str]
    figures: Mapping[str, Any]

    @property
    def is_clean(self) -> bool:
        return not any(getattr(self, name) for name in LISTS)


def judge(folder: Path) -> Verdict:
    """Judge a run, and write `verdict.json` into its folder.

    Raises:
        FileNotFoundError, KeyError, ValueError: the folder is not as the run was to leave it.
    """
    run = read_run(folder)
    timetable = Timetable(run.folder)
    scene = Scene(run, calls_of(run, timetable), timetable)
    owed = all_surely_owed(scene)
    verdict = Verdict(
        doubled=doubled(scene),
        forbidden=forbidden(scene),
        missing=missing(scene, owed),
        records=records(scene),
        histories=histories(scene, owed),
        figures=figures(scene, owed),
    )
    words = json.dumps(asdict(verdict), ensure_ascii=False, indent=1)
    (folder / "verdict.json").write_text(words + "\n", encoding="utf-8")
    return verdict


def figures(scene: Scene, owed: Sequence[SurelyOwed]) -> dict[str, Any]:
    """How much there was. `latest_seconds`: the longest that a text of each kind came after its due time, real."""
    latest: dict[str, float] = {}
    for text in scene.texts:
        if text.row is not None:
            late = scene.run.seconds(text.on.at - datetime.fromisoformat(text.row["due_at"]))
            latest[text.kind] = round(max(late, latest.get(text.kind, 0.0)), 3)
    not_sent = Counter(
        f"{row['state']}: {row['rule']}" if row["rule"] else str(row["state"])
        for row in scene.run.texts
        if row["kind"] != "auto_reply"
    )
    return {
        "records": len(scene.run.pushes),
        "calls": len(scene.calls),
        "calls_by_rule": dict(Counter(row["rule"] for row in scene.run.calls.values())),
        "surely_owed": dict(Counter(one.kind for one in owed)),
        "surely_owed_and": dict(Counter(f"{one.kind}: {what_became(scene, one)}" for one in owed)),
        "on_phones": dict(Counter(text.kind for text in scene.texts)) | {"reply": len(scene.replies)},
        "ledger": dict(not_sent),
        "blows": dict(Counter(f"{blow.how} {blow.whom}" for blow in scene.run.blows)),
        "mischief": {how: count for how, count in scene.run.mischief.items() if count},
        "latest_seconds": latest,
    }


def main(folder: Path) -> int:
    """Judge and say it."""
    verdict = judge(folder)
    said = [f"{name}: {line}" for name in LISTS for line in getattr(verdict, name)]
    said += [json.dumps(verdict.figures, ensure_ascii=False, indent=1), "clean" if verdict.is_clean else "NOT CLEAN"]
    sys.stdout.write("\n".join(said) + "\n")
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
