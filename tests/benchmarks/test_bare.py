"""The bare engine has what our worker was given."""

import worker
from benchmarks.bare import AS_OURS


def test_the_bare_worker_has_our_workers_settings() -> None:
    assert AS_OURS == {
        "max_concurrent_workflow_tasks": worker._TASKS_AT_ONCE,
        "max_concurrent_workflow_task_polls": worker._POLLS,
        "nonsticky_to_sticky_poll_ratio": worker._OF_THEM_FOR_THE_UNKNOWN,
        "sticky_queue_schedule_to_start_timeout": worker._ANOTHER_WORKER_AFTER,
    }
