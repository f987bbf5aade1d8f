"""One person is erased: shown first, then done, with a certificate; nobody else is touched, and nothing texts again."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import Session

from activities.error_codes import OPTED_OUT
from calls.contracts import Kind, LedgerState
from calls.eligibility import Rule
from cli.erase import erase
from database.encryption import load_keyring, new_key
from database.lookup_keys import KeyState, LookupKeyRow
from database.numbers import BlockedNumberRow
from database.recovery import StrayMessageRow
from database.staff import AuditEntryRow
from database.surveys import SurveyDraftRow
from database.tables import (
    CallRow,
    OptOutRow,
    PilotNumberRow,
    SurveyInvitationRow,
    TextRow,
)
from settings import Settings, SettingsError
from starter.leases import Leases
from starter.records import CadRecord
from tests.activities.desk import NUMBER, Desk
from tests.activities.test_forgetting import (
    a_call_that_is_over,
    a_record,
    a_text,
    acceptor,
    an_order,
    change,
    inbound,
    put,
    rows_of,
)
from tests.builders import NOON, hours, minutes
from tests.starter.test_accept import RECEIVED
from texts.keywords import Keyword
from web.residents.opt_outs import say_start, say_stop
from web.staff.access.roles import Member, Role
from web.staff.erasure import NO_LONGER_FOUND, Erasure, Found

OTHER = "+13435550117"
WHO = Member(subject="command:ada", name="ada", roles=frozenset({Role.ADMINISTRATOR}))


@pytest.fixture
def erasure(desk: Desk) -> Erasure:
    return Erasure(engine=desk.engine, keyring=desk.keyring, policy=desk.policy)


def do(erasure: Erasure, number: str = NUMBER) -> Found:
    return erasure.erase(number, who=WHO, why="asked for it").found


def an_open_call(desk: Desk) -> None:
    a_call_that_is_over(desk)
    change(desk, CallRow, ended_reason=None)


def a_link() -> SurveyInvitationRow:
    return SurveyInvitationRow(
        call_id="ottawa-1001", token_hash="t", survey_version="", expires_at=NOON, used=True, opened=True
    )


def dumped(engine: Engine) -> str:
    """Every row of every table, as text."""
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        return "\n".join(
            row
            for table in tables
            for row in connection.execute(text(f'SELECT t::text FROM "{table}" t')).scalars()  # noqa: S608
        )


def test_r3_what_the_lookup_key_of_before_found_and_messages_that_no_call_explains_are_erased_too(
    desk: Desk, erasure: Erasure
) -> None:
    """A number that only wrote to us stands nowhere in a way that can be read: no change of keys moves it."""
    ring = load_keyring(encryption_keys=f"k1:{new_key()}", lookup_key=new_key())
    changed = replace(desk.keyring, lookup=ring.lookup, other_lookup=desk.keyring.lookup)
    stray: dict[str, Any] = {"kind": "confirmation", "case_number": "26-1001", "created_at": NOON}
    put(
        desk,
        LookupKeyRow(fingerprint=changed.fingerprint, state=KeyState.IN_FORCE),
        inbound(desk, "other", NOON),
        StrayMessageRow(provider_sid="SM1", phone_hash=desk.keyring.phone_hash(NUMBER), **stray),
        StrayMessageRow(provider_sid="SM2", phone_hash=desk.keyring.phone_hash(OTHER), **stray),
    )
    found = do(Erasure(engine=desk.engine, keyring=changed, policy=desk.policy))
    assert (found.inbound, found.strays) == (1, 1)
    assert not {ring.phone_hash(NUMBER) for ring in changed.rings} & set(
        re.findall("[0-9a-f]{64}", dumped(desk.engine))
    )
    assert [row.provider_sid for row in rows_of(desk, StrayMessageRow)] == ["SM2"]


def test_looking_changes_nothing_and_says_what_erasing_then_does(desk: Desk, erasure: Erasure) -> None:
    an_open_call(desk)
    put(
        desk,
        inbound(desk, "other", NOON),
        SurveyInvitationRow(call_id="ottawa-1001", token_hash="t", survey_version="", expires_at=NOON),
    )
    before = dumped(desk.engine)
    found = erasure.look(NUMBER)
    assert dumped(desk.engine) == before
    assert found.counts() == do(erasure).counts()
    assert found == Found(
        calls=1,
        open_calls=1,
        texts=1,
        inbound=1,
        cad_records=1,
        survey_links=1,
        sids=found.sids,
        inbound_sids=found.inbound_sids,
    )
    assert erasure.look(NUMBER).is_nothing


def test_r3_afterwards_nothing_in_the_database_leads_to_the_number(desk: Desk, erasure: Erasure) -> None:
    an_open_call(desk)
    put(
        desk,
        inbound(desk, Keyword.START.value, NOON),
        PilotNumberRow(phone_hash=desk.keyring.phone_hash(NUMBER), phone_encrypted=desk.keyring.encrypt(NUMBER)),
    )
    assert desk.keyring.phone_hash(NUMBER) in dumped(desk.engine)
    do(erasure)
    left = dumped(desk.engine)
    assert desk.keyring.phone_hash(NUMBER) not in left
    assert NUMBER[2:] not in left
    (sent,) = rows_of(desk, TextRow)
    assert (sent.phone_encrypted, sent.body_encrypted) == (None, None)


def test_r2_an_open_call_is_stopped_and_its_workflow_hears_of_it(desk: Desk, erasure: Erasure) -> None:
    an_open_call(desk)
    do(erasure)
    (row,) = rows_of(desk, CallRow)
    assert (row.rule, row.eligibility, row.latch) == (Rule.FORGOTTEN, "ineligible", Rule.FORGOTTEN)
    assert row.reason == "its number was deleted for good"
    leases = Leases(engine=desk.engine, policy=desk.policy, now=desk.services.clock.now)
    (item,) = leases.take()
    assert (item.call.version, item.call.decision.is_eligible, item.call.facts.latch) == (2, False, Rule.FORGOTTEN)


@pytest.mark.parametrize("kind", [Kind.DELAY, Kind.SURVEY])
def test_r2_what_its_workflow_orders_meanwhile_is_held_back(desk: Desk, erasure: Erasure, kind: Kind) -> None:
    """Also after a signal by hand, a START, and a record of CAD's that tells the number again."""
    an_open_call(desk)
    do(erasure)
    desk.phones.forget()
    acceptor(desk).accept(a_record(hours(2), reopened_at=(NOON + hours(2)).isoformat()))
    put(desk, inbound(desk, Keyword.START.value, NOON + hours(2)))
    outcome = desk.send(an_order(desk, kind))
    assert (outcome.rule, desk.phones.bodies(NUMBER)) == (Rule.FORGOTTEN, [])
    assert desk.row(an_order(desk, kind)).phone_hash is None
    assert rows_of(desk, CallRow)[0].phone_encrypted is None


