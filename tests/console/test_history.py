"""R9: every text with what became of it and why; no number, no words, and a case number only for whom it concerns."""

import re

import pytest

from activities.stop_and_go import STOPPED_BY_STAFF
from calls.contracts import Kind, LedgerState
from tests.console.ledger import CASE, Ledger, long_ago
from tests.console.served import Served
from web.staff.access.roles import Role
from web.staff.all_texts import A_PAGE, RULES

_ROW = re.compile(r"<tr>\n(.*?)</tr>", re.DOTALL)
_DUE = re.compile(r'<time datetime="([^"]+)"')


def _rows(page: str) -> list[str]:
    return _ROW.findall(page.partition("<tbody>")[2])


@pytest.fixture
def ledger(site: Served) -> Ledger:
    return Ledger(site)


def test_every_text_is_there_with_what_became_of_it_and_why(site: Served, ledger: Ledger) -> None:
    ledger.of_every_kind()
    rows = _rows(site.staff(Role.OPERATOR).get("/texts").text)
    assert len(rows) == 11
    assert [word for word in ("Confirmation", "English", "delivered", ">2<") if word in rows[0]] == [
        "Confirmation",
        "English",
        "delivered",
        ">2<",
    ]
    assert f'<a href="/calls/ottawa-1">{CASE}</a>' in rows[0]
    assert "the phone could not be reached: off, or out of range (30003)" in rows[1]
    assert "asked for a survey lately" in rows[2]
    assert "no longer true or useful" in rows[3]
    assert "was switched off" in rows[4]
    assert "refused by the carrier; a landline (21614)" in rows[5]


@pytest.mark.parametrize(("language", "words"), [("en", "English and French"), ("fr", "anglais et français")])
def test_a_text_in_both_languages_is_in_the_list_and_can_be_asked_for(
    site: Served, ledger: Ledger, language: str, words: str
) -> None:
    """So is every text to somebody whose language nobody has told."""
    ledger.text(language="en+fr")
    ledger.text(language="en")
    staff = site.staff(Role.OPERATOR)
    staff.http.cookies.set("console_language", language)
    rows = _rows(staff.get("/texts").text)
    assert [words in row for row in rows] == [True, False]
    assert len(_rows(staff.get("/texts?language=en%2Bfr").text)) == 1


def test_the_list_speaks_french(site: Served, ledger: Ledger) -> None:
    ledger.of_every_kind()
    staff = site.staff(Role.OPERATOR)
    staff.http.cookies.set("console_language", "fr")
    page = staff.get("/texts").text
    for words in ("sondage envoyé récemment", "le téléphone était injoignable", "était désactivé", "non livré"):
        assert words in page
    assert "asked for a survey lately" not in page


def test_a_text_in_both_languages_is_listed_counted_and_asked_for(site: Served, ledger: Ledger) -> None:
    """Most texts are: nobody tells a caller's language until one is known."""
    ledger.text(language="en+fr")
    ledger.text(language="fr")
    staff = site.staff(Role.SUPERVISOR)
    for language, words in (("en", "English and French"), ("fr", "anglais et français")):
        staff.http.cookies.set("console_language", language)
        page = staff.get("/texts")
        assert page.status_code == 200
        assert sum(words in row for row in _rows(page.text)) == 1
    assert len(_rows(staff.get("/texts?language=en%2Bfr").text)) == 1
    assert len(staff.get("/texts.csv?language=en%2Bfr").text.splitlines()) == 2


def test_the_texts_of_a_call_that_was_stopped_for_good_are_asked_for_by_that(site: Served, ledger: Ledger) -> None:
    ledger.of_every_kind()
    ledger.text(call_id="ottawa-2", state=LedgerState.SUPPRESSED, rule=STOPPED_BY_STAFF)
    (row,) = _rows(site.staff(Role.SUPERVISOR).get("/texts?rule=stopped+by+staff").text)
    assert "stopped for good by staff" in row


def test_an_analyst_sees_no_case_number_and_no_call(site: Served, ledger: Ledger) -> None:
    ledger.of_every_kind()
    for path in ("/texts", "/texts.csv"):
        answer = site.staff(Role.ANALYST).get(path)
        assert answer.status_code == 200
        assert "30003" in answer.text
        assert CASE not in answer.text
        assert "ottawa-1" not in answer.text


