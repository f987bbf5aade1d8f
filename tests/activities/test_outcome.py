"""What became of a text is written down as it is, whatever happened between the carrier's word and its row."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from temporalio.exceptions import ApplicationError

from activities.carrier_client import Accepted, CarrierClient
from activities.told_in_time import watch_ledger
from calls.contracts import LedgerState, TextOutcome
from tests.activities.desk import Desk

Happens = Callable[[str], object]


class BeforeItsAnswerIsHeard(CarrierClient):
    """The real client, and something that happens, given the text's sid, once the carrier has the text."""

    happens: Happens

    def send(self, **text: Any) -> Accepted:
        accepted = super().send(**text)
        self.happens(accepted.sid)
        return accepted


def sent_while(desk: Desk, happens: Happens) -> TextOutcome:
    phones = desk.phones
    carrier = BeforeItsAnswerIsHeard(
        account_sid=phones.account_sid, auth_token=phones.auth_token, address=phones.address, timeout_seconds=5
    )
    carrier.happens = happens
    desk.call()
    desk.services = replace(desk.services, carrier=carrier)
    return desk.send()


def test_a_callback_that_is_quicker_than_the_carriers_answer_is_not_undone(desk: Desk) -> None:
    outcome = sent_while(desk, lambda sid: desk.change_row({"state": "delivered", "provider_sid": sid}))
    assert outcome.record is not None
    assert outcome.record.state is LedgerState.DELIVERED
    assert desk.row().state == "delivered"


def test_r2_an_attempt_that_has_lost_its_text_to_another_writes_nothing(desk: Desk) -> None:
    with pytest.raises(ApplicationError, match="another attempt"):
        sent_while(desk, lambda _: desk.change_row({"attempt_id": uuid4()}))
    assert (desk.row().state, desk.row().provider_sid) == ("sending", None)


def test_facts_that_became_newer_meanwhile_go_back_with_the_outcome(desk: Desk) -> None:
    outcome = sent_while(desk, lambda _: desk.call(version=2))
    assert outcome.call is not None
    assert outcome.call.version == 2
    assert outcome.record is not None
    assert desk.row().state == outcome.record.state == "accepted"


def test_a_text_that_the_carrier_took_is_counted_once_with_its_seconds(desk: Desk) -> None:
    names: tuple[tuple[str, dict[str, str]], ...] = (
        ("communityconnect_text_states_total", {"kind": "confirmation", "state": "sending"}),
        ("communityconnect_text_states_total", {"kind": "confirmation", "state": "accepted"}),
        ("communityconnect_due_to_accepted_seconds_count", {"kind": "confirmation"}),
        ("communityconnect_received_to_confirmation_seconds_count", {}),
    )
    before = [REGISTRY.get_sample_value(*name) or 0 for name in names]
    desk.call()
    stop_watching = watch_ledger(desk.services.clock)
    desk.send()
    desk.send()
    stop_watching()
    assert [REGISTRY.get_sample_value(*name) for name in names] == [count + 1 for count in before]
