"""R3: the net under the log lines, against every form of a number that we can think of."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import FIGURES
from tests.watching.written import digits_of, numbers, written
from watching.redaction import NUMBER, PERSONAL, exception_lines, redact, redacted, redacted_event

WORDS = st.text(st.characters(categories=["L", "P", "S", "Zs"], exclude_characters="0123456789\\%+&"), max_size=20)
BEFORE = st.sampled_from(["", " ", "'", '"', ":", "=", "?To=", ", ", "\n", "(", "tel:", "<", "»", "\t"])
AFTER = st.sampled_from(["", " ", "'", '"', ")", "&x=1", ", Anne", "\n", ">", ";"])


@given(st.data())
def test_r3_a_number_is_taken_out_of_a_text_however_it_is_written(data: st.DataObject) -> None:
    ten = data.draw(numbers())
    text = data.draw(WORDS) + data.draw(BEFORE) + data.draw(written(ten)) + data.draw(AFTER) + "."
    assert ten[-7:] not in digits_of(redact(text)), redact(text)


def nested(leaf: Any) -> st.SearchStrategy[Any]:
    """The leaf somewhere in dicts, lists and tuples."""
    names = st.sampled_from(["a", "cause", "error", "details"])
    grow = st.recursive(
        st.just(leaf),
        lambda inner: st.one_of(
            st.dictionaries(names, inner, min_size=1, max_size=2),
            st.lists(inner, min_size=1, max_size=2),
            st.tuples(st.just("x"), inner),
        ),
        max_leaves=4,
    )
    return st.dictionaries(names, grow, min_size=1, max_size=2)


@settings(max_examples=40)
@given(st.data())
def test_r3_and_out_of_whatever_it_is_nested_in_and_the_line_stays_json(data: st.DataObject) -> None:
    ten = data.draw(numbers())
    text = data.draw(written(ten))
    leaf = data.draw(
        st.sampled_from([text, text.encode(), bytearray(text.encode()), int(ten), int("1" + ten), float(ten), {text}])
    )
    line = json.dumps(redacted_event(data.draw(nested(leaf))))
    assert ten[-7:] not in digits_of(line), line
    json.loads(line)


@given(st.data())
def test_r3_a_number_in_groups_in_a_list_is_taken_out(data: st.DataObject) -> None:
    ten = data.draw(numbers())
    groups: list[Any] = [ten[:3], ten[3:6], ten[6:]]
    assert redacted(groups) == [NUMBER]
    assert redacted([int(ten[:3]), int(ten[3:6]), ten[6:]]) == [NUMBER]


@settings(max_examples=30)
@given(
    st.dictionaries(st.text(max_size=5), st.recursive(st.integers() | st.text() | st.binary(), st.lists), max_size=3)
)
def test_whatever_is_logged_becomes_json(event: dict[str, Any]) -> None:
    json.dumps(redacted_event(event))


@pytest.mark.parametrize(
    "key", ["phone", "To", "From", "Body", "caller-name", "address", "X", "token", "Authorization"]
)
def test_r3_what_stands_under_a_personal_key_is_gone_whatever_it_is(key: str) -> None:
    event = redacted_event({"details": {key: "Anne of 5 Elm Street"}})
    assert event == {"details": {key: "Anne of 5 Elm Street" if key == "X" else PERSONAL}}


@pytest.mark.parametrize("address", ["/s/aB3-xY_9", "https://texts.example.org/s/aB3-xY_9?lang=fr", "%2Fs%2FaB3-xY_9"])
def test_r3_the_token_of_a_surveys_link_is_taken_out(address: str) -> None:
    assert "aB3" not in redact(f"GET {address} failed")
    assert "failed" in redact(f"GET {address} failed")


@pytest.mark.parametrize(
    "kept",
    [
        "ottawa-26-1340285",
        "call-san-diego-2401001234",
        "new-york-107757416",
        "2026-11-22T03:35:44.784184Z",
        "2026-01-15 14:00:00",
        "01a20153-eb04-7810-b156-123456789012",
        "cf580521-6564-a8cb-dd5c-01f8d99bb768",
        "SM0123456789abcdef0123456789abcdef",
        "127.0.0.1:5432",
        "192.168.100.10",
        "12345 rows in 12.5 s",
        "1-1-1",
    ],
)
def test_ids_times_and_addresses_of_machines_stay(kept: str) -> None:
    assert redact(f"x {kept} y") == f"x {kept} y"


@given(st.uuids(), st.datetimes(), st.integers(0, 10**9 - 1), st.floats(0, 10**6))
def test_no_id_of_ours_and_no_time_is_taken_for_a_number(id_: Any, at: Any, count: int, seconds: float) -> None:
    event = {"text": str(id_), "at": at.isoformat(), "count": count, "took": seconds}
    assert redacted_event(event) == event


class CarelessError(Exception):
    """Of a library that repeats what it was given."""


def test_r3_of_an_exception_stand_where_and_of_what_kind_and_not_a_word_that_it_says() -> None:
    def deep() -> None:
        try:
            raise KeyError("Anne Shirley, 613-555-0142")
        except KeyError as error:
            raise CarelessError("INSERT … [parameters: ('Anne', '+16135550142')]") from error

    try:
        deep()
    except CarelessError as error:
        said = exception_lines(error)
    assert "CarelessError" in said
    assert "builtins.KeyError" in said
    assert re.search(r"test_redaction\.py:\d+ deep", said)
    assert not re.search("Anne|0142|INSERT", said)


def test_the_net_costs_some_microseconds_a_line_and_no_line_stops_it(
    record_property: Callable[[str, object], None],
) -> None:
    event = {
        "service": "worker",
        "event": "text accepted",
        "call_id": "ottawa-26-1340285",
        "kind": "confirmation",
        "sequence": 1,
        "level": "info",
        "timestamp": "2026-11-22T03:35:44.784184Z",
    }
    times = []
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(100):
            redacted_event(event)
        times.append((time.perf_counter() - began) / 100)
    record_property(FIGURES, f"the net under the logs: {min(times) * 1e6:.1f} µs a line")
    assert min(times) < 100e-6
    for evil in (
        "1 " * 50_000,
        "613 " * 30_000,
        "1" * 100_000,
        "%20" * 30_000,
        "(" * 100_000,
        "+" * 50_000,
        "1-" * 50_000,
    ):
        began = time.perf_counter()
        redact(evil)
        assert time.perf_counter() - began < 1
