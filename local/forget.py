"""`make fresh`: forgets what earlier runs left, the data of PostgreSQL outside the folder included."""

import shutil
from collections.abc import Callable

from local import leftovers
from local.state import State
from local.unprivileged import ELSEWHERE


def forget(state: State, *, say: Callable[[str], None]) -> None:
    """Stop what a killed run left running, and remove its data.

    Raises:
        LocalError: a run is going on in this folder.
    """
    with state.locked():
        leftovers.clear(state.pids, say)
        data = state.postgres.resolve()
        if data.is_relative_to(ELSEWHERE):
            shutil.rmtree(data, ignore_errors=True)
        going = state.home.with_name(f"{state.home.name}.going")
        shutil.rmtree(going, ignore_errors=True)
        state.home.rename(going)  # all at once: killed in the middle, nothing half deleted is taken for a box
        shutil.rmtree(going)
    say(f"Forgotten: {state.home}")
