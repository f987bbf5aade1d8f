"""A page that is sent over a slow line arrives; whoever holds a connection without sending is let go."""

import socket
import time
from contextlib import suppress
from urllib.parse import quote, urlsplit

import pytest

from tests.web.answering import LAST, opened
from tests.web.served import Residents
from web.serving import forms


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time runs fifty times faster: no test waits for minutes."""
    monkeypatch.setattr(forms, "_GRACE_SECONDS", forms._GRACE_SECONDS / 50)
    monkeypatch.setattr(forms, "_LEAST_BYTES_A_SECOND", forms._LEAST_BYTES_A_SECOND * 50)


def sent_slowly(
    site: Residents, token: str, body: bytes, *, bytes_a_second: float, promised: int = 0
) -> tuple[int, float]:
    """The status, and how many seconds it took. `promised`: the length in the header, where more is announced."""
    at = urlsplit(site.address)
    head = (
        f"POST /s/{token} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {promised or len(body)}\r\n\r\n"
    )
    began = time.monotonic()
    with socket.create_connection((at.hostname, at.port), timeout=20) as line:
        line.settimeout(0.05)
        line.sendall(head.encode())
        answer, part = b"", max(1, round(bytes_a_second * 0.05))
        for start in range(0, len(body), part):
            with suppress(BrokenPipeError, ConnectionResetError):
                line.sendall(body[start : start + part])
            with suppress(TimeoutError, ConnectionResetError):
                answer = line.recv(65536)
            if answer:
                break
        line.settimeout(20)
        answer = answer or line.recv(65536)
    return int(answer.split(b" ", 2)[1]), time.monotonic() - began


@pytest.mark.usefixtures("hasty")
def test_a_comment_arrives_over_the_slowest_line_that_phones_have(residents: Residents) -> None:
    """300 bytes a second: a quarter of GSM's 9.6 kbit/s. It takes longer than anybody may take who sends nothing."""
    token = residents.invite(language="en")
    comment = "🚲" * 1000
    body = f"step={LAST}&C1={quote(comment)}&go=back".encode()
    assert len(body) > 12_000
    status, seconds = sent_slowly(residents, token, body * 2, bytes_a_second=50 * 300)
    assert seconds > forms._GRACE_SECONDS
    assert status == 303
    assert f"{comment}</textarea>" in opened(residents, token, f"?step={LAST}").text


@pytest.mark.usefixtures("hasty")
def test_who_sends_nothing_or_next_to_nothing_is_let_go(residents: Residents) -> None:
    token = residents.invite()
    for body, rate in ((b"", 1.0), (b"x" * 2000, 50 * 100)):
        status, seconds = sent_slowly(residents, token, body, bytes_a_second=rate, promised=10_000)
        assert status == 408
        assert forms._GRACE_SECONDS - 0.1 < seconds < 3


def test_nobody_holds_a_connection_for_more_than_six_minutes() -> None:
    longest = forms._GRACE_SECONDS + forms._MOST_BYTES / forms._LEAST_BYTES_A_SECOND
    assert forms._GRACE_SECONDS == 60
    assert 320 < longest < 330
