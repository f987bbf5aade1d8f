"""How our models are written down in Temporal: as JSON, by Pydantic."""

from typing import Final

from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import CompositePayloadConverter, DataConverter

_ONE: Final = PydanticPayloadConverter()


class _OneForAll(CompositePayloadConverter):
    """Pydantic's converter, made once. For each task the SDK makes a new one of this class, and Pydantic's own would
    make itself ready anew each time (8 us), and each of its types (5 us a payload)."""

    def __init__(self) -> None:
        super().__init__(*_ONE.converters.values())


data_converter: Final = DataConverter(payload_converter_class=_OneForAll)
"""For every client of ours."""
