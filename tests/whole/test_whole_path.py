"""From a log to the phones and back: real PostgreSQL, real Temporal, real HTTP, every process its own."""

import asyncio
import re
from collections.abc import Callable

import pytest
import requests
from sqlmodel import Session, col, select
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client

from calls.contracts import Signal, workflow_id
from database.encryption import load_keyring
from database.surveys import HeldAnswerRow, SurveyDraftRow
from database.tables import CallRow, OptOutRow, SurveyInvitationRow, TextRow
from survey.held import HeldAnswer
from tests.watching.test_alerts import metrics_asked_for
from tests.whole.cost import actions
from tests.whole.search import numbers_in
from tests.whole.town import Town, decoded
from tests.whole.watched import Scrape, differences

ALICE, BOB, CAROL, DAN = "+16135550110", "+16135550111", "+16135550112", "+16135550113"


@pytest.fixture(scope="module")
def day(fast_town: Town) -> Town:
    """A short day of calls, played to its end."""
    town, at = fast_town, fast_town.local
    common = {"agency": "OPS", "priority_native": "4", "source": "phone"}
    said = town.play(
        # Alice waits for more than an hour; then an officer comes, and the call is over.
        common
        | {"incident_id": "1", "type_initial": "NOISE", "phone": "613-555-0110", "language": "en"}
        | {"received": at(5), "dispatched": at(75), "arrived": at(85), "first_closed": at(100)},
        # Bob's call turns out to be something else when the officer closes it.
        common
        | {
            "incident_id": "2",
            "type_initial": "DISTURBANCE",
            "type_final": "DOMESTIC DISPUTE",
            "phone": "(613) 555-0111",
        }
        | {"phone": "(613) 555-0111", "received": at(6), "dispatched": at(20), "first_closed": at(60)},
        # Carol's type is excluded.
        common | {"incident_id": "3", "type_initial": "ASSAULT", "phone": "6135550112", "received": at(7)},
        # Dan's is over before anything was due.
        common
        | {"incident_id": "4", "type_initial": "THEFT", "phone": "+1 613 555 0113", "language": "fr"}
        | {"received": at(8), "dispatched": at(9), "first_closed": at(10)},
        # A type that nobody has listed.
        common | {"incident_id": "5", "type_initial": "ZOMBIES", "phone": "613-555-0114", "received": at(9)},
    )
    assert "unknown: 1 x the policy does not know the call type 'ZOMBIES'" in said
    town.wait_for("Alice's survey", lambda: len(town.texts(ALICE)) == 3)
    return town


def test_a_caller_is_told_of_receipt_and_delay_and_gets_a_survey_link(day: Town) -> None:
    confirmation, delay, survey = day.texts(ALICE)
    assert "received" in confirmation.lower()
    assert re.search(r"\b1\b", confirmation)
    assert delay != confirmation
    assert f"{day.box.origin}/s/" in survey


def test_a_call_that_became_sensitive_is_silent_from_then_on(day: Town) -> None:
    assert len(day.texts(BOB)) == 1


def test_an_excluded_call_and_one_that_is_over_at_once_get_nothing(day: Town) -> None:
    assert day.texts(CAROL) == []
    assert day.texts(DAN) == []


def test_every_decision_is_on_record_with_its_rule_and_policy(day: Town) -> None:
    with Session(day.engine) as session:
        calls = {row.call_id: row for row in session.exec(select(CallRow)).all()}
    assert calls["ottawa-3"].rule == "excluded call type"
    assert calls["ottawa-5"].rule == "unknown call type"
    assert calls["ottawa-2"].latch == "sensitive call type"
    assert {row.policy_version for row in calls.values()} == {day.box.agency.version}


def test_delivery_is_reported_back_into_the_ledger(day: Town) -> None:
    def states() -> set[str]:
        with Session(day.engine) as session:
            return set(session.exec(select(TextRow.state).where(col(TextRow.call_id) == "ottawa-1")).all())

    day.wait_for("delivery reports", lambda: states() == {"delivered"})


async def test_a_call_with_hold_delay_notice_and_survey_costs_at_most_11_actions_and_50_events(
    day: Town, record_property: Callable[[str, object], None]
) -> None:
    history = await day.history("1")
    record_property("actions", actions(history))
    record_property("events", len(history.events))
    assert actions(history) <= 11
    assert len(history.events) <= 50


def test_the_survey_link_opens_and_an_answer_is_held_without_a_way_back_to_the_call(day: Town) -> None:
    link = re.search(rf"{day.box.origin}/s/\S+", day.texts(ALICE)[2])
    assert link is not None
    assert "Step 1 of 4" in requests.get(link.group(), timeout=10).text
    saved = requests.post(link.group(), data={"step": "1", "Q1": "5"}, timeout=10)
    assert "Step 2 of 4" in saved.text
    sent = requests.post(link.group(), data={"step": "4", "C1": "Thank you"}, timeout=10)
    assert sent.url.startswith(f"{day.box.origin}/thank-you")
    with Session(day.engine) as session:
        [row] = session.exec(select(HeldAnswerRow)).all()
        [invitation] = session.exec(select(SurveyInvitationRow)).all()
        assert session.exec(select(SurveyDraftRow)).all() == []
    keys = day.box.environment()
    keyring = load_keyring(
        encryption_keys=keys["COMMUNITYCONNECT_ENCRYPTION_KEYS"], lookup_key=keys["COMMUNITYCONNECT_LOOKUP_KEY"]
    )
    held = HeldAnswer.model_validate_json(keyring.decrypt(row.body_encrypted))
    assert (held.answers, held.comment) == ({"Q1": "5"}, "Thank you")
    assert held.context.call_type_group == "noise"
    assert invitation.used
    assert str(invitation.id) not in f"{held} {row}"
    assert "ottawa-1" not in f"{held} {row}"
    token = link.group().rpartition("/")[2]
    assert [name for name, log in day.logs().items() if token in log] == []


