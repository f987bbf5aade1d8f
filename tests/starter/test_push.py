"""CAD pushes: 202 only after the commit, a reason for every record that is rejected, 503 for our own trouble."""

import base64
import hashlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from ipaddress import ip_network
from urllib.parse import quote, urlsplit

import psycopg
import pytest
import requests
from sqlalchemy import Engine

from calls.eligibility import Eligibility, Rule
from calls.facts import CallFacts, CancelReason, Untextable
from database.encryption import Keyring
from database.feeds import CadFeedRow, RejectedRecordRow
from database.tables import CadRecordRow, CallRow
from policy.agency import Agency
from settings import Settings, SettingsError
from starter.push.body import MOST_BYTES, MOST_RECORDS
from starter.push.hands import MOST_IN_HAND
from starter.push.senders import CERTIFICATE, KEY, SIGNATURE, TIME, Senders, senders_of, signature
from starter.readers.record import Record
from starter.rejected import RejectedRecords
from tests.local.boxes import until
from tests.starter.pushing import SECRETS, Cad, Signs, answers_of, pushed_at, received

DER = b"a certificate, for all we look at"


@pytest.fixture
def cad(engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Cad]:
    with pushed_at(engine, keyring, ottawa) as cad:
        yield cad


def facts(cad: Cad, cad_id: str = "1001") -> CallFacts:
    return CallFacts.model_validate(cad.call(cad_id).facts)


def test_a_record_is_committed_when_it_is_answered_and_the_answer_says_what_was_decided(cad: Cad) -> None:
    response = cad.push(received())
    assert response.status_code == 202
    answer = response.json()
    assert (answer["taken"], answer["repeated"], answer["rejected"]) == (1, 0, 0)
    [record] = answer["records"]
    assert record["call_id"] == cad.call("1001").call_id
    assert (record["eligibility"], record["rule"]) == (Eligibility.ELIGIBLE, Rule.ALL_MET)


def test_r4_the_same_content_sent_again_is_a_repetition_and_changes_nothing(cad: Cad) -> None:
    cad.push(received())
    version = cad.call("1001").version
    response = cad.push({"records": [received(), received(received_at="2026-01-15T12:00:00-05:00")]})
    assert response.status_code == 202
    assert response.json()["repeated"] == 1 + 1
    assert cad.call("1001").version == version
    assert len(cad.rows(CadRecordRow)) == 1


def test_of_a_batch_the_readable_records_are_taken_and_each_rejected_one_has_its_reason(cad: Cad) -> None:
    response = cad.push(
        {"records": [received(), received("1002", received_at="yesterday"), {"event": "dispatched"}, received("1003")]}
    )
    assert response.status_code == 422
    assert [one["result"] for one in answers_of(response)] == ["taken", "rejected", "rejected", "taken"]
    assert "received_at: write a time with its offset" in answers_of(response)[1]["reason"]
    assert answers_of(response)[2]["reason"] == "cad_id: needed"
    assert {row.call_id for row in cad.rows(CallRow)} == {"ottawa-1001", "ottawa-1003"}


def test_a_rejected_record_is_kept_as_it_came_encrypted_and_once(cad: Cad, keyring: Keyring, engine: Engine) -> None:
    body = b'{"cad_id": "7", "phone": "+16135550142", "colour": "blue"}'
    for _ in range(3):
        assert cad.push(body).status_code == 422
    [row] = cad.rows(RejectedRecordRow)
    assert (row.feed, row.reason, row.times) == ("cad", "colour: not a field of a record", 3)
    assert row.raw_encrypted is not None
    assert "5550142" not in f"{row.raw_encrypted} {row.reason} {row.content_hash}"
    assert RejectedRecords(engine=engine, keyring=keyring).raw(row) == body


