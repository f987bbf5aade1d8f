"""What is read once a night: nobody waits for it, once a process has been up for a moment."""

import threading

from sqlalchemy import Engine
from sqlmodel import Session

from web.staff.nightly import AsOf, ReadNightly, read_ahead


def test_it_is_read_before_the_first_one_asks_and_only_once(engine: Engine) -> None:
    times, was_read = [], threading.Event()

    def read(_: Session, as_of: AsOf) -> str:
        times.append(as_of)
        was_read.set()
        return "figures"

    kept: ReadNightly[str] = ReadNightly(engine, "ottawa", read)
    with read_ahead(kept, after=0):
        assert was_read.wait(timeout=10)
    assert kept.get()[1] == "figures"
    assert len(times) == 1


def test_a_process_that_ends_at_once_reads_nothing(engine: Engine) -> None:
    def read(_: Session, __: AsOf) -> str:
        raise AssertionError

    before = threading.active_count()
    with read_ahead(ReadNightly(engine, "ottawa", read), after=3600):
        assert threading.active_count() == before + 1
    # The thread ends when it is told to, and has read nothing.
    for thread in threading.enumerate():
        if thread.name == "read ahead":
            thread.join(timeout=10)
    assert threading.active_count() == before
