"""One converter of payloads for all tasks."""

from temporalio.contrib.pydantic import PydanticPayloadConverter

from payloads import data_converter


def test_it_writes_and_reads_as_pydantics_own_and_is_made_once() -> None:
    made, again = (data_converter.payload_converter_class() for _ in range(2))
    assert isinstance(made, type(again))
    ours, theirs = vars(made)["converters"], PydanticPayloadConverter().converters
    assert {name: type(part) for name, part in ours.items()} == {name: type(part) for name, part in theirs.items()}
    assert list(ours) == list(theirs)
    assert all(part is vars(again)["converters"][name] for name, part in ours.items())
