"""What a call costs in Temporal: billable actions, counted from its history as Temporal Cloud counts them."""

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

_ONE_EACH = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    EventType.EVENT_TYPE_MARKER_RECORDED,
}


def actions(history: WorkflowHistory) -> int:
    """Start, signals, timers, activities with their retries, upserts. Queries and heartbeats leave no event."""
    one_each = sum(event.event_type in _ONE_EACH for event in history.events)
    retries = sum(
        event.activity_task_started_event_attributes.attempt - 1
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
    )
    return one_each + retries
