"""The survey page by page: saved, resumed, gone with the submission; what is urgent; what never leaks (R3, R7)."""

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, update

from calls.clock import Clock
from database.encryption import Keyring, load_keyring, new_key
from database.surveys import SurveyDraftRow
from database.tables import SurveyInvitationRow
from policy.agency import Agency
from tests.log_lines import logged_lines
from tests.survey.month import with_members
from tests.web.answering import LAST, language_of, opened, read, sent, submitted
from tests.web.served import Residents, residents_site
from web.residents.agency import ResidentAgency


def step_of(page: str) -> str:
    found = re.search(r'<span aria-current="step">([^<]+)<', page)
    assert found
    return found.group(1)


def chosen(page: str) -> set[str]:
    """The options that are chosen, as `Q1=5`."""
    return {f"{name}={value}" for name, value in re.findall(r'name="(\w+)" value="(\w+)"[^>]* checked', page)}


def test_a_page_is_saved_when_it_is_sent_and_the_link_goes_on_with_the_next(residents: Residents) -> None:
    token = residents.invite(language="en")
    answer = sent(residents, token, {"Q1": "2", "Q3": "na"}, "?lang=en")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/s/{token}?step=2&lang=en")
    assert step_of(opened(residents, token).text) == "Step 2 of 4"
    first = opened(residents, token, "?step=1").text
    assert (step_of(first), chosen(first)) == ("Step 1 of 4", {"Q1=2", "Q3=na"})
    assert residents.held() == []


def test_the_draft_is_encrypted_tells_no_time_and_dies_with_its_link(residents: Residents) -> None:
    token = residents.invite()
    sent(residents, token, {"C1": "my words"}, step=LAST, go="back")
    (draft,), (invitation,) = residents.rows(SurveyDraftRow), residents.rows(SurveyInvitationRow)
    assert draft.expires_at == invitation.expires_at
    assert "my words" not in repr(draft)
    assert "my words" in residents.keyring.decrypt(draft.answers_encrypted)
    assert base64.urlsafe_b64decode(draft.answers_encrypted.partition(":")[2])[1:9] == bytes(8)


def test_where_members_hear_of_it_the_first_page_says_so_in_both_languages(
    engine: Engine, keyring: Keyring, agency: ResidentAgency, ottawa: Agency
) -> None:
    with residents_site(engine, keyring, replace(agency, survey=with_members(ottawa).survey)) as site:
        for language, says in (("en", "never with your call"), ("fr", "jamais avec votre appel")):
            assert says in opened(site, site.invite(language=language), f"?step=1&lang={language}").text
    with residents_site(engine, keyring, agency) as site:
        assert "never with your call" not in opened(site, site.invite(language="en"), "?step=1&lang=en").text


def test_going_back_keeps_what_was_typed_as_it_was_typed(residents: Residents) -> None:
    """Also a number that is masked once it is sent: nobody but its author has read it."""
    token = residents.invite(language="en")
    back = sent(residents, token, {"C1": "Call 613-555-0100 <b>", "Q10": ["drugs", "noise"]}, step=LAST, go="back")
    assert back.headers["Location"] == f"/s/{token}?step=2&lang=en"
    page = opened(residents, token, f"?step={LAST}").text
    assert "Call 613-555-0100 &lt;b&gt;</textarea>" in page
    assert chosen(page) == {"Q10=noise", "Q10=drugs", "S1=summaries"}
    sent(residents, token, {"C1": "Call 613-555-0100"}, step=LAST)
    assert residents.held()[0].comment == "Call [phone]"


def test_the_language_button_keeps_the_place_and_what_was_just_typed(residents: Residents) -> None:
    token = residents.invite(language="fr")
    sent(residents, token, {"Q1": "1"})
    answer = sent(residents, token, {"Q5": "4", "Q6": "no"}, "?lang=fr", step=2, switch="en")
    assert answer.headers["Location"] == f"/s/{token}?step=2&lang=en"
    for query in ("?step=2&lang=en", ""):  # also for who opens the link again: the last language was English
        page = opened(residents, token, query)
        assert (language_of(page), step_of(page.text)) == ("en", "Step 2 of 4")
        assert chosen(page.text) == {"Q5=4", "Q6=no"}
    assert residents.held() == []


def test_the_officers_page_is_skipped_forwards_and_back(residents: Residents) -> None:
    token = residents.invite(language="en")
    assert "step=4" in sent(residents, token, {"Q6": "no"}, step=2).headers["Location"]
    page = opened(residents, token)
    assert step_of(page.text) == "Step 3 of 3"
    assert "Send my answers" in page.text
    assert step_of(opened(residents, token, "?step=3").text) == "Step 2 of 4"
    assert "step=2" in sent(residents, token, {}, step=LAST, go="back").headers["Location"]
    assert "step=3" in sent(residents, token, {"Q6": "in_person"}, step=2).headers["Location"]


