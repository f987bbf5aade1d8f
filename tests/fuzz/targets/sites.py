"""The doors that are asked over HTTP, with a real database: CAD's push, Twilio's webhooks, pages, the console."""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final
from urllib.parse import quote
from uuid import UUID
from xml.etree import ElementTree as ET

from sqlalchemy import Connection, Engine, Row, text
from sqlmodel import Session, col, select

from calls.clock import REAL_TIME, Clock
from calls.contracts import Kind, LedgerState
from calls.facts import CallFacts, Untextable
from database.encryption import Keyring, load_keyring
from database.engine import connect
from database.surveys import HeldAnswerRow
from database.tables import InboundMessageRow, OptOutRow, SurveyInvitationRow, TextRow
from policy.agency import load_agency
from starter.accept import Acceptor
from starter.intake import Intakes
from starter.push.app import create_push_app
from starter.push.senders import KEY, SIGNATURE, TIME
from starter.push.senders import signature as push_signature
from starter.records import CadRecord
from survey.held import HeldAnswer
from tests.builders import NOON, minutes, some_facts
from tests.conftest import AGENCIES
from tests.fuzz.asgi import FORM, Answer, Asked, Site, asked_in, encoded, site_of
from tests.fuzz.door import NUMBER, SECRET, Database, Door, Target, says_nothing_personal
from tests.fuzz.markup import FOREIGN_WORDS, well_made
from tests.fuzz.targets.cad import eido_seeds, json_seeds
from tests.starter.eidos import with_eido
from tests.starter.pushing import SECRETS, SENDERS
from tests.web.raw_requests import signature
from tests.web.served import ACCOUNT, NO_HURRY, ORIGIN, OURS, TOKENS, north_bay
from tests.web.test_forged_webhooks import rank
from web.residents.app import create_residents_app
from web.staff.access.roles import Role
from web.staff.console.app import create_console_app

_KEY: Final = "f" * 43 + "="
"""Of tests only, always the same: an input means the same in every run."""
_TEXTS: Final = {UUID(int=1): LedgerState.SENDING, UUID(int=2): LedgerState.SENT, UUID(int=3): LedgerState.SUPPRESSED}
_INVITATION: Final = UUID(int=4)
_SAFE: Final = "/?=&%:;,@+$!*'()~-._"


def _keyring() -> Keyring:
    return load_keyring(encryption_keys=f"k1:{_KEY}", lookup_key=_KEY)


def _emptied(connection: Connection, *tables: str) -> None:
    connection.execute(text(";".join(f'DELETE FROM "{table}"' for table in tables)))  # noqa: S608 - our own names


def _said(answer: Answer) -> str:
    """The answer, which is no fault of ours; a page is well made, and a redirection leads nowhere else."""
    assert answer.status < 500, (answer.status, answer.text[:300])
    if answer.headers.get("content-type", "").startswith("text/html"):
        well_made(answer.text)
    to = answer.headers.get("location", "/")
    assert re.match(r"/(?![/\\])[!-~]*$", to), to
    return answer.text if "text" in answer.headers.get("content-type", "") else ""


# CAD pushes


@contextmanager
def push_door(database: Database) -> Iterator[Target]:
    """The first byte says which of the two addresses; the rest is the body."""
    agency = with_eido(load_agency(AGENCIES / "ottawa"))
    with database() as url:
        engine = connect(url)
        intakes = Intakes(engine=engine, keyring=_keyring(), agency=agency, now=lambda: NOON + minutes(60))
        with site_of(create_push_app(engine=engine, intakes=intakes, allowed=SENDERS)) as site:

            def target(given: bytes) -> None:
                with engine.begin() as connection:
                    _emptied(connection, "cad_record", "call", "rejected_record")
                path, body = ("/cad/v1/eido" if given[:1] == b"e" else "/cad/v1/calls"), given[1:]
                once = _pushed(site, path, body)
                kept = _kept(engine)
                again = _pushed(site, path, body)
                assert once.status == again.status
                assert _same_but_silent(kept, _kept(engine), is_rejected=once.status == 422), (
                    "the same a second time changes something (R4)"
                )
                if once.status in {202, 422}:
                    _answered_alike(json.loads(once.body), json.loads(again.body))
                _fits(engine)

            yield target
        engine.dispose()


