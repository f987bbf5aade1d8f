"""What Twilio did not send changes nothing, what it sends is never an error of ours, however little sense it makes."""

from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Engine, inspect, text

from calls.contracts import LedgerState
from tests.conftest import FIGURES
from tests.web.forger import Forger
from tests.web.raw_requests import Raw, answer_to
from tests.web.served import Residents

FORGED, MALFORMED, NONSENSE = 700, 500, 400
REFUSED = {307, 400, 403, 404, 405, 413}  # 307: to the address without a slash at its end
FORWARD = (
    {LedgerState.CLAIMED, LedgerState.SUPPRESSED, LedgerState.EXPIRED},
    {LedgerState.SENDING, LedgerState.UNKNOWN},
    {LedgerState.ACCEPTED},
    {LedgerState.SENT},
    {LedgerState.DELIVERED, LedgerState.UNDELIVERED, LedgerState.FAILED},
)


@pytest.fixture
def texts(residents: Residents) -> list[UUID]:
    """A text in every state, somebody who stopped, a wrong number: something to lose in each table."""
    residents.text("ARRET", phone="+13435550117")
    residents.text("wrong number")
    residents.invite()
    named = residents.add_text(state=LedgerState.SENT, provider_sid="SM" + "1" * 32)
    return [named, *(residents.add_text(state=state) for state in LedgerState)]


def everything(engine: Engine) -> dict[str, str]:
    """Of each table of the database how many rows it has, and what is in them."""
    rows = "count(*) || ' ' || md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), ''))"
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {name: connection.execute(text(f'SELECT {rows} FROM "{name}" t')).scalar_one() for name in names}  # noqa: S608


def rank(state: str) -> int:
    return next(place for place, states in enumerate(FORWARD) if state in states)


def test_a_thousand_forged_and_malformed_requests_write_nothing_and_are_no_error_of_ours(
    residents: Residents, texts: list[UUID], record_property: Callable[[str, object], None]
) -> None:
    forger, before = Forger.seeded(5, texts), everything(residents.engine)
    assert before["opt_out"].startswith("1 ")
    assert len(before) > 10
    answers: Counter[int | None] = Counter()
    for number in range(FORGED + MALFORMED):
        is_forged = number < FORGED
        how, request = forger.forged() if is_forged else forger.malformed()
        status = answer_to(request, residents.address)
        answers[status] += 1
        if is_forged:
            assert status == 403, how
            assert not request.is_rightly_signed or how == "another account"
        elif status is None:
            assert request.is_cut_off, how
        else:
            assert status in REFUSED, how
    assert everything(residents.engine) == before
    counted = ", ".join(f"{status or 'closed'}: {times}" for status, times in sorted(answers.items(), key=str))
    record_property(
        FIGURES, f"webhooks: {answers.total():,} forged and malformed requests, nothing written ({counted})"
    )


def test_rightly_signed_nonsense_is_no_error_of_ours_and_moves_no_text_back(
    residents: Residents, texts: list[UUID], record_property: Callable[[str, object], None]
) -> None:
    forger, answers = Forger.seeded(6, texts), Counter[int | None]()
    ranks = {text_id: rank(residents.ledger(text_id).state) for text_id in texts}
    final = {text_id: residents.ledger(text_id) for text_id in texts if ranks[text_id] == len(FORWARD) - 1}
    for _ in range(NONSENSE):
        request = forger.nonsense()
        answers[answer_to(request, residents.address)] += 1
        now = {text_id: rank(residents.ledger(text_id).state) for text_id in texts}
        assert all(now[text_id] >= ranks[text_id] for text_id in texts), request.target
        ranks = now
    assert set(answers) <= {200, 204, 400}
    assert answers[200]
    assert answers[204]
    for text_id, row in final.items():
        assert residents.ledger(text_id).state == row.state
    record_property(FIGURES, f"webhooks: {answers.total():,} rightly signed requests without sense: {dict(answers)}")


def test_the_forger_knows_how_to_sign(residents: Residents, texts: list[UUID]) -> None:
    """Else everything above would be refused for nothing but that."""
    forger = Forger.seeded(7, texts)
    right = [forger.right() for _ in range(30)]
    assert all(request.is_rightly_signed for request in right)
    assert {answer_to(request, residents.address) for request in right} == {200, 204}


def test_a_fragment_is_no_part_of_what_twilio_asks_for_or_signs(residents: Residents, texts: list[UUID]) -> None:
    """`#rc=2&rp=all` in an address tells Twilio how to try again; it never travels. Whoever sends one is refused."""
    request = Forger.seeded(8, texts).right()
    with_fragment = Raw(
        target=f"{request.target}#rc=2", fields=request.fields, signed=request.signed, body=request.body
    )
    assert answer_to(with_fragment, residents.address) in {400, 403, 404}
