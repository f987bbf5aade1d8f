"""R6: STOP works at once, also in advance, for one of our numbers, until START; and nobody is answered twice for it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, update

from calls.contracts import Kind, LedgerState
from database.encryption import Keyring
from database.tables import InboundMessageRow, OptOutRow, TextRow
from policy.agency import Agency
from tests.activities.desk import NUMBER, Desk, a_desk
from tests.builders import NOON
from tests.phones import Phones, running_phones
from tests.web.served import OURS, Residents, opted_out, said
from texts.keywords import Keyword

ANOTHER_OF_OURS = "+13435550100"
REFUSED = 21610  # by the carrier: the number has opted out


@pytest.fixture(scope="module")
def the_phones(ottawa: Agency) -> Iterator[Phones]:
    with running_phones(sender=ottawa.identity.sender) as phones:
        yield phones


@pytest.fixture
def desk(engine: Engine, keyring: Keyring, ottawa: Agency, the_phones: Phones) -> Iterator[Desk]:
    """Where the texts are sent from, on the database that the webhooks write."""
    yield a_desk(engine, keyring, ottawa, the_phones)
    the_phones.forget()


def refused(residents: Residents, *, ago: timedelta = timedelta(minutes=5), kind: Kind = Kind.DELAY) -> None:
    """The carrier would not send a text of ours to the resident."""
    at = datetime.now(UTC) - ago
    residents.add_text(state=LedgerState.FAILED, error_code=REFUSED, settled_at=at, due_at=at, kind=kind)


class TestInAdvance:
    @pytest.mark.parametrize("word", ["ARRÊT", "Stop", "stop please"])
    def test_who_stopped_before_ever_calling_gets_no_text_of_a_later_call(
        self, residents: Residents, desk: Desk, word: str
    ) -> None:
        residents.text(word, phone=NUMBER)
        desk.call()
        desk.send()
        assert desk.phones.bodies(NUMBER) == []
        assert (desk.row().state, desk.row().rule) == (LedgerState.SUPPRESSED, "opted out")

    def test_who_has_started_again_does(self, residents: Residents, desk: Desk) -> None:
        residents.text("ARRET", phone=NUMBER)
        residents.text("DEBUT", phone=NUMBER)
        earlier = {"since": NOON - timedelta(hours=2), "ended_at": NOON - timedelta(hours=1)}  # the call is of noon
        with Session(residents.engine) as session, session.begin():
            session.execute(update(OptOutRow).values(**earlier))
        desk.call()
        desk.send()
        assert len(desk.phones.bodies(NUMBER)) == 1

    def test_the_history_is_kept(self, residents: Residents) -> None:
        for word in ("ARRET", "DEBUT", "STOP", "START", "ARRETER"):
            residents.text(word)
        rows = sorted(residents.rows(OptOutRow), key=lambda row: row.since)
        assert [row.ended_at is not None for row in rows] == [True, True, False]
        assert all(row.ended_at > row.since for row in rows if row.ended_at)
        stored = sorted(residents.rows(InboundMessageRow), key=lambda row: row.received_at)
        assert [row.keyword for row in stored] == ["stop", "start", "stop by carrier", "start", "stop"]


class TestPerNumberOfOurs:
    def test_a_stop_to_another_number_of_ours_stops_nothing_of_this_one(self, residents: Residents, desk: Desk) -> None:
        residents.text("ARRET", phone=NUMBER, to=ANOTHER_OF_OURS)
        desk.call()
        desk.send()
        assert len(desk.phones.bodies(NUMBER)) == 1
        assert len(said(residents.text("hello", phone=NUMBER))) == 1

    def test_a_start_to_another_number_of_ours_ends_no_stop_of_this_one(self, residents: Residents, desk: Desk) -> None:
        residents.text("ARRET", phone=NUMBER)
        residents.text("START", phone=NUMBER, to=ANOTHER_OF_OURS)
        desk.call()
        desk.send()
        assert desk.phones.bodies(NUMBER) == []

    def test_each_has_a_stop_of_its_own(self, residents: Residents) -> None:
        for ours in (OURS, ANOTHER_OF_OURS):
            assert len(said(residents.text("ARRET", to=ours))) == 1
        assert sorted(row.sender for row in residents.rows(OptOutRow)) == sorted([OURS, ANOTHER_OF_OURS])


class TestStartAfterTheCarriersOwnBlock:
    """The carrier refused a text of ours, for a STOP that we never saw: it answers the START that ends this itself."""

    @pytest.mark.parametrize("word", ["START", " yes ", "Unstop"])
    def test_it_is_stored_and_the_carriers_answer_is_the_only_one(self, residents: Residents, word: str) -> None:
        refused(residents)
        assert said(residents.text(word)) == []
        (stored,) = residents.rows(InboundMessageRow)
        assert stored.keyword == Keyword.START.value
        assert [row.kind for row in residents.rows(TextRow)] == [Kind.DELAY]

    def test_also_where_our_own_stop_was_in_force(self, residents: Residents) -> None:
        residents.text("ARRET")
        refused(residents)
        assert said(residents.text("START")) == []
        assert not opted_out(residents)

    def test_a_second_start_is_a_text_like_any_other(self, residents: Residents) -> None:
        refused(residents)
        residents.text("START")
        (reply,) = said(residents.text("START"))
        assert "613-236-1222" in reply

    def test_a_refusal_since_then_counts_anew(self, residents: Residents) -> None:
        refused(residents)
        residents.text("START")
        refused(residents, ago=timedelta(minutes=-1))
        assert said(residents.text("START")) == []

    def test_a_word_that_the_carrier_does_not_know_unblocks_nothing(self, residents: Residents) -> None:
        """Our answer to DEBUT is refused, and the START that follows is the carrier's to answer."""
        residents.text("STOP")
        assert len(said(residents.text("DEBUT"))) == 1
        (reply,) = residents.rows(TextRow)
        residents.report(reply.id, "failed", ErrorCode=str(REFUSED))
        assert said(residents.text("START")) == []

    def test_a_refusal_of_another_kind_is_no_block(self, residents: Residents) -> None:
        residents.add_text(state=LedgerState.FAILED, error_code=30006, settled_at=datetime.now(UTC))
        assert len(said(residents.text("START"))) == 1

    def test_another_number_of_ours_is_not_blocked_by_it(self, residents: Residents) -> None:
        refused(residents)
        assert len(said(residents.text("START", to=ANOTHER_OF_OURS))) == 1