def test_a_page_that_another_device_has_closed_changes_nothing_when_it_is_sent(residents: Residents) -> None:
    token = residents.invite()
    sent(residents, token, {"Q4": "5", "Q6": "by_phone"}, step=2)
    sent(residents, token, {"Q4": "5", "Q6": "no"}, step=2)
    assert "step=4" in sent(residents, token, {"Q7": "1"}, step=3).headers["Location"]
    sent(residents, token, {}, step=LAST)
    assert residents.held()[0].answers == {"Q4": "5", "Q6": "no"}


def test_nothing_is_left_of_a_draft_once_the_survey_is_sent(residents: Residents) -> None:
    token = residents.invite()
    answers = {"Q1": "5", "Q6": "in_person", "Q8": "4", "C1": "Thanks", "S1": "yes"}
    assert submitted(residents, token, answers).headers["Location"].startswith("/thank-you?lang=")
    (held,) = residents.held()
    assert (held.answers, held.comment, held.may_share) == ({"Q1": "5", "Q6": "in_person", "Q8": "4"}, "Thanks", True)
    assert sent(residents, token, {"Q1": "1"}).status_code == 410
    assert residents.rows(SurveyDraftRow) == []


def test_no_draft_is_written_after_the_submission_whoever_is_faster(residents: Residents) -> None:
    for _ in range(5):
        token = residents.invite()
        with ThreadPoolExecutor(6) as threads:
            steps = [1, LAST, 2, LAST, 1, 2]
            for answer in threads.map(
                lambda step, token=token: sent(residents, token, {"Q10": "noise"}, step=step), steps
            ):
                assert answer.status_code in {303, 410}
    assert residents.rows(SurveyDraftRow) == []
    assert len(residents.held()) == 5


def test_a_link_that_expires_half_way_takes_nothing_more(
    engine: Engine, keyring: Keyring, agency: ResidentAgency
) -> None:
    with residents_site(engine, keyring, agency) as site:
        token = site.invite(valid_for=timedelta(days=14))
        sent(site, token, {"Q1": "5"})
    later = Clock(real_origin=datetime.now(UTC), virtual_origin=datetime.now(UTC) + timedelta(days=15))
    with residents_site(engine, keyring, agency, clock=later) as site:
        for answer in (opened(site, token), sent(site, token, {}, step=2), submitted(site, token, {"Q1": "1"})):
            assert answer.status_code == 404
            assert "Step" not in answer.text
        assert site.held() == []


def test_a_draft_that_cannot_be_read_any_more_begins_anew(
    residents: Residents, engine: Engine, keyring: Keyring, agency: ResidentAgency
) -> None:
    token = residents.invite(language="en")
    sent(residents, token, {"Q1": "5"})
    other = load_keyring(encryption_keys=f"k2:{new_key()}", lookup_key=new_key())
    ring = Keyring(encryption=other.encryption, lookup=keyring.lookup)
    with residents_site(engine, ring, agency) as site:
        page = opened(site, token)
        assert (page.status_code, step_of(page.text), chosen(page.text)) == (200, "Step 1 of 4", set())


def test_a_draft_of_an_earlier_version_counts_as_far_as_it_can(residents: Residents) -> None:
    token = residents.invite(language="en")
    sent(residents, token, {"Q1": "5"})
    with Session(residents.engine) as session, session.begin():
        body = '{"language": "en", "answers": {"Q1": ["11"], "Q2": ["4"], "Q77": ["1"]}}'
        values = {"answers_encrypted": residents.keyring.encrypt(body), "step": 9}
        session.execute(update(SurveyDraftRow).values(**values))
    assert step_of(opened(residents, token).text) == "Step 3 of 3"
    assert sent(residents, token, {}, step=LAST).status_code == 303
    assert residents.held()[0].answers == {"Q2": "4"}


@pytest.mark.parametrize("step", ["0", "-1", "99", "x", "²", "9" * 400, ""])
def test_a_step_that_there_is_not_is_no_mistake(residents: Residents, step: str) -> None:
    token = residents.invite(language="en")
    assert step_of(opened(residents, token, f"?step={step}").text).startswith("Step ")
    answer = residents.http.post(f"{residents.address}/s/{token}", data={"step": step, "Q1": "1"}, timeout=10)
    assert answer.status_code in {200, 422}