def test_r3_a_claim_that_waited_for_the_erasure_writes_no_number(desk: Desk, erasure: Erasure) -> None:
    """It had read the call before, and waited for the number's lock."""
    acceptor(desk).accept(a_record())

    has_waited: list[str] = []

    def on_lock(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "pg_advisory_xact_lock" in statement and not has_waited:
            has_waited.append(statement)
            do(erasure)

    event.listen(desk.engine, "before_cursor_execute", on_lock)
    outcome = desk.send(an_order(desk))
    assert outcome.rule == Rule.FORGOTTEN
    assert desk.row(an_order(desk)).phone_hash is None
    assert desk.phones.bodies(NUMBER) == []


def test_a_call_that_was_corrected_to_another_persons_number_goes_on(desk: Desk, erasure: Erasure) -> None:
    acceptor(desk).accept(a_record())
    acceptor(desk).accept(CadRecord(feed="test", cad_id="1001", stamp=NOON + minutes(1), facts={}, phone=OTHER))
    assert do(erasure).calls == 0
    (row,) = rows_of(desk, CallRow)
    assert desk.keyring.decrypt(row.phone_encrypted) == OTHER
    assert set(row.phone_versions) == {desk.keyring.phone_hash(OTHER)}
    assert (row.latch, row.forgotten_real) == (None, None)


def test_nobody_else_is_touched(desk: Desk, erasure: Erasure) -> None:
    an_open_call(desk)
    other = CadRecord(feed="test", cad_id="2002", stamp=NOON, facts=RECEIVED, phone=OTHER)
    acceptor(desk).accept(other)
    put(desk, a_text(desk, phone_hash=desk.keyring.phone_hash(OTHER), body_encrypted="k:x"))
    others = [line for line in dumped(desk.engine).splitlines() if desk.keyring.phone_hash(OTHER) in line]
    do(erasure)
    assert len(others) == 2
    assert [line for line in others if line not in dumped(desk.engine)] == []


def test_r6_an_opt_out_stays_with_its_number_and_one_that_has_ended_goes(desk: Desk, erasure: Erasure) -> None:
    hash_, sender = desk.keyring.phone_hash(NUMBER), desk.agency.identity.sender
    with Session(desk.engine) as session, session.begin():
        say_stop(session, desk.keyring, NUMBER, sender=sender, now=NOON)
        say_start(session, phone_hash=hash_, sender=sender, now=NOON)
        session.flush()
        say_stop(session, desk.keyring, NUMBER, sender=sender, now=NOON)
    put(desk, BlockedNumberRow(phone_hash=hash_, phone_encrypted="", reason="lobby"))
    found = do(erasure)
    assert (found.list_entries, found.opt_outs_kept, found.blocks_kept) == (1, 1, 1)
    (kept,) = rows_of(desk, OptOutRow)
    assert desk.keyring.decrypt(kept.phone_encrypted) == NUMBER


def test_r6_a_stop_that_only_the_carrier_told_stays_and_loses_its_words(desk: Desk, erasure: Erasure) -> None:
    put(
        desk,
        a_text(desk, state="suppressed", error_code=OPTED_OUT, body_encrypted="k:x"),
        a_text(desk, state="delivered"),
    )
    found = do(erasure)
    assert (found.texts, found.refusals_kept) == (1, 1)
    kept = [row for row in rows_of(desk, TextRow) if row.phone_hash]
    assert [(row.error_code, row.body_encrypted) for row in kept] == [(OPTED_OUT, None)]


def test_r2_a_text_that_is_being_sent_is_in_doubt_for_good_and_not_sent_again(desk: Desk, erasure: Erasure) -> None:
    an_open_call(desk)
    change(desk, TextRow, state=LedgerState.SENDING, provider_sid=None)
    do(erasure)
    (row,) = rows_of(desk, TextRow)
    assert (row.state, row.reason) == (LedgerState.UNKNOWN, NO_LONGER_FOUND)
    desk.phones.forget()
    outcome = desk.send(an_order(desk))
    assert outcome.record is not None
    assert (outcome.record.state, desk.phones.bodies(NUMBER)) == (LedgerState.UNKNOWN, [])


def test_r7_its_survey_link_is_closed_and_what_was_typed_is_gone(desk: Desk, erasure: Erasure) -> None:
    an_open_call(desk)
    put(desk, a_link())
    (link,) = rows_of(desk, SurveyInvitationRow)
    put(desk, SurveyDraftRow(invitation_id=link.id, answers_encrypted="k:x", expires_at=NOON))
    assert do(erasure).survey_links == 1
    (link,) = rows_of(desk, SurveyInvitationRow)
    assert (link.token_hash, link.over, link.used, link.opened) == (None, True, False, False)
    assert rows_of(desk, SurveyDraftRow) == []


def test_r9_it_stands_in_the_audit_log_with_counts_and_without_the_number(desk: Desk, erasure: Erasure) -> None:
    an_open_call(desk)
    erased = erasure.erase(NUMBER, who=WHO, why=f"a letter from {NUMBER}")
    (entry,) = rows_of(desk, AuditEntryRow)
    assert (entry.act, entry.outcome, entry.about, entry.name) == ("erase_person", "allowed", erased.id, "ada")
    assert entry.detail["calls"] == 1
    assert entry.detail["why"] == "a letter from [number]"


class TestTheCommand:
    @pytest.fixture
    def settings(self, desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
        (key_id, key), *_ = desk.keyring.encryption.items()
        monkeypatch.setenv("DATABASE_URL", database_url)
        monkeypatch.setenv("COMMUNITYCONNECT_AGENCY", "agencies/ottawa")
        raw = base64.urlsafe_b64encode(key._signing_key + key._encryption_key).decode()  # the test's own key
        monkeypatch.setenv("COMMUNITYCONNECT_ENCRYPTION_KEYS", f"{key_id}:{raw}")
        monkeypatch.setenv("COMMUNITYCONNECT_LOOKUP_KEY", base64.urlsafe_b64encode(desk.keyring.lookup).decode())
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", desk.phones.account_sid)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", desk.phones.auth_token)
        monkeypatch.setenv("COMMUNITYCONNECT_TWILIO_ADDRESS", desk.phones.address)
        return Settings()

    def run(self, settings: Settings, typed: str, *, sure: bool, out: Path | None = None) -> tuple[bool, list[str]]:
        lines: list[str] = []
        done = erase(settings, io.StringIO(typed), by="ada", why="asked", sure=lambda: sure, out=out, say=lines.append)
        return done, lines

    def test_shows_first_and_does_nothing_unless_somebody_is_sure(self, desk: Desk, settings: Settings) -> None:
        an_open_call(desk)
        before = dumped(desk.engine)
        done, lines = self.run(settings, "613 555-0142\n", sure=False)
        assert not done
        assert lines[0] == "     1  calls lose the number for good"
        assert lines[-1] == "nothing was erased"
        assert dumped(desk.engine) == before

    def test_writes_a_certificate_and_deletes_the_messages_at_the_carrier(
        self, desk: Desk, settings: Settings, tmp_path: Path
    ) -> None:
        an_open_call(desk)
        (sent,) = rows_of(desk, TextRow)
        done, lines = self.run(settings, f"{NUMBER}\n", sure=True, out=tmp_path / "certificate.txt")
        assert done
        certificate = (tmp_path / "certificate.txt").read_text(encoding="utf-8")
        (entry,) = rows_of(desk, AuditEntryRow)
        assert certificate.startswith(f"Certificate of erasure {entry.about}\nottawa, ")
        assert "     1  calls lose the number for good" in certificate
        assert "they are cut from their calls" in certificate
        assert "0142" not in certificate + "".join(lines)
        if "1  messages were deleted at the carrier" in certificate:
            assert desk.phones.client().fetch(sent.provider_sid) is None
        else:
            assert f"delete them by their names: {sent.provider_sid}" in certificate

    @pytest.mark.parametrize(("typed", "says"), [("", "one number, please"), (f"{NUMBER}\n{OTHER}\n", "2 came")])
    def test_takes_one_number(self, settings: Settings, typed: str, says: str) -> None:
        with pytest.raises(SettingsError, match=says):
            self.run(settings, typed, sure=True)

    def test_of_a_number_that_nobody_knows_it_says_so(self, settings: Settings) -> None:
        assert self.run(settings, OTHER, sure=True) == (
            False,
            ["nothing is found by this number", "nothing was erased"],
        )
