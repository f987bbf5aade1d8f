"""The search for telephone numbers finds what it is meant to find."""

import base64

import pytest

from tests.whole.search import numbers_in

NUMBER = "+16135550142"


@pytest.mark.parametrize(
    "text",
    [
        "+16135550142",
        "6135550142",
        "613-555-0142",
        "(613) 555-0142",
        "1.613.555.0142",
        "613 555 0142",
        "+1 613\u00a0555\u20110142",
        "https://example.org/?to=%2B16135550142",
        '{"to": "tel:+1-613-555-0142"}',
        base64.b64encode(b'{"phone": "+16135550142"}').decode(),
        base64.urlsafe_b64encode(b"call 613-555-0142 back").decode(),
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert numbers_in(f"some words {text} and more", [NUMBER]) == {NUMBER}


@pytest.mark.parametrize("text", ["+16135550143", "case 26-104233", "2026-01-15T14:02:03.613555Z", ""])
def test_what_is_not_the_number_is_not_found(text: str) -> None:
    assert numbers_in(text, [NUMBER]) == set()