@pytest.mark.parametrize(
    "danger",
    [
        {"in_progress": "perhaps", "received_at": "not a time"},
        {"safety_flag": True, "colour": "blue"},
        {"call_type": "ASSAULT", "received_at": "not a time"},
        {"first_call_type": "ASSAULT", "priority": []},
        {"priority": 1},
        {"priority": 1.0},
        {"cad_id": 1001, "in_progress": True},
        {"cad_id": " 1001 ", "in_progress": True},
        {"inProgress": True},
        {"In Progress": "Y"},
        {"SAFETY_FLAG": 1},
        {"Call_Type": "ASSAULT"},
        {"call_type": "NOISE", "callType": "ASSAULT"},
    ],
)
def test_r1_what_a_rejected_record_says_of_danger_silences_the_call_for_ever(
    cad: Cad, danger: dict[str, object]
) -> None:
    cad.push(received())
    assert cad.push({"cad_id": "1001", "updated_at": "2026-01-15T16:00:00Z", **danger}).status_code == 422
    assert cad.call("1001").latch is not None
    cad.push(received(updated_at="2026-01-15T18:00:00Z", area="3"))
    assert cad.call("1001").eligibility == Eligibility.INELIGIBLE


@pytest.mark.parametrize("nothing", ["", "  ", "NULL"])
def test_what_is_blank_is_not_told_in_any_field(cad: Cad, nothing: str) -> None:
    cad.push(received())
    before = facts(cad)
    blank = dict.fromkeys(Record.model_fields.keys() - {"cad_id", "updated_at"}, nothing)
    assert cad.push({"cad_id": "1001", "updated_at": "2026-01-15T17:10:00Z", **blank}).status_code == 202
    assert cad.push({"cad_id": "1001", "updated_at": nothing, **blank}).status_code == 202
    assert facts(cad) == before


@pytest.mark.parametrize("down", [False, 0, 0.0, "0", "", " ", "N", "no", "F", "False", "NON", "NULL", None])
def test_a_flag_that_is_clearly_down_silences_nobody_though_it_rejects_the_record(cad: Cad, down: object) -> None:
    """As in a row: only what we do not understand is taken for a danger."""
    cad.push(received())
    assert cad.push({"cad_id": "1001", "in_progress": down, "safety_flag": down, "colour": 1}).status_code == 422
    assert cad.call("1001").eligibility == Eligibility.ELIGIBLE


def test_a_rejected_record_without_danger_changes_nothing_of_the_call(cad: Cad) -> None:
    cad.push(received())
    before = cad.call("1001")
    assert cad.push({"cad_id": "1001", "call_type": "THEFT", "cleared_at": "never"}).status_code == 422
    assert cad.call("1001").version == before.version


def test_an_event_says_what_happened_at_its_time_or_when_it_was_said_or_now(cad: Cad) -> None:
    cad.push(received())
    cad.push({"cad_id": "1001", "event": "dispatched", "at": "2026-01-15T17:40:00Z"})
    cad.push({"cad_id": "1001", "event": "requeued", "updated_at": "2026-01-15T17:50:00Z"})
    assert facts(cad).dispatched_at != facts(cad).requeued_at
    assert not facts(cad).is_dispatched
    assert answers_of(cad.push({"cad_id": "1001", "event": "arrived"}))[0]["result"] == "taken"
    assert facts(cad).is_dispatched
    assert answers_of(cad.push({"cad_id": "1001", "event": "arrived"}))[0]["result"] == "repeated"
    cad.push({"cad_id": "1001", "event": "cleared"})
    assert facts(cad).is_cleared
    cad.push({"cad_id": "1001", "event": "reopened"})
    assert not facts(cad).is_cleared


def test_an_event_without_its_time_has_just_happened_whatever_other_times_stand_beside_it(cad: Cad) -> None:
    """As of the time of receipt, which many senders repeat in each event, a reopening would be as old as the end."""
    began = {"cad_id": "1001", "received_at": "2026-01-15T17:00:00Z"}
    cad.push(received())
    for event in ("dispatched", "requeued"):
        assert answers_of(cad.push({**began, "event": event}))[0]["result"] == "taken"
    assert not facts(cad).is_dispatched
    cad.push({**began, "event": "cleared"})
    assert answers_of(cad.push({**began, "event": "cleared"}))[0]["result"] == "repeated"
    cad.push({**began, "event": "reopened"})
    assert not facts(cad).is_cleared


