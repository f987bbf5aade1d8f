"""R2, R6: whatever of an afternoon's ledger, calls and answers is lost, taking it back repeats nothing.

Many calls of few numbers, real PostgreSQL and carrier, no Temporal: every order is given again after the restore, as
workflows that know nothing of it would, as of before it and as of the newer epoch.
"""

import random
from datetime import timedelta

import pytest
from sqlmodel import Session, col, delete, select
from temporalio.exceptions import ApplicationError

from activities.taken_back import TakeBackSent
from calls.contracts import Kind, SendText, TextKey
from calls.versions import version_of
from cli.serve_web import resident_agency
from database.recovery import StrayMessageRow
from database.tables import CallRow, InboundMessageRow, OptOutRow, SurveyInvitationRow, TextRow, real_now
from tests.activities.desk import Desk
from tests.builders import NOON, minutes
from tests.recovery.restoring import restored
from tests.recovery.test_taken_back import go, has_call
from web.residents.agency import Site
from web.residents.taken_back import take_back_received

NUMBERS = [f"+1613555{100 + number:04}" for number in range(4)]
CALLS = 9


def orders_of(cad_id: str) -> list[SendText]:
    """What a long call is owed, in order."""
    due = {
        TextKey(kind=Kind.CONFIRMATION): 3,
        TextKey(kind=Kind.DELAY): 63,
        TextKey(kind=Kind.SURVEY): 190,
    }
    return [
        SendText(
            call_id=f"ottawa-{cad_id}",
            key=key,
            due_at=NOON + minutes(after),
            expires_at=NOON + minutes(900),
            version=1,
        )
        for key, after in due.items()
    ]


def send(desk: Desk, order: SendText) -> None:
    """As Temporal does: on a busy machine a check may be too old when the POST is to begin, and is made again."""
    for _ in range(5):
        try:
            desk.send(order)
        except ApplicationError as error:
            if "too old" not in str(error):
                raise
        else:
            return


def bodies(desk: Desk) -> list[tuple[str, str]]:
    return [
        (phone["number"], message["body"])
        for phone in desk.phones.all()
        for message in phone["messages"]
        if message["direction"] == "outbound-api"
    ]


@pytest.mark.parametrize("seed", range(2))
def test_r2_whatever_is_lost_no_phone_gets_a_text_twice_and_none_after_its_stop(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    numbers = {f"{number}": dice.choice(NUMBERS) for number in range(CALLS)}
    for cad_id, number in numbers.items():
        has_call(desk, cad_id, number=number, case_number=f"26-{cad_id}", cleared_at=NOON + minutes(180))
    desk.at(NOON + minutes(200))
    for cad_id in numbers:
        for order in orders_of(cad_id)[: dice.randrange(4)]:
            send(desk, order)
    sent, stopped = bodies(desk), dice.choice(NUMBERS)
    assert len(sent) == len(set(sent))  # each text has its own case number in its words
    desk.phones.type(stopped, "ARRET")
    fed_again = lose_much(desk, dice)
    epoch = restored(desk.engine, as_of=real_now() - timedelta(minutes=2))
    take_back(desk)
    for cad_id in fed_again:
        has_call(desk, cad_id, number=numbers[cad_id], case_number=f"26-{cad_id}", cleared_at=NOON + minutes(180))
    if dice.random() < 0.7:
        take_back(desk)
    with Session(desk.engine) as session:
        strays = len(session.exec(select(StrayMessageRow.provider_sid)).all())
    go(desk)
    for cad_id in numbers:
        if cad_id in fed_again or desk_has(desk, cad_id):
            for order in orders_of(cad_id):
                send(desk, order)
                send(desk, order.model_copy(update={"version": version_of(epoch=epoch, change=9)}))
    after = bodies(desk)
    assert len(after) == len(set(after))
    assert [text for text in after if text[0] == stopped] == [text for text in sent if text[0] == stopped]
    assert len(after) >= len(sent), f"{strays} strays"


def lose_much(desk: Desk, dice: random.Random) -> list[str]:
    """Some rows of the ledger, some calls altogether, all answers; the calls that CAD will tell of again."""
    with Session(desk.engine) as session, session.begin():
        texts = [text for text in session.exec(select(TextRow.id)) if dice.random() < 0.7]
        session.execute(delete(TextRow).where(col(TextRow.id).in_(texts)))
        calls = [call for call in session.exec(select(CallRow.call_id)) if dice.random() < 0.4]
        session.execute(delete(TextRow).where(col(TextRow.call_id).in_(calls)))
        session.execute(delete(CallRow).where(col(CallRow.call_id).in_(calls)))
        for table in (SurveyInvitationRow, InboundMessageRow, OptOutRow):
            session.execute(delete(table))
    return [call.removeprefix("ottawa-") for call in calls if dice.random() < 0.8]


def take_back(desk: Desk) -> None:
    carrier, since = desk.phones.client(), real_now() - timedelta(minutes=2)
    site = Site(
        engine=desk.engine,
        keyring=desk.keyring,
        agency=resident_agency(desk.agency),
        clock=desk.services.clock,
        origin="http://127.0.0.1:1",
    )
    take_back_received(site, carrier, since, beat=lambda _: None)
    TakeBackSent(desk.services, carrier)(since, beat=lambda _: None)


def desk_has(desk: Desk, cad_id: str) -> bool:
    with Session(desk.engine) as session:
        return session.get(CallRow, f"ottawa-{cad_id}") is not None
