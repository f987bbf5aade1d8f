"""A text that a workflow has in hand. Shared by all sandboxes: a class that is made anew for each call is dear."""

from dataclasses import dataclass

from temporalio import workflow
from temporalio.common import RawValue

from calls.timetable import Send


@dataclass(frozen=True, kw_only=True)
class InHand:
    """A text that is being tried."""

    step: Send
    sending: workflow.ActivityHandle[RawValue]