@pytest.mark.parametrize(("now", "first"), [("NOISE", "THEFT"), ("THEFT", "NOISE"), ("NOISE", "NEW TYPE")])
@pytest.mark.parametrize("times", [{}, {"received_at": "2026-01-15T17:00:00Z"}, {"updated_at": "2026-01-15T17:00:00Z"}])
def test_of_two_types_in_one_record_the_later_is_what_the_call_is_now_and_the_record_is_one(
    cad: Cad, now: str, first: str, times: dict[str, str]
) -> None:
    snapshot = {"cad_id": "1001", "call_type": now, "first_call_type": first, **times}
    assert answers_of(cad.push(snapshot))[0]["result"] == "taken"
    assert facts(cad).call_type_code == now
    version = cad.call("1001").version
    assert answers_of(cad.push(snapshot))[0]["result"] == "repeated"
    assert (cad.call("1001").version, len(cad.rows(CadRecordRow))) == (version, 1)


def test_r1_the_type_that_a_call_had_first_silences_it_too(cad: Cad) -> None:
    cad.push(received(call_type="NOISE", first_call_type="ASSAULT"))
    assert cad.call("1001").latch == Rule.EXCLUDED_TYPE


def test_a_cancelled_call_has_its_reason_or_the_plain_one(cad: Cad) -> None:
    cad.push({"records": [received(), received("1002")]})
    cad.push({"records": [{"cad_id": "1001", "event": "cancelled"}, {"cad_id": "1002", "cancelled": "duplicate"}]})
    assert facts(cad).cancelled is CancelReason.CANCELLED
    assert facts(cad, "1002").cancelled is CancelReason.DUPLICATE


def test_r1_a_number_that_cannot_be_read_silences_until_another_is_told(cad: Cad) -> None:
    """The number before it may be a stranger's: CAD has just said that it is not the caller's."""
    cad.push(received())
    cad.push({"cad_id": "1001", "phone": "unknown", "updated_at": "2026-01-15T17:10:00Z"})
    assert facts(cad).untextable is Untextable.UNREADABLE
    assert cad.call("1001").phone_encrypted is None
    cad.push({"cad_id": "1001", "phone": "(343) 555-0117", "updated_at": "2026-01-15T17:11:00Z"})
    assert cad.call("1001").eligibility == Eligibility.ELIGIBLE


@pytest.mark.parametrize("number", ["613-555-0142 x204", "(613) 555-0142 ext. 2", "613 555 0142 #5", "6135550142,2"])
def test_r1_a_number_with_an_extension_is_a_switchboards_and_not_the_callers(cad: Cad, number: str) -> None:
    cad.push(received(phone=number))
    assert facts(cad).untextable is Untextable.UNREADABLE
    assert cad.call("1001").phone_encrypted is None


@pytest.mark.parametrize("number", ["343-555-0117", "unknown", 3435550117])
def test_r1_a_number_that_a_rejected_record_tells_anew_silences_until_one_is_told_that_can_be_read(
    cad: Cad, number: object
) -> None:
    """The one before it may be a stranger's: CAD has just said another."""
    cad.push(received())
    assert cad.push({"cad_id": "1001", "phone": number, "colour": 1}).status_code == 422
    assert facts(cad).untextable is Untextable.UNREADABLE
    assert cad.call("1001").eligibility == Eligibility.INELIGIBLE
    cad.push({"cad_id": "1001", "phone": "343-555-0117"})
    assert cad.call("1001").eligibility == Eligibility.ELIGIBLE


@pytest.mark.parametrize("number", ["(613) 555-0142", "1 613 555 0142", 6135550142, "", None])
def test_a_rejected_record_that_tells_the_number_that_is_known_changes_nothing(cad: Cad, number: object) -> None:
    cad.push(received())
    before = cad.call("1001")
    assert cad.push({"cad_id": "1001", "phone": number, "colour": 1}).status_code == 422
    assert cad.call("1001").model_dump() == before.model_dump()