def test_stop_typed_on_the_phone_is_an_opt_out(day: Town) -> None:
    """R6, as a resident does it."""
    day.wait_for("Bob's conversation", lambda: day.texts(BOB))
    url = f"{day.box.phones_url}/carrier/phones/{BOB}/texts"
    requests.post(url, json={"text": "Arrêt"}, timeout=10).raise_for_status()
    day.wait_for("the answer to ARRET", lambda: len(day.texts(BOB)) == 2 or _opt_outs(day))
    assert _opt_outs(day) == 1


def _opt_outs(town: Town) -> int:
    with Session(town.engine) as session:
        return len(session.exec(select(OptOutRow.id)).all())


async def test_signals_sent_by_curl_without_a_payload_work(day: Town) -> None:
    """As an operator would, through Temporal's HTTP API; CAD tells the same a little later."""
    now = (day.box.clock.now() - day.begins).total_seconds() / 60
    call = {"agency": "OPS", "priority_native": "4", "source": "phone", "type_initial": "THEFT"}
    call |= {"incident_id": "9", "phone": "613-555-0119", "received": day.local(now)}
    day.play(call, name="by-hand")
    for signal in (Signal.DISPATCHED, Signal.CLEARED):
        answer = await asyncio.to_thread(day.curl_signal, workflow_id("ottawa-9"), signal)
        assert answer.status_code == 200, answer.text
    client: Client = await day.client()
    handle = client.get_workflow_handle(workflow_id("ottawa-9"))
    for _ in range(100):
        details = (await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)).current_details
        if details.startswith(("Waiting: survey due", "Ended: cleared before the confirmation")):
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError(details)
    day.play(call | {"dispatched": day.local(now + 1), "first_closed": day.local(now + 2)}, name="by-hand-too")


async def test_no_phone_number_is_in_any_history_log_metric_or_url(day: Town) -> None:
    """R3, searched for in every format; then one is planted, and the same search finds it."""
    used = [phone["number"] for phone in day.phones()]
    assert len(used) >= 3
    assert await _found(day, used) == {}
    client = await day.client()
    await client.start_workflow(
        "Planted", {"note": f"call back {ALICE[2:5]}-{ALICE[5:8]}-{ALICE[8:]}"}, id="planted", task_queue="none"
    )
    found = await _wait_until_found(day, used)
    assert found == {"history planted": {ALICE}}


async def _wait_until_found(town: Town, numbers: list[str]) -> dict[str, set[str]]:
    for _ in range(50):
        if found := await _found(town, numbers):
            return found
        await asyncio.sleep(0.1)
    return {}


async def _found(town: Town, numbers: list[str]) -> dict[str, set[str]]:
    places = {f"log {name}": text for name, text in town.logs().items()}
    client = await town.client()
    async for workflow in client.list_workflows():
        history = await client.get_workflow_handle(workflow.id, run_id=workflow.run_id).fetch_history()
        attributes = str(workflow.typed_search_attributes) + str(await workflow.memo())
        places[f"history {workflow.id}"] = decoded(history) + attributes
    places |= town.metrics()
    places["URLs"] = "\n".join(town.urls())
    assert len(places) > 8
    found = {place: numbers_in(text, numbers) for place, text in places.items()}
    return {place: hits for place, hits in found.items() if hits}


def test_doctor_finds_everything_well_in_a_running_service(day: Town) -> None:
    said = day.command("doctor").stdout
    assert "NOT" not in said
    assert said.count("ok") >= 9


def test_setting_up_again_changes_nothing(day: Town) -> None:
    said = day.command("setup").stdout
    assert "at revision" in said
    assert "(was" not in said
    assert "made" not in said
    assert "registered:" not in said


def test_what_a_monitor_sees_is_what_stands_in_the_ledger(day: Town) -> None:
    """Are residents told in time, what became of the texts, what is stuck: answered by the scrape alone."""
    left: list[str] = []

    def agree() -> bool:
        left[:] = differences(day)
        return not left

    try:
        day.wait_for("scrape and ledger agree", agree, seconds=40)
    except AssertionError:
        raise AssertionError(left) from None


def test_every_metric_that_an_alert_or_the_dashboard_asks_for_is_in_a_scrape(day: Town) -> None:
    missing = metrics_asked_for() - Scrape(day).families
    # Two come when there is something to tell: the first sum of a day, the first task that fails.
    assert missing <= {
        "communityconnect_ledger_sum_age_seconds",
        "communityconnect_ledger_sum_differences",
        "temporal_workflow_task_execution_failed",
    }


def test_metrics_have_few_labels_however_many_calls_there_are(day: Town) -> None:
    scrape = Scrape(day)
    assert {name: count for name, count in scrape.label_sets.items() if count > 400} == {}
    assert sum(count for name, count in scrape.label_sets.items() if name.startswith("communityconnect_")) < 1500
    everything = "".join(scrape.texts.values())
    assert not re.search(r'="(ottawa-\d|[^"]*/s/[^"{])', everything)  # no call, no token


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_every_process_lives_and_is_ready(day: Town, path: str) -> None:
    ports = day.box.ports
    for port in (ports.worker_metrics, ports.starter_metrics, ports.web, ports.cad):
        assert requests.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code == 200


def test_no_process_reports_an_error(day: Town) -> None:
    for name, text in day.logs().items():
        errors = [
            line for line in text.splitlines() if '"level": "error"' in line or " ERROR " in line or "Traceback" in line
        ]
        assert errors == [], name