def test_the_promise_is_confidential_and_the_two_ways_to_complain_come_first(residents: Residents) -> None:
    token = residents.invite()
    for query, words in (
        (
            "?lang=en",
            ("confidential", "not monitored around the clock", "not a complaint form", "call taker", "by phone"),
        ),
        (
            "?lang=fr",
            ("confidentielles", "pas surveillé en tout temps", "pas un formulaire de plainte", "téléphoniste"),
        ),
    ):
        page = read(opened(residents, token, query))
        for part in (*words, "leca.ca", "613-236-1222"):
            assert 0 < page.index(part) < page.index('id="Q1"')
        last = read(opened(residents, token, f"{query}&step={LAST}"))
        reminder = "Not monitored around the clock. Emergency: 9-1-1." if "en" in query else "Urgence\u00a0: 9-1-1."
        assert 0 < last.index(reminder) < last.index("<textarea")


@pytest.mark.parametrize(
    ("lang", "comment"), [("en", "He is outside now and he has a knife"), ("fr", "Il est à ma porte avec un couteau")]
)
def test_a_comment_that_sounds_urgent_is_answered_with_9_1_1_at_once(
    residents: Residents, lang: str, comment: str
) -> None:
    token = residents.invite()
    page = sent(residents, token, {"C1": comment}, f"?lang={lang}", step=LAST)
    assert (page.status_code, language_of(page)) == (200, lang)
    for part in (
        "Is anyone in danger now? Call 9-1-1.",
        "Quelqu’un est en danger en ce moment? Composez le 9-1-1.",
        "Nobody is reading your comment at this moment.",
        "a person will look at your comment today",
        "une personne lira votre commentaire aujourd’hui",
        'href="tel:911"',
    ):
        assert part in read(page)
    assert "<title>" + ("Merci" if lang == "fr" else "Thank you") in page.text
    assert comment not in page.text
    assert [held.urgent for held in residents.held()] == [True]


def test_a_second_tap_does_not_hide_9_1_1(residents: Residents) -> None:
    token = residents.invite(language="en")
    sent(residents, token, {"C1": "he has a gun"}, step=LAST)
    page = sent(residents, token, {"C1": "he has a gun"}, step=LAST)
    assert page.status_code == 410
    assert "Is anyone in danger now? Call 9-1-1." in read(page)
    assert "This survey has been answered" in page.text
    assert "look at your comment today" not in page.text
    assert len(residents.held()) == 1


def test_a_mistake_does_not_hide_9_1_1(residents: Residents) -> None:
    token = residents.invite(language="en")
    long = "he has a gun " + "x" * 1000
    for answers in ({"C1": long}, {"C1": "he has a gun", "Q10": "spaceships"}):
        page = sent(residents, token, answers, step=LAST)
        assert page.status_code == 422
        for part in ("Is anyone in danger now? Call 9-1-1.", 'href="tel:911"', "Nothing is sent yet", answers["C1"]):
            assert part in read(page)
        assert "look at your comment today" not in page.text
    ordinary = sent(residents, token, {"C1": "x" * 1001}, step=LAST)
    assert "tel:911" not in ordinary.text
    sent(residents, token, {"Q10": "noise"}, step=LAST)
    used = sent(residents, token, {"C1": long}, step=LAST)
    assert (used.status_code, "Is anyone in danger now?" in used.text) == (410, True)


def test_r3_neither_token_nor_answer_is_in_a_log_a_column_or_an_address(residents: Residents) -> None:
    token = residents.invite(language="en")
    words = "purple elephants on the stairs"
    addresses: list[str] = []
    with logged_lines(service="web") as log:
        for step, answers, button in (
            (1, {"Q1": "1"}, {}),
            (2, {"Q6": "by_phone"}, {"switch": "fr"}),
            (2, {"Q6": "by_phone"}, {}),
            (LAST, {"C1": words}, {"go": "back"}),
            (LAST, {"C1": words + "x" * 1000}, {}),
            (LAST, {"C1": words, "Q10": "drugs"}, {}),
            (LAST, {"C1": words}, {}),
        ):
            answer = sent(residents, token, answers, step=step, **button)
            addresses.append(answer.headers.get("Location", ""))
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            opened(residents, token)
    allowed = re.compile(rf"|/s/{token}\?step=[1-4]&lang=(en|fr)|/thank-you\?lang=(en|fr)")
    assert [address for address in addresses if not allowed.fullmatch(address)] == []
    with residents.engine.connect() as connection:
        tables = connection.execute(text("SELECT relname FROM pg_stat_user_tables")).scalars().all()
        stored = [str(connection.execute(text(f'SELECT * FROM "{table}"')).all()) for table in tables]  # noqa: S608
    for place in (log.getvalue(), *stored):
        assert token not in place
        assert "elephants" not in place


def test_a_language_that_the_invitation_tells_is_one_of_ours(residents: Residents) -> None:
    token = residents.invite(language="en")
    with Session(residents.engine) as session, session.begin():
        session.execute(
            update(SurveyInvitationRow).values(language="tlh").where(col(SurveyInvitationRow.used).is_(False))
        )
    assert language_of(opened(residents, token, **{"Accept-Language": "fr"})) == "fr"
