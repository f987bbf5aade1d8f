"""Limits on guessing, by themselves: how much is let through, what is kept of whom, and who is believed."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import SettingsError, networks
from web.residents.tries import Limit, Told, Tries, tries_of_codes
from web.serving.clients import Clients

STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 40)), max_size=80)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def let_through(times: Sequence[float], limit: Limit) -> bool:
    """In no stretch of time more than are allowed at once, and one more for each of its intervals."""
    return all(
        last - first + 1 <= limit.at_once + (times[last] - times[first]) / limit.seconds_for_one_more + 1e-6
        for first in range(len(times))
        for last in range(first, len(times))
    )


@given(steps=STEPS, of_one=st.integers(1, 4), of_all=st.integers(1, 8))
def test_nobody_and_all_together_never_get_more_than_was_said(
    steps: list[tuple[str, float]], of_one: int, of_all: int
) -> None:
    clock = Hand()
    one = Limit(at_once=of_one, seconds_for_one_more=30)
    all_ = Limit(at_once=of_all, seconds_for_one_more=7)
    tries = Tries(of_one=one, of_all=all_, now=clock)
    taken: list[tuple[str, float]] = []
    for client, pause in steps:
        clock.at += pause
        if tries.take(client.encode()) == 0:
            taken.append((client, clock.at))
    for client in "abc":
        assert let_through([at for who, at in taken if who == client], one)
    assert let_through([at for _, at in taken], all_)


@given(steps=STEPS)
def test_who_waits_as_long_as_was_said_is_let_through(steps: list[tuple[str, float]]) -> None:
    clock = Hand()
    limits = {n: Limit(at_once=2, seconds_for_one_more=n) for n in (30, 11)}
    tries = Tries(of_one=limits[30], of_all=limits[11], now=clock)
    for client, pause in steps:
        clock.at += pause
        wait = tries.take(client.encode())
        if wait:
            clock.at += wait
            assert tries.take(client.encode()) == 0


@given(steps=STEPS)
def test_right_tries_cost_nothing(steps: list[tuple[str, float]]) -> None:
    clock = Hand()
    limit = Limit(at_once=1, seconds_for_one_more=60)
    tries = Tries(of_one=limit, of_all=limit, now=clock)
    for client, pause in steps:
        clock.at += pause
        assert tries.take(client.encode()) == 0
        tries.give_back(client.encode())


def test_what_is_kept_never_grows_beyond_its_bound() -> None:
    clock = Hand()
    limit = Limit(at_once=1, seconds_for_one_more=60)
    tries = Tries(of_one=limit, of_all=Limit(at_once=10**6, seconds_for_one_more=1), most_clients=100, now=clock)
    for number in range(1000):
        assert tries.take(str(number).encode()) == 0
        assert len(tries) <= 100
    assert tries.take(b"999") > 0
    assert tries.take(b"3") == 0  # who is long forgotten begins anew


def test_what_was_told_is_kept_for_an_hour_and_never_more_than_so_many() -> None:
    clock = Hand()
    told = Told(now=clock, most=100)
    for number in range(1000):
        told.note(str(number))
        assert len(told) <= 100
    assert ("999" in told, "3" in told) == (True, False)
    clock.at += 3599
    assert "999" in told
    clock.at += 1
    assert "999" not in told


def test_guessing_codes_is_as_hopeless_as_the_guide_says() -> None:
    """Hits a day, of a service with 135,000 codes in force, by whoever guesses from one address and by all."""
    possible, in_force, day = 30**6 - 10**6, 135_000, 86_400
    tries = tries_of_codes(Hand())
    in_a_day = [limit.at_once + day / limit.seconds_for_one_more for limit in (tries.of_one, tries.of_all)]
    assert [round(guesses) for guesses in in_a_day] == [1540, 8200]
    assert [round(guesses * in_force / possible, 1) for guesses in in_a_day] == [0.3, 1.5]


def asked(peer: str | None, *forwarded: str) -> dict[str, object]:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return {"type": "http", "client": None if peer is None else (peer, 50000), "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "same_as"),
    [
        ("10.0.0.5", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.5", ["198.51.100.7:50123"], "198.51.100.7"),
        ("10.0.0.5", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.5", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.5", ["203.0.113.9, 198.51.100.7, 10.0.0.6"], "198.51.100.7"),
        ("10.0.0.5", ["198.51.100.7, nonsense"], "10.0.0.5"),
        ("10.0.0.5", [], "10.0.0.5"),
        ("10.0.0.5", ["", ","], "10.0.0.5"),
        ("10.0.0.5", ["[2001:db8:1:2::9]:443"], "2001:db8:1:2::1"),
        ("::ffff:10.0.0.5", ["198.51.100.7"], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),
        ("2001:db8:1:2::9", ["203.0.113.9"], "2001:db8:1:2:ffff::1"),
        ("::ffff:198.51.100.7", [], "198.51.100.7"),
        (None, ["203.0.113.9"], "testclient"),
    ],
)
def test_an_address_counts_as_the_nearest_proxy_of_ours_tells_it(peer: str, forwarded: list[str], same_as: str) -> None:
    clients = Clients(proxies=networks("10.0.0.0/24", variable="WEB_PROXIES"))
    assert clients.of(asked(peer, *forwarded)) == clients.of(asked(same_as))


@given(chain=st.text(max_size=300).map(lambda text: text.encode("utf-8").decode("latin-1")))
def test_no_header_is_an_error_and_none_counts_from_a_stranger(chain: str) -> None:
    clients = Clients(proxies=networks("10.0.0.0/24", variable="WEB_PROXIES"))
    assert len(clients.of(asked("10.0.0.5", chain))) == 16
    assert clients.of(asked("198.51.100.7", chain)) == clients.of(asked("198.51.100.7"))


def test_r3_a_mark_tells_nothing_of_the_address_and_is_another_in_each_process() -> None:
    one, other = Clients(), Clients()
    assert one.of(asked("198.51.100.7")) != other.of(asked("198.51.100.7"))
    assert one.of(asked("198.51.100.7")) != one.of(asked("198.51.100.8"))
    assert "_key" not in repr(one)


def test_a_proxy_that_is_none_is_named_with_the_variable() -> None:
    with pytest.raises(SettingsError, match="COMMUNITYCONNECT_WEB_PROXIES cannot be used: 'proxy' is not an address"):
        networks("10.0.0.5, proxy", variable="WEB_PROXIES")
