"""R6 after a restore: STOP and START of after the backup are taken back, in the order in which they were written."""

import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from cli.serve_web import resident_agency
from database.encryption import Keyring
from database.tables import InboundMessageRow, OptOutRow, TextRow, real_now
from policy.agency import Agency
from tests.activities.desk import NUMBER, Desk
from tests.phones import Phones
from web.residents.agency import Site
from web.residents.inbound import Inbound, take_in
from web.residents.taken_back import Received, take_back_received
from web.serving.in_time import Deadline

OTHER = "+16135550143"


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency, desk: Desk) -> Site:
    return Site(
        engine=engine,
        keyring=keyring,
        agency=resident_agency(ottawa),
        clock=desk.services.clock,
        origin="http://127.0.0.1:1",
    )


def take_back(site: Site, phones: Phones) -> Received:
    return take_back_received(site, phones.client(), real_now() - timedelta(minutes=1), beat=lambda _: None)


def opted_out(site: Site, number: str = NUMBER) -> list[datetime | None]:
    """Of each opt-out of the number, when it ended."""
    of_number = col(OptOutRow.phone_hash) == site.keyring.phone_hash(number)
    with Session(site.engine) as session:
        return list(session.exec(select(OptOutRow.ended_at).where(of_number).order_by(col(OptOutRow.id))))


def test_r6_a_stop_of_after_the_backup_is_in_force_again(site: Site, the_phones: Phones) -> None:
    the_phones.type(NUMBER, "ARRET")
    the_phones.type(OTHER, "thank you")
    found = take_back(site, the_phones)
    assert dict(found.taken_back) == {"stop": 1, "other": 1}
    assert opted_out(site) == [None]
    assert opted_out(site, OTHER) == []


@pytest.mark.parametrize(
    ("written", "in_force"), [(("STOP", "START"), False), (("STOP", "START", "STOP"), True), (("START",), False)]
)
def test_r6_stop_and_start_within_one_second_count_in_their_order(
    site: Site, the_phones: Phones, written: tuple[str, ...], in_force: bool
) -> None:
    for words in written:
        the_phones.type(NUMBER, words)
    take_back(site, the_phones)
    assert (None in opted_out(site)) == in_force


def test_taking_back_twice_changes_nothing_and_answers_nobody(site: Site, the_phones: Phones) -> None:
    the_phones.type(NUMBER, "ARRET")
    take_back(site, the_phones)
    again = take_back(site, the_phones)
    assert (again.known, again.taken_back.total()) == (1, 0)
    with Session(site.engine) as session:
        assert len(session.exec(select(InboundMessageRow)).all()) == 1
        assert session.exec(select(TextRow)).all() == []
    assert the_phones.bodies(NUMBER) == []


def test_r6_a_start_that_the_webhook_took_in_first_ends_a_stop_that_is_taken_back_later(
    site: Site, the_phones: Phones
) -> None:
    the_phones.type(NUMBER, "STOP")
    time.sleep(1.1)  # the carrier's times are whole seconds
    start = Inbound(provider_sid="SMstart", phone=NUMBER, sender=site.agency.sender, body="START")
    take_in(site, start, Deadline(at=time.monotonic() + 5))
    take_back(site, the_phones)
    (ended,) = opted_out(site)
    assert ended is not None


def test_r6_a_start_that_is_taken_back_does_not_end_a_stop_that_was_written_after_it(
    site: Site, the_phones: Phones
) -> None:
    the_phones.type(NUMBER, "START")
    time.sleep(1.1)
    stop = Inbound(provider_sid="SMstop", phone=NUMBER, sender=site.agency.sender, body="ARRET")
    take_in(site, stop, Deadline(at=time.monotonic() + 5))
    take_back(site, the_phones)
    assert opted_out(site) == [None]