class TestWhatTheCarrierSaysItHasDone:
    """With Advanced Opt-Out an agency gives Twilio words of its own; Twilio then answers, and says so: `OptOutType`."""

    def test_a_stop_in_any_word_is_obeyed_without_a_word(self, residents: Residents) -> None:
        assert said(residents.text("ARRET", OptOutType="STOP")) == []
        assert opted_out(residents)
        assert residents.rows(TextRow) == []
        assert said(residents.text("DEBUT", OptOutType="START")) == []
        assert not opted_out(residents)

    @pytest.mark.parametrize("what", ["", "HELP", "stop", "NONSENSE"])
    def test_to_all_else_we_say_where_to_turn(self, residents: Residents, what: str) -> None:
        (reply,) = said(residents.text("aide", OptOutType=what))
        assert "9-1-1" in reply
        assert not opted_out(residents)


def test_a_silence_is_no_answer(residents: Residents) -> None:
    """Whoever wrote while nothing was to be sent hears where to turn as soon as something may."""
    residents.text("ARRET")
    for _ in range(3):
        assert said(residents.text("hello?")) == []
    silences = [row for row in residents.rows(TextRow) if row.state == LedgerState.SUPPRESSED]
    assert len(silences) == 1  # written down once an hour, like an answer
    residents.text("DEBUT")
    assert len(said(residents.text("hello?"))) == 1
    assert said(residents.text("hello?")) == []