def test_nobody_sees_a_number_or_the_words_here(site: Served, ledger: Ledger) -> None:
    ledger.of_every_kind()
    for path in ("/texts", "/texts.csv"):
        page = site.staff(Role.SUPERVISOR).get(path).text
        assert "555" not in page
        assert "fictional words" not in page
        assert site.keyring.phone_hash("+16135550142") not in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("state=undelivered", 1),
        ("kind=delay", 3),
        ("rule=one+survey", 1),
        ("rule=switched+off", 1),
        ("language=fr", 1),
        ("language=none", 4),
        ("error=any", 2),
        ("error=21614", 1),
        ("error=21614&state=failed&kind=delay&rule=refused+by+the+carrier&language=none", 1),
        ("kind=survey&state=delivered", 0),
        ("from=2020-01-01&to=2020-01-31", 0),
    ],
)
def test_the_list_shows_what_is_asked_for_and_nothing_else(
    site: Served, ledger: Ledger, asked: str, found: int
) -> None:
    ledger.of_every_kind()
    staff = site.staff(Role.SUPERVISOR)
    assert len(_rows(staff.get(f"/texts?{asked}").text)) == found
    assert len(staff.get(f"/texts.csv?{asked}").text.splitlines()) == 1 + found


@pytest.mark.parametrize(
    "asked",
    [
        "state=gone",
        "kind=x",
        "language=de",
        "rule=%00",
        "error=0",
        "error=1%20OR%201",
        "from=yesterday",
        "from=0001-01-01",
        "to=9999-12-31",
        "before=x~y",
        "before=2026-01-01T00:00:00~00000000-0000-0000-0000-000000000000",
    ],
)
def test_what_cannot_be_meant_is_refused_and_not_taken_for_another_question(site: Served, asked: str) -> None:
    assert site.staff(Role.SUPERVISOR).get(f"/texts?{asked}").status_code == 400


def test_at_first_the_last_seven_days_are_shown_and_an_empty_field_means_all(site: Served, ledger: Ledger) -> None:
    ledger.text(due_at=long_ago(400))
    ledger.text(due_at=long_ago(8))
    ledger.text()
    staff = site.staff(Role.OPERATOR)
    assert len(_rows(staff.get("/texts").text)) == 1
    assert len(_rows(staff.get("/texts?from=").text)) == 3
    assert len(_rows(staff.get(f"/texts?from={long_ago(10):%Y-%m-%d}").text)) == 2


def test_the_counts_are_of_the_selection_whichever_state_is_shown(site: Served, ledger: Ledger) -> None:
    ledger.of_every_kind()
    page = site.staff(Role.OPERATOR).get("/texts?kind=delay&state=failed").text
    counts = dict(re.findall(r"<a href=[^>]+>([^<]+) <strong>(\d+)</strong>", page))
    assert counts == {"all": "3", "not delivered": "1", "refused by the carrier": "1", "expired": "1"}


def test_whoever_turns_the_pages_sees_every_text_once_also_where_many_are_due_at_one_moment(
    site: Served, ledger: Ledger
) -> None:
    at_once = long_ago(1)
    for _ in range(A_PAGE + 20):
        ledger.text(due_at=at_once)
    for _ in range(A_PAGE):
        ledger.text()
    staff, path, seen, pages = site.staff(Role.OPERATOR), "/texts", 0, 0
    times: list[str] = []
    while path:
        page = staff.get(path).text
        rows = _rows(page)
        seen, pages = seen + len(rows), pages + 1
        times += [due[1] for row in rows if (due := _DUE.search(row))]
        older = re.search(r'href="([^"]*before=[^"]*)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert (seen, pages) == (2 * A_PAGE + 20, 3)
    assert times == sorted(times, reverse=True)


def test_every_rule_that_the_list_offers_has_words_of_its_own(site: Served) -> None:
    staff = site.staff(Role.OPERATOR)
    for language in ("en", "fr"):
        staff.http.cookies.set("console_language", language)
        options = dict(re.findall(r'<option value="([^"]+)">([^<]+)</option>', staff.get("/texts").text))
        assert set(RULES) <= set(options)
        if language == "fr":
            assert [rule for rule in RULES if options[rule] == rule] == []


def test_all_kinds_and_states_are_offered(site: Served) -> None:
    page = site.staff(Role.OPERATOR).get("/texts").text
    for value in (*Kind, *LedgerState):
        assert f'<option value="{value}">' in page
