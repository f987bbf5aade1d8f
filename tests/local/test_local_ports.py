import multiprocessing
import os
import socket
from concurrent.futures import ProcessPoolExecutor

import psutil
import pytest

from local.errors import LocalError
from local.ports import LOOPBACK, Port, check_ports, free_port


def test_free_ports_pass() -> None:
    check_ports([Port(free_port(), "the console", "--port")])


def _draw(ports: int) -> list[int]:
    return [free_port() for _ in range(ports)]


def test_no_port_is_given_twice_before_it_is_bound_by_one_process_or_by_two() -> None:
    """Of 400 that are drawn from 12,768 without looking, two are the same in 998 of 1,000 times."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        drawn = [number for numbers in processes.map(_draw, [200, 200]) for number in numbers]
    assert len(set(drawn)) == 400


@pytest.mark.parametrize("address", [LOOPBACK, ""])  # "" is every address
def test_a_taken_port_gives_a_line_with_its_use_its_holder_and_its_option(address: str) -> None:
    with socket.create_server((address, 0)) as server:
        number = server.getsockname()[1]
        with pytest.raises(LocalError) as raised:
            check_ports([Port(free_port(), "the console", "--port"), Port(number, "PostgreSQL", "--postgres-port")])
    us = f"{psutil.Process().name()}, pid {os.getpid()}"
    assert str(raised.value) == (
        f"Port {number}, for PostgreSQL, is taken by {us}. Choose another with --postgres-port."
    )


def test_a_port_whose_last_connection_was_just_closed_is_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        number = server.getsockname()[1]
        client = socket.create_connection((LOOPBACK, number))
        accepted, _ = server.accept()
        accepted.close()  # the server's side first: its port waits (TIME_WAIT) for a minute
        client.close()
    check_ports([Port(number, "the console", "--port")])


def test_one_port_asked_for_twice_names_both_uses() -> None:
    number = free_port()
    with pytest.raises(LocalError, match=r"asked for twice, for A and for B\. Change one with --a or --b\."):
        check_ports([Port(number, "A", "--a"), Port(number, "B", "--b")])


def test_a_number_that_is_no_port_is_refused() -> None:
    with pytest.raises(LocalError, match=r"Port 70000, for A, is not a port number \(1 to 65535\)"):
        check_ports([Port(70000, "A", "--a")])