@pytest.mark.parametrize("code", [{"call_type": "NEW TYPE"}, {"priority": "P7"}])
def test_r1_an_unknown_code_in_a_rejected_record_silences_until_a_known_one_is_told(
    cad: Cad, code: dict[str, str]
) -> None:
    cad.push(received())
    assert cad.push({"cad_id": "1001", "cleared_at": "never", **code}).status_code == 422
    assert cad.call("1001").eligibility == Eligibility.INELIGIBLE
    cad.push({"cad_id": "1001", "call_type": "NOISE", "priority": "4"})
    assert cad.call("1001").eligibility == Eligibility.ELIGIBLE


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'"a text"', "neither a record nor a batch"),
        (b'{"cad_id": "1", "in_progress": true, "in_progress": false}', "the same name twice"),
        (b'{"cad_id": NaN}', "NaN"),
        (b'{"records": []}', "no record in the batch"),
        (b'{"records": {}}', "a batch is"),
        (b'{"records": [], "safety_flag": true}', "nothing besides"),
        (b'{"cad_id": "\\ud800"}', "half a character"),
        (b'{"cad_id": ' + b"9" * 5000 + b"}", "too long"),
    ],
)
def test_a_body_that_is_none_is_answered_400_with_what_is_wrong_and_kept(cad: Cad, body: bytes, what: str) -> None:
    response = cad.push(body)
    assert response.status_code == 400
    assert what in response.json()["error"]
    assert len(cad.rows(RejectedRecordRow)) == 1
    assert cad.rows(CallRow) == []


@pytest.mark.parametrize("field", ["cad_id", "case_number", "call_type", "first_call_type", "area"])
def test_r4_a_value_that_only_looks_like_a_nul_is_a_value(cad: Cad, field: str) -> None:
    r"""The six signs \u0000, not the one that they may stand for: answered 503 it would come again for ever."""
    assert cad.push(received(**{"cad_id": "1001", field: r"26\u0000"})).status_code == 202


def test_too_much_at_once_is_answered_413_and_nothing_is_taken(cad: Cad) -> None:
    assert cad.push({"records": [received()] * (MOST_RECORDS + 1)}).status_code == 413
    assert cad.push(b" " * (MOST_BYTES + 1)).status_code == 413
    assert cad.rows(CallRow) == []


@pytest.mark.parametrize(
    ("auth", "why"),
    [
        (Signs(key="cad.3"), "not known"),
        (Signs(secret="another-secret-of-more-than-thirty-two"), "does not fit"),
        (Signs(seconds_off=-301), "five minutes"),
        (Signs(seconds_off=301), "five minutes"),
    ],
)
def test_a_request_that_is_nobodys_is_answered_401_and_nothing_of_it_is_kept(cad: Cad, auth: Signs, why: str) -> None:
    response = cad.push(received(), auth=auth)
    assert response.status_code == 401
    assert why in response.json()["error"]
    assert cad.push(b"rubbish", auth=auth).status_code == 401
    assert cad.rows(CallRow) == []
    assert cad.rows(RejectedRecordRow) == []


def test_a_request_without_a_signature_is_nobodys(cad: Cad) -> None:
    response = requests.post(f"{cad.address}/cad/v1/calls", json=received(), timeout=5)
    assert response.status_code == 401
    assert cad.rows(CallRow) == []


def test_a_signature_does_not_fit_another_body_or_another_path(cad: Cad) -> None:
    class Tampers(Signs):
        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            super().__call__(request)
            request.url = (request.url or "") + "?again"
            return request

    assert cad.push(received(), auth=Tampers()).status_code == 401


