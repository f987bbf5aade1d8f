"""`histories`: one workflow for each call that may be texted, which came to its end, and which today's code replays."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.knowledge import Call
from tests.chaos.on_phones import WENT_OUT, Scene
from tests.chaos.reasons import PATIENCE_SECONDS
from tests.chaos.run_folder import Row
from tests.chaos.surely_owed import SurelyOwed
from tests.streams.known_by_the_words import Verdict

_OVER = "COMPLETED"
_GOES_ON = "CONTINUED_AS_NEW"


def histories(scene: Scene, all_: Sequence[SurelyOwed]) -> list[str]:
    runs: dict[str, list[Row]] = defaultdict(list)
    for history in scene.run.histories:
        if history["workflow_id"].startswith("call-"):
            runs[history["workflow_id"].removeprefix("call-")].append(history)
    in_peace = {owed.call.call_id for owed in all_ if owed.undisturbed(scene) > PATIENCE_SECONDS}
    needed = in_peace | set(scene.by_call)
    found = [f"{call_id}: it may be texted, and has no workflow" for call_id in sorted(needed - runs.keys())]
    for call_id, its in runs.items():
        found += [f"{call_id}: {what}" for what in _of_call(scene, call_id, its)]
    return found


def _of_call(scene: Scene, call_id: str, runs: Sequence[Row]) -> Iterator[str]:
    call = scene.calls.get(call_id)
    if call is None or not _could_be_texted(call):
        yield "a workflow, and it was never to be texted"
    chains = [run for run in runs if _name(run) != _GOES_ON]
    if len(chains) > 1:
        yield f"{len(chains)} workflows: {', '.join(str(run['run_id']) for run in chains)}"
    for run in chains:
        if _name(run) != _OVER and not (_name(run) == "RUNNING" and call is not None and _is_open(scene, call)):
            yield f"{run['run_id']} is {_name(run).lower()}"
        yield from _texts(scene, call_id, run)
    for run in runs:
        if run["replays"] is not True:
            yield f"{run['run_id']} is not replayed by today's code (R8)"


def _texts(scene: Scene, call_id: str, run: Row) -> Iterator[str]:
    """What its result tells of its texts, and the ledger: of those that went out as many."""
    told = run.get("texts")
    if told is None:
        return
    out = sum(text.rpartition(": ")[2] in WENT_OUT for text in told)
    rows = sum(row["state"] in WENT_OUT for row in scene.rows_by_call.get(call_id, []))
    # What the carrier tells later moves the ledger alone: an accepted text fails, one held back was sent after all.
    later = sum(row["state"] == "failed" for row in scene.rows_by_call.get(call_id, []))
    if not rows <= out <= rows + later:
        yield f"{run['run_id']} tells of {out} texts that went out, the ledger of {rows}"


def _could_be_texted(call: Call) -> bool:
    return any(known.verdict() is Verdict.TEXT for segment in call.segments for known in segment.knowns)


def _is_open(scene: Scene, call: Call) -> bool:
    """It waits for what has not come by the end of the run: an officer, its end, the time of its survey."""
    for known in call.last:
        if known.verdict() is Verdict.WAIT:
            return True
        if known.verdict() is Verdict.TEXT:
            cleared = known.cleared_at()
            due = None if cleared is None else scene.timetable.opening(cleared + scene.timetable.survey_after)
            if due is None or due >= scene.run.ends:
                return True
    return False


def _name(run: Row) -> str:
    """As Temporal's UI, or its API, writes it."""
    return str(run["status"]).upper().removeprefix("WORKFLOW_EXECUTION_STATUS_")
