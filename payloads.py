"""How what is ours is written down in Temporal: models as JSON, by Pydantic; errors nobody foresaw by their kind."""

from dataclasses import replace
from typing import Final

from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import CompositePayloadConverter, DataConverter, DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import FailureError

WITHHELD: Final = "[its words are kept out of Temporal]"

_ONE: Final = PydanticPayloadConverter()


class _OneForAll(CompositePayloadConverter):
    """Pydantic's converter, made once. For each task the SDK makes a new one of this class, and Pydantic's own would
    make itself ready anew each time (8 us), and each of its types (5 us a payload)."""

    def __init__(self) -> None:
        super().__init__(*_ONE.converters.values())


class _WithoutWords(DefaultFailureConverter):
    """R3: what an exception that nobody foresaw says may hold what it was about, a number or a name. Its kind and where
    it arose are enough to find it. What we raise for Temporal (`FailureError`) was written for it, and is left."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        super().to_failure(exception, payload_converter, failure)
        if not isinstance(exception, FailureError):
            failure.message = WITHHELD


data_converter: Final = DataConverter(payload_converter_class=_OneForAll, failure_converter_class=_WithoutWords)
"""For every client of ours."""

for_replays: Final = replace(data_converter, failure_converter_class=DefaultFailureConverter)
"""Whoever replays a history is told why it does not fit, and nothing of it goes to Temporal."""