def test_a_sender_that_goes_away_in_the_middle_is_no_fault_of_ours(cad: Cad, capfd: pytest.CaptureFixture[str]) -> None:
    where = urlsplit(cad.address)
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall(b"POST /cad/v1/calls HTTP/1.1\r\nHost: cad\r\nContent-Length: 100\r\n\r\n{")
    assert cad.push(received()).status_code == 202
    for _ in range(50):
        out, err = capfd.readouterr()
        if "went away" in out + err:
            break
        cad.push(received())
    assert "went away" in out + err
    assert "Traceback" not in out + err


@pytest.mark.parametrize("name", [CERTIFICATE, KEY, TIME, SIGNATURE])
def test_a_header_that_came_from_outside_beside_the_proxys_own_counts_as_nobodys(
    engine: Engine, keyring: Keyring, ottawa: Agency, name: str
) -> None:
    """One that adds its header and does not remove the client's: which of the two is its word nobody knows."""
    certificates = {hashlib.sha256(DER).hexdigest(): "cad"}
    senders = Senders(keys=SECRETS, certificates=certificates, proxies=(ip_network("127.0.0.0/8"),))
    body = json.dumps(received()).encode()
    at = str(int(time.time()))
    signed = signature(SECRETS["cad.1"], method="POST", path="/cad/v1/calls", at=at, body=body)
    headers = {KEY: "cad.1", TIME: at, SIGNATURE: signed}
    if name == CERTIFICATE:
        headers = {CERTIFICATE: f":{base64.b64encode(DER).decode()}:"}
    with pushed_at(engine, keyring, ottawa, senders=senders) as cad:
        where = urlsplit(cad.address)

        def status(*also: tuple[str, str]) -> int:
            connection = HTTPConnection(where.hostname or "", where.port, timeout=5)
            connection.putrequest("POST", "/cad/v1/calls")
            for header, value in (*headers.items(), *also, ("Content-Length", str(len(body)))):
                connection.putheader(header, value)
            connection.endheaders(body)
            with closing(connection):
                return connection.getresponse().status

        assert status() == 202
        assert status((name, "another")) == 401


def test_both_keys_of_a_feed_are_accepted_while_they_are_changed(cad: Cad) -> None:
    assert cad.push(received(), auth=Signs(key="cad.2", secret=SECRETS["cad.2"])).status_code == 202
    assert cad.push(received(), auth=Signs()).json()["repeated"] == 1


@pytest.mark.parametrize(
    "header",
    [
        f":{base64.b64encode(DER).decode()}:",
        quote(f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(DER).decode()}\n-----END CERTIFICATE-----\n"),
    ],
)
def test_a_certificate_counts_from_a_proxy_that_is_named_and_from_nobody_else(
    engine: Engine, keyring: Keyring, ottawa: Agency, header: str
) -> None:
    certified = Senders(
        keys={}, certificates={hashlib.sha256(DER).hexdigest(): "cad"}, proxies=(ip_network("127.0.0.0/8"),)
    )

    def push(senders: Senders, header: str) -> int:
        with pushed_at(engine, keyring, ottawa, senders=senders) as cad:
            url, headers = f"{cad.address}/cad/v1/calls", {CERTIFICATE: header}
            return requests.post(url, json=received(), headers=headers, timeout=5).status_code

    assert push(certified, header) == 202
    assert push(certified, f":{base64.b64encode(b'another').decode()}:") == 401
    assert push(certified, "rubbish") == 401
    assert push(replace(certified, proxies=(ip_network("10.0.0.0/8"),)), header) == 401


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({}, "nobody may push"),
        ({"COMMUNITYCONNECT_CAD_KEYS": "cad.1:short"}, "32 signs"),
        ({"COMMUNITYCONNECT_CAD_KEYS": f"cad:{'s' * 40}"}, "feed.label:secret"),
        ({"COMMUNITYCONNECT_CAD_CERTIFICATES": "cad:" + "0" * 64}, "COMMUNITYCONNECT_CAD_PROXIES"),
        ({"COMMUNITYCONNECT_CAD_CERTIFICATES": "cad:12"}, "SHA-256"),
    ],
)
def test_settings_that_cannot_be_used_are_said_and_no_secret_with_them(settings: dict[str, str], what: str) -> None:
    with pytest.raises(SettingsError, match=what) as refused:
        senders_of(Settings.model_validate(settings))
    assert "s" * 40 not in str(refused.value)