def _pushed(site: Site, path: str, body: bytes) -> Answer:
    at = str(int(time.time()))
    signed = push_signature(SECRETS["cad.1"], method="POST", path=path, at=at, body=body)
    answer = site.ask(
        "POST", path, body=body, headers={KEY.lower(): "cad.1", TIME.lower(): at, SIGNATURE.lower(): signed}
    )
    assert answer.status in {202, 400, 413, 422}, (answer.status, answer.text[:300])
    return answer


def _answered_alike(once: Mapping[str, object], again: Mapping[str, object]) -> None:
    assert once["rejected"] == again["rejected"]
    assert again["taken"] == 0, "what is sent again is a repetition"


def _kept(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        calls = "SELECT call_id, facts, version, rule, eligibility, phone_hash FROM call ORDER BY call_id"
        return [
            *connection.execute(text(calls)).all(),
            connection.execute(text("SELECT count(*) FROM cad_record")).scalar(),
        ]


def _same_but_silent(before: Sequence[object], after: Sequence[object], *, is_rejected: bool) -> bool:
    """Nothing has changed; but another number, told again by a record that is rejected, may silence a call that has
    become known since (R1; docs/fuzzing.md)."""
    if before == after:
        return True
    pairs = list(zip(before[:-1], after[:-1], strict=True))
    return is_rejected and all(one == other or _is_silenced(one, other) for one, other in pairs)


def _is_silenced(before: object, after: object) -> bool:
    assert isinstance(before, Row)
    assert isinstance(after, Row)
    corrected = {"number_corrected_at": after.facts["number_corrected_at"]}
    silenced = before.facts | corrected | {"untextable": Untextable.UNREADABLE, "recipient_version": 0}
    return after.facts == silenced and after.phone_hash is None


def _fits(engine: Engine) -> None:
    """What stands there is what the code can read; what could not be read is kept, with a reason of one line."""
    with engine.connect() as connection:
        for facts, eligibility, latch in connection.execute(
            text("SELECT facts, eligibility, facts->>'latch' FROM call")
        ):
            CallFacts.model_validate(facts)
            assert latch is None or eligibility == "ineligible"
        for (body,) in connection.execute(text("SELECT body FROM cad_record")):
            CallFacts.model_validate({"agency": "ottawa", "cad_id": "1", **body})
        for (reason,) in connection.execute(text("SELECT reason FROM rejected_record")):
            assert reason.isprintable()
            says_nothing_personal(reason)


def push_seeds() -> Iterable[bytes]:
    yield from (b"c" + seed for seed in json_seeds())
    yield from (b"e" + seed for seed in eido_seeds())


# Residents: Twilio's webhooks and pages


@contextmanager
def _residents(database: Database) -> Iterator[tuple[Site, Engine, Keyring]]:
    keyring = _keyring()
    with database() as url:
        engine, of_webhooks = connect(url), connect(url)
        app = create_residents_app(
            engine=engine,
            webhook_engine=of_webhooks,
            keyring=keyring,
            agency=north_bay(),
            clock=REAL_TIME,
            origin=ORIGIN,
            twilio_auth_tokens=TOKENS,
            twilio_account_sid=ACCOUNT,
            now=count(step=3600).__next__,
            within=NO_HURRY,
        )
        with site_of(app) as site:
            yield site, engine, keyring
        engine.dispose()
        of_webhooks.dispose()


@contextmanager
def twilio_door(database: Database) -> Iterator[Target]:
    """Each request is signed as Twilio would; then all of them come a second time, and a third.

    A report that names no text of ours may find one by its message's id the second time: the third changes nothing.
    """
    with _residents(database) as (site, engine, keyring):

        def target(given: bytes) -> None:
            _some_texts(engine, keyring)
            asked = asked_in(given, most=4)
            before = _ranks(engine)
            answers = [(one, _as_twilio(site, one)) for one in asked]
            after = _ranks(engine)
            assert all(after[id_] >= known for id_, known in before.items()), "a text moved back (R2)"
            _stop_is_obeyed(engine, keyring, answers)
            kept = _inbound(engine)
            again = [_as_twilio(site, one) for one in asked]
            assert [answer for answer in again if b"<Message" in answer.body] == [], "answered a second time (R2)"
            assert _inbound(engine) == kept
            told_twice = _ranks(engine)
            assert all(told_twice[id_] >= known for id_, known in after.items()), "a text moved back (R2)"
            for one in asked:
                _as_twilio(site, one)
            assert _ranks(engine) == told_twice

        yield target


def _some_texts(engine: Engine, keyring: Keyring) -> None:
    now = datetime.now(UTC)
    with Session(engine) as session, session.begin():
        _emptied(session.connection(), "inbound_message", "opt_out", "text", "stray_message")
        for text_id, state in _TEXTS.items():
            session.add(
                TextRow(
                    id=text_id,
                    call_id=f"ottawa-{text_id.int}",
                    kind=Kind.CONFIRMATION,
                    state=state,
                    policy_version="1",
                    phone_hash=keyring.phone_hash(NUMBER),
                    provider_sid="SM" + "2" * 32 if state is LedgerState.SENT else None,
                    due_at=now,
                    expires_at=now + timedelta(hours=1),
                )
            )


def _as_twilio(site: Site, asked: Asked) -> Answer:
    target = f"/twilio/{quote(asked.where, safe=_SAFE)}"
    signed = signature(ORIGIN + target, asked.fields)
    answer = site.ask("POST", target, body=encoded(asked.fields), headers={**FORM, "x-twilio-signature": signed})
    assert answer.status in {200, 204, 400, 403, 404, 405, 413}, (answer.status, answer.text[:300])
    if answer.status == 200:
        ET.fromstring(answer.text)  # noqa: S314 - our own
    return answer


def _stop_is_obeyed(engine: Engine, keyring: Keyring, answers: Sequence[tuple[Asked, Answer]]) -> None:
    """R6: where the last that came from the number is STOP, nothing goes out any more. No two messages have one id."""
    taken = [one.fields_by_name for one, answer in answers if one.where == "inbound" and answer.status == 200]
    came = [one for one in taken if one.get("From") == NUMBER]
    sids = [one.get("MessageSid") for one in taken]
    if (
        not came
        or came[-1].get("Body") not in {"STOP", "ARRET"}
        or came[-1].get("OptOutType")
        or len(set(sids)) < len(sids)
    ):
        return
    with Session(engine) as session:
        stopped = session.exec(select(OptOutRow).where(col(OptOutRow.ended_at).is_(None))).all()
        assert keyring.phone_hash(NUMBER) in {row.phone_hash for row in stopped}, came


def _ranks(engine: Engine) -> dict[UUID, int]:
    with Session(engine) as session:
        return {row.id: rank(row.state) for row in session.exec(select(TextRow)).all()}


def _inbound(engine: Engine) -> list[object]:
    with Session(engine) as session:
        return [
            *sorted((row.provider_sid, row.keyword) for row in session.exec(select(InboundMessageRow)).all()),
            *sorted((row.phone_hash, str(row.ended_at)) for row in session.exec(select(OptOutRow)).all()),
            len(session.exec(select(TextRow)).all()),
        ]


def twilio_seeds() -> Iterable[bytes]:
    def came(body: str, sid: str = "1", **more: str) -> str:
        fields = {
            "MessageSid": f"SM{sid * 32}",
            "AccountSid": ACCOUNT,
            "From": NUMBER,
            "To": OURS,
            "Body": body,
            **more,
        }
        return "inbound\n" + "\n".join(f"{name}={value}" for name, value in fields.items())

    def told(number: int, status: str, sid: str = "1", **more: str) -> str:
        fields = {"MessageSid": f"SM{sid * 32}", "MessageStatus": status, "AccountSid": ACCOUNT, "To": NUMBER, **more}
        return f"status?mid={UUID(int=number)}\n" + "\n".join(f"{name}={value}" for name, value in fields.items())

    yield "\n\n".join([came("STOP"), came("START", "2"), came(f"{SECRET}, merci", "3"), came("ARRET", "4")]).encode()
    yield "\n\n".join(
        [came("wrong number, stop"), came("mauvais numéro", "2"), came("HELP", "3", OptOutType="HELP")]
    ).encode()
    yield "\n\n".join([came("STOP", OptOutType="STOP"), came("UNSTOP", "2", OptOutType="START")]).encode()
    yield "\n\n".join([told(1, "delivered"), told(1, "sent"), told(2, "failed", "2", ErrorCode="30003")]).encode()
    yield "\n\n".join([told(9, "delivered"), told(3, "delivered", "3"), told(1, "teleported", "2")]).encode()
    yield f"voice\nCallSid=CA{'1' * 32}\nFrom={NUMBER}\nTo={OURS}\nFromZip=".encode()
    yield "\n\n".join([came("a\\nb", From="anonymous"), came("26-104233 ?", "2", From="12345", NumMedia="3")]).encode()


@contextmanager
def pages_door(database: Database) -> Iterator[Target]:
    """`TOKEN` stands for the link's own; a request without a field is GET."""
    with _residents(database) as (site, engine, keyring):
        token = keyring.survey_token(str(_INVITATION))

        def target(given: bytes) -> None:
            _an_invitation(engine, keyring.token_hash(token))
            for one in asked_in(given, most=5):
                _visited(site, one, token)
            _used_once(site, engine, keyring, token)

        yield target


def _an_invitation(engine: Engine, token_hash: str) -> None:
    with Session(engine) as session, session.begin():
        _emptied(
            session.connection(), "survey_draft", "survey_held", "member_held", "survey_count", "survey_invitation"
        )
        session.add(
            SurveyInvitationRow(
                id=_INVITATION,
                call_id="north-bay-1",
                token_hash=token_hash,
                language=None,
                survey_version="1",
                expires_at=datetime.now(UTC) + timedelta(days=14),
            )
        )


def _visited(site: Site, asked: Asked, token: str) -> None:
    target = "/" + quote(asked.where.replace("TOKEN", token), safe=_SAFE)
    if target.startswith(("/twilio", "/static")):
        return
    if asked.fields:
        answer = site.ask("POST", target, body=encoded(asked.fields), headers=FORM)
    else:
        answer = site.ask("GET", target, headers={"accept-language": "fr;q=0.9, en"})
    _said(answer)


def _used_once(site: Site, engine: Engine, keyring: Keyring, token: str) -> None:
    """R7, and one survey a call: what is held fits, and its link is used up."""
    with Session(engine) as session:
        held = [keyring.decrypt(row.body_encrypted) for row in session.exec(select(HeldAnswerRow)).all()]
        used = session.exec(select(SurveyInvitationRow)).one().used
    assert len(held) == int(used)
    for body in held:
        answered = HeldAnswer.model_validate_json(body)
        assert set(answered.answers) <= {question.id for question in north_bay().survey.questions}
    again = site.ask("GET", f"/s/{token}?step=1")
    assert again.status == (410 if used else 200), again.status


def pages_seeds() -> Iterable[bytes]:
    survey = north_bay().survey
    steps = [list(one.questions) for one in survey.steps] or [[one.id for one in survey.questions]]
    pages = []
    for number, ids in enumerate(steps, start=1):
        questions = [question for question in survey.questions if question.id in ids]
        given = [f"{one.id}={one.options[0].id if one.options else SECRET}" for one in questions]
        pages.append("\n".join(["s/TOKEN?lang=en", f"step={number}", *given, "go=on"]))
    yield "\n\n".join(pages[-5:]).encode()
    yield "\n\n".join([*pages[:1], pages[0].replace("go=on", "go=back"), pages[-1]]).encode()
    yield f"s/TOKEN\n\ns/TOKEN?step={len(steps)}&lang=fr\n\ns/none\n\nS/TOKEN).\n\nthank-you?lang=en".encode()
    yield pages[-1].replace(SECRET, f"<zq> {SECRET}, I am going to kill myself").encode()
    yield pages[0].replace("go=on", "switch=fr").encode() + b"\n\n" + pages[-1].replace("=", "=\x01").encode()
    yield b"was-it-you\ncode=7K3M9X\n\ncetait-vous\ncode=code: 7k3m9x\n\n?lang=fr\n\nwas-it-you\ncode=613-555-0142"


# The console


@contextmanager
def console_door(database: Database) -> Iterator[Target]:
    """The first line says whose session it is. A request without a field is GET; forms get their token."""
    agency, keyring = load_agency(AGENCIES / "ottawa"), _keyring()
    with database() as url:
        engine = connect(url)
        clock = Clock(real_origin=datetime.now(UTC), virtual_origin=NOON + minutes(30))
        app = create_console_app(
            engine=engine, keyring=keyring, agency=agency, clock=clock, origin=ORIGIN, local_password="p"
        )
        acceptor = Acceptor(engine=engine, keyring=keyring, agency="ottawa", policy=agency.policy, now=clock.now)
        for cad_id, group in (("1001", "noise"), ("1002", "assault")):
            known = some_facts(cad_id=cad_id, case_number=f"26-{cad_id}", call_type_group=group, area="Somerset")
            ours = {"agency", "cad_id", "in_progress", "recipient_version", "held", "latch"}
            told = {k: v for k, v in known.model_dump(mode="json").items() if v not in (None, False) and k not in ours}
            acceptor.accept(CadRecord(feed="push", cad_id=cad_id, stamp=NOON, facts=told, phone=NUMBER))
        with site_of(app) as site:
            seats = {role.value: _signed_in(site, role) for role in Role}

            def target(given: bytes) -> None:
                with engine.begin() as connection:
                    _emptied(connection, "blocked_number", "opt_out", "switch", "caller_language", "issue_step")
                whose, _, rest = given.partition(b"\n")
                cookie, token = seats.get(whose.decode("ascii", "ignore"), seats[Role.SUPERVISOR.value])
                for one in asked_in(rest, most=3):
                    _worked(site, one, cookie, token)

            yield target
        engine.dispose()


def _signed_in(site: Site, role: Role) -> tuple[str, str]:
    """The session's cookie, and the token of its forms."""
    fields = [("account", role.value), ("password", "p"), ("back", "/")]
    answer = site.ask("POST", "/sign-in", body=encoded(fields), headers=FORM)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    page = site.ask("GET", "/audit-or-any-page", headers={"cookie": cookie}).text
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
    assert found is not None
    return cookie, found[1]


def _worked(site: Site, asked: Asked, cookie: str, token: str) -> None:
    target = "/" + quote(asked.where, safe=_SAFE)
    if target.startswith(("/static", "/sign-")):  # nobody is to be locked out
        return
    if asked.fields:
        body = encoded([("form_token", token), *asked.fields])
        answer = site.ask("POST", target, body=body, headers={**FORM, "cookie": cookie})
    else:
        answer = site.ask("GET", target, headers={"cookie": cookie})
    _said(answer)


def console_seeds() -> Iterable[bytes]:
    call, blocked, opt_outs = "calls/ottawa-1001", "numbers/blocked", "numbers/opt-outs"
    number, why = f"number={NUMBER}", "why=an exercise"
    yield _visits("operator", "find\nwanted=26-1001", f"find\nwanted={NUMBER}", call)
    yield _visits("operator", f"{call}/hold\n{why}", f"{call}/release\n{why}", f"{call}?said=held")
    yield _visits("operator", f"{call}/stop\n{why}", f"{call}/language\nlanguage=fr", f"{call}/block\nwhy=<zq>")
    yield _visits(
        "operator", f"{opt_outs}\n{number}\nasked=by telephone\n{why}", f"{opt_outs}?before=9", f"{opt_outs}/1"
    )
    yield _visits("supervisor", f"{blocked}\n{number}\n{why}\nuntil=2026-02-01", blocked, f"numbers/find\n{number}")
    yield _visits("supervisor", f"service/stop/everything\n{why}\nuntil=", f"service/start/everything\n{why}")
    yield _visits("supervisor", "service/mode\nmode=pilot\nphones=613-555-0143\nwhy=x", "service/history?before=5")
    yield _visits("supervisor", "texts?from=2026-01-15&to=2026-01-16&kind=delay&type=noise&state=sent&rule=x&before=3")
    yield _visits("supervisor", "texts.csv?from=2026-01-15", "texts", "service", "attention")
    yield _visits("analyst", "insights?from=2026-01&to=2026-02&area=Bay", "insights.csv?by=area")
    yield _visits(
        "analyst", "insights/charts/satisfaction?theme=dark", "insights/topics", "insights/reach?month=2026-01"
    )
    yield _visits("analyst", "report/2026-01", "report/2026-01.csv", "issues/brief/Bay")
    yield _visits(
        "analyst", "issues?state=open&area=Bay&group=noise&first=2026-01-01&last=2026-02-01&before=1", "thresholds"
    )
    yield _visits("reviewer", "comments?state=urgent&language=fr&said=x", "comments/seen\nid=1")
    yield _visits("reviewer", "comments/one/1\ndecision=share\nmask=1\ntopic=wait", "comments/shared?month=2026-01")
    yield _visits("administrator", "audit?who=local%3Aoperator&act=hold_call&about=ottawa-1001&before=9")
    yield _visits("supervisor", "open-data/2026-1?said=x", "open-data/2026-1/decision\ndecision=approve\nwhy=x")
    yield _visits(
        "operator", "language/fr?back=/calls", "theme/dark?back=//evil.example.org", "issues/1/steps\ndone=called"
    )


def _visits(role: str, *asked: str) -> bytes:
    return (f"{role}\n" + "\n\n".join(asked)).encode()


SITES: Final = (
    Door(
        name="push",
        what="`POST /cad/v1/calls` and `/cad/v1/eido`, signed, with the database behind them",
        held="202, 400, 413 or 422; R4: the same a second time changes nothing where all of it was taken; "
        "what is stored can be read again, and "
        "what is latched is not eligible; R3: no number in a reason or in the log",
        open=push_door,
        seeds=push_seeds,
        words=(
            '"in_progress"',
            '"cad_id"',
            '"event"',
            '"phone"',
            '"records"',
            "ASSAULT",
            "\\u0000",
            "1e999",
            "2199-12-31T23:59:59Z",
        ),
        besides=("tests/starter/test_push_schema.py",),
        seconds=3,
    ),
    Door(
        name="twilio",
        what="Twilio's webhooks, rightly signed, whatever stands in them: up to four, and all of them a second and a "
        "third time",
        held="no 5xx; TwiML is XML; R2: nothing is answered twice, no text moves back; R6: after STOP the number is "
        "stopped; R3: neither number nor words in the log",
        open=twilio_door,
        seeds=twilio_seeds,
        words=(
            "STOP",
            "ARRET",
            "START",
            "inbound\n",
            "voice\n",
            "OptOutType=",
            "ErrorCode=",
            "Body=",
            "\\n",
            "😀",
            "whatsapp:",
            "\n\n",
        ),
        besides=("tests/web/test_forged_webhooks.py", "tests/web/test_inbound_texts.py"),
        seconds=3,
    ),
    Door(
        name="pages",
        what="residents' pages: the survey (a valid link and others), was it you",
        held="no 5xx; pages are well made and nothing typed becomes a part of them; a link is used once, what is held "
        "fits the survey (R7); R3: no word of a comment in the log",
        open=pages_door,
        seeds=pages_seeds,
        words=("s/TOKEN", "?step=", "&lang=fr", "go=back", "switch=fr", "was-it-you\n", "code=", *FOREIGN_WORDS),
        besides=("tests/web/test_survey_pages.py", "tests/web/test_was_it_you.py"),
        seconds=3,
    ),
    Door(
        name="console",
        what="the console's forms, searches and addresses, by each role",
        held="no 5xx; pages are well made and nothing typed becomes a part of them; no redirection to elsewhere; R3",
        open=console_door,
        seeds=console_seeds,
        words=(
            "operator\n",
            "supervisor\n",
            "why=",
            "before=",
            "99999999999999999999",
            "2026-02-30",
            "ottawa-1001",
            *FOREIGN_WORDS,
        ),
        besides=("tests/console/test_odd_requests.py",),
        seconds=5,
    ),
)