def test_a_feed_knows_how_it_is_doing(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    records = [received(), received(), received("1002", call_type="NEW TYPE"), {"cad_id": "1003", "x": 1}]
    with pushed_at(engine, keyring, ottawa) as cad:
        cad.push({"records": records})
    [row] = cad.rows(CadFeedRow)  # written every second, and when the service ends
    assert (row.feed, row.way) == ("cad", "push")
    assert (row.taken, row.repeated, row.rejected, row.unknown) == (2, 1, 1, 1)
    assert row.last_record_real is not None
    assert row.lag_seconds is not None


def test_where_the_database_is_away_the_sender_is_told_to_come_again_and_nothing_is_lost(
    cad: Cad, database_url: str
) -> None:
    """Never 401, on which a sender drops the feed, and never 202 for what is not kept."""
    assert cad.push(received()).status_code == 202
    with psycopg.connect(_another_database(database_url), autocommit=True) as admin:
        name = database_url.rpartition("/")[2]
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        response = cad.push({"records": [received("1002"), received("1003")]})
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert cad.push(b"rubbish").status_code == 503
        assert requests.get(f"{cad.address}/healthz", timeout=5).status_code == 503
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    cad.engine.dispose()
    assert cad.push({"records": [received("1002"), received("1003")]}).json()["taken"] == 2
    assert requests.get(f"{cad.address}/healthz", timeout=5).status_code == 200


def test_after_a_failover_to_a_server_that_is_read_only_for_a_while_the_feeds_are_counted_again(
    cad: Cad, database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Else the feed would be in alarm for ever, and its counts stand still, though all that it says is taken."""
    with psycopg.connect(_another_database(database_url), autocommit=True) as admin:
        name = database_url.rpartition("/")[2]

        def read_only(state: str) -> None:
            admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {state}')
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            cad.engine.dispose()

        assert cad.push(received()).status_code == 202
        read_only("on")
        assert cad.push(received("1002")).status_code == 503
        until(lambda: "is written later" in "".join(capfd.readouterr()))
        read_only("off")
    assert cad.push(received("1002")).status_code == 202
    until(lambda: [row.taken for row in cad.rows(CadFeedRow)] == [2])


def test_what_we_did_not_foresee_is_our_trouble_too_and_says_nothing_personal(
    cad: Cad, capfd: pytest.CaptureFixture[str]
) -> None:
    with cad.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE cad_record RENAME TO elsewhere")
    response = cad.push(received())
    assert response.status_code == 503
    out, err = capfd.readouterr()
    assert "5550142" not in response.text + out + err


def test_more_requests_than_there_are_hands_are_told_to_come_again(cad: Cad, database_url: str) -> None:
    """And those that hang take none for ever: when the lock is gone everything goes on."""
    plain = database_url.replace("+psycopg", "", 1)
    with psycopg.connect(plain) as blocking, ThreadPoolExecutor(MOST_IN_HAND + 20) as pool:
        blocking.execute("LOCK TABLE cad_record IN ACCESS EXCLUSIVE MODE")
        pushes = [pool.submit(cad.push, received(str(number))) for number in range(MOST_IN_HAND + 20)]
        assert {push.result().status_code for push in pushes} == {503}
    assert cad.push(received()).status_code == 202


def _another_database(url: str) -> str:
    return url.rpartition("/")[0].replace("+psycopg", "", 1) + "/postgres"


def test_nothing_personal_is_answered_or_logged(cad: Cad, capfd: pytest.CaptureFixture[str]) -> None:
    bodies = [received(), received(phone=6135550142), received(received_at="613-555-0142"), {"613-555-0142": 1}]
    said = "".join(cad.push(body).text for body in bodies)
    out, err = capfd.readouterr()
    assert "5550142" not in (said + out + err).replace("-", "")
