"""The page that a doubtful resident finds without any link, and the code that a text shows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import requests
from cryptography.fernet import Fernet
from sqlalchemy import Engine, event

from calls.contracts import LedgerState
from database.encryption import Keyring, new_key
from database.tables import TextRow
from tests.web.served import Residents, north_bay, residents_site

YES = "Yes, this code is from a text that we sent."
UNKNOWN = "We do not know this code. It may be mistyped, or not from us."
NUMBER = "This looks like a case number or a phone number."
NOT_A_CODE = [
    *("99-778866", "99778866", "case 99-778866", "OPS-2026-778866", "778866"),
    *(
        "613-555-0142",
        "+1 (613) 555-0142",
        "6135550142",
        "\uff16\uff11\uff13\uff15\uff15\uff15\uff10\uff11\uff14\uff12",
    ),
]


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def site(engine: Engine, keyring: Keyring, clock: Hand) -> Iterator[Residents]:
    with residents_site(engine, keyring, north_bay(), proxies="127.0.0.1", now=clock) as site:
        yield site


def typed(site: Residents, code: str, *, path: str = "/was-it-you", of: str = "198.51.100.7") -> requests.Response:
    return site.http.post(site.address + path, data={"code": code}, headers={"X-Forwarded-For": of}, timeout=10)


def said(answer: requests.Response) -> str:
    plain = answer.text.replace('<span class="whole">', "").replace("</span>", "")
    found = re.search(r'id="said"[^>]*><p>(?:<strong>.*?</strong> )?(.*?)</p>', plain)
    return "" if found is None else found.group(1)


def wrong_code(number: int) -> str:
    """One that no text has, as far as it matters: 729 million are possible."""
    return f"X{number:05}"


def test_a_code_of_ours_is_known_and_nothing_else_is_told(site: Residents) -> None:
    code = site.add_coded_text(kind="survey")
    other = site.add_coded_text(kind="confirmation", call_id="northbay-9")
    assert said(typed(site, code)) == YES
    assert said(typed(site, code, path="/cetait-vous")) == "Oui, ce code vient d’un texto que nous avons envoyé."
    one, two = typed(site, code).text, typed(site, other).text
    assert one.replace(code, "") == two.replace(other, "")  # neither kind nor call nor time is in it


def test_a_code_is_read_as_people_write_it(site: Residents) -> None:
    code = site.add_coded_text()
    while not set("01V") & set(code):
        code = site.add_coded_text()
    misread = code.replace("0", "O").replace("1", "l").replace("V", "u")
    for written in (code.lower(), f" {code[:3]} {code[3:]} ", f"{code[:3]}-{code[3:]}", f"Code: {code}.", misread):
        assert said(typed(site, written)) == YES, written


def test_an_unknown_code_says_what_to_do_in_both_languages(site: Residents) -> None:
    answer = typed(site, "7K3M9X")
    assert (answer.status_code, said(answer)) == (200, f"{UNKNOWN} Do not tap the link in the text. Call 705-555-0101.")
    french = said(typed(site, "7K3M9X", path="/cetait-vous"))
    assert french.startswith("Nous ne connaissons pas ce code. Il est peut-être mal recopié, ou ne vient pas de nous.")
    assert french.endswith("N’ouvrez pas le lien du texto. Composez le 705-555-0101.")


@pytest.mark.parametrize("number", NOT_A_CODE)
def test_what_looks_like_a_number_is_neither_looked_up_nor_shown_again_nor_a_try(site: Residents, number: str) -> None:
    site.add_coded_text(call_id="ottawa-1")
    with asked_of(site.engine) as statements:
        answer = typed(site, number)
    assert (answer.status_code, statements) == (422, [])
    assert said(answer).startswith(NUMBER)
    assert 'name="code" value=""' in answer.text
    assert number not in answer.text
    for _ in range(30):
        assert typed(site, number).status_code == 422


@pytest.mark.parametrize("nothing", ["", "   ", "\u00a0"])
def test_nothing_typed_is_said_in_words(site: Residents, nothing: str) -> None:
    answer = typed(site, nothing)
    assert (answer.status_code, said(answer)) == (422, "Please type the code first.")
    assert "<title>Error:" in answer.text


@pytest.mark.parametrize("nonsense", ["7K3M9", "7K3M9X2", "<b>", "\0" * 9, "é" * 5000, "hello", "AEAEAE"])
def test_what_cannot_be_a_code_is_unknown_without_a_question_to_the_database(site: Residents, nonsense: str) -> None:
    with asked_of(site.engine) as statements:
        answer = typed(site, nonsense)
    assert (answer.status_code, said(answer)[: len(UNKNOWN)], statements) == (200, UNKNOWN, [])


@pytest.mark.parametrize(
    ("values", "is_known"),
    [
        ({"state": LedgerState.SENDING}, True),
        ({"state": LedgerState.UNKNOWN}, True),
        ({"state": LedgerState.SENT}, True),
        ({"state": LedgerState.CLAIMED, "first_sending_real": None}, False),
        ({"state": LedgerState.FAILED}, False),
        ({"state": LedgerState.SUPPRESSED}, False),
        ({"state": LedgerState.EXPIRED}, False),
        ({"first_sending_real": datetime.now(UTC) - timedelta(days=59)}, True),
        ({"first_sending_real": datetime.now(UTC) - timedelta(days=61)}, False),
    ],
)
def test_only_texts_that_may_be_on_a_phone_are_known_and_for_sixty_days(
    site: Residents, values: dict[str, object], is_known: bool
) -> None:
    assert said(typed(site, site.add_coded_text(**values))).startswith(YES if is_known else UNKNOWN)


def test_a_known_and_an_unknown_code_take_the_same_way(site: Residents) -> None:
    code = site.add_coded_text()
    ways: list[Sequence[str]] = []
    for one in (code, "7K3M9X"):
        with asked_of(site.engine) as statements:
            typed(site, one)
        ways.append(statements)
    assert ways[0] == ways[1] != []


def test_no_code_is_ever_in_an_address(site: Residents) -> None:
    code = site.add_coded_text()
    for path in ("/", "/was-it-you"):
        answer = site.http.get(f"{site.address}{path}?code={code}", timeout=10)
        assert said(answer) == ""
        assert code not in answer.text + answer.url.partition("?lang")[2]
    page = typed(site, code).text
    assert re.findall(r'method="(\w+)"', page) == ["post", "post"]  # the language's button, and the form
    assert not re.search(rf'(?:href|action)="[^"]*{code}', page)


def test_the_answer_can_be_had_in_the_other_language(site: Residents) -> None:
    page = typed(site, site.add_coded_text()).text
    found = re.search(r'action="(/cetait-vous)">\s*<input type="hidden" name="code" value="(\w{6})">', page)
    assert found
    assert said(typed(site, found.group(2), path=found.group(1))).startswith("Oui")


def test_short_addresses_lead_to_the_page_in_their_language(residents: Residents) -> None:
    for path, language in (("/was-it-you", "en"), ("/cetait-vous", "fr"), ("/was-it-you?lang=fr", "fr")):
        page = residents.http.get(residents.address + path, headers={"Accept-Language": "de"}, timeout=10)
        assert (page.url, page.status_code) == (f"{residents.address}/?lang={language}", 200)


def test_a_service_whose_texts_show_no_codes_asks_for_none(residents: Residents) -> None:
    code = residents.add_coded_text()
    for language in ("en", "fr"):
        page = residents.http.get(f"{residents.address}/?lang={language}", timeout=10).text
        assert "<form" not in page
        assert "7726" in page
        assert "code" not in re.sub(r"<head>.*?</head>", "", page, flags=re.DOTALL).lower()
    assert typed(residents, code).status_code == 404


def test_wrong_codes_are_limited_for_one_and_the_page_says_when_to_come_again(site: Residents, clock: Hand) -> None:
    code = site.add_coded_text()
    for number in range(100):
        assert typed(site, wrong_code(number)).status_code == 200
    answer = typed(site, wrong_code(100))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    for part in ("Please try again in a few minutes", "Veuillez réessayer", "705-555-0101", "Emergency? Call"):
        assert part in answer.text.replace('<span class="whole">', "").replace("</span>", "")
    assert typed(site, code).status_code == 429  # else it would tell that this one is right
    assert said(typed(site, code, of="198.51.100.8")) == YES
    clock.at += 60
    assert said(typed(site, code)) == YES


def test_an_honest_resident_behind_a_busy_address_of_a_mobile_network_is_not_refused(
    site: Residents, clock: Hand
) -> None:
    """Fifty of them mistype in an hour, more than twice as many as in all of Ottawa in its busiest; and somebody sends
    them fakes, all with one code."""
    for number in range(100):
        assert typed(site, wrong_code(number)).status_code == 200
        clock.at += 36
        assert said(typed(site, "7K3M9X")).startswith(UNKNOWN)
        clock.at += 36
        assert said(typed(site, site.add_coded_text())) == YES


def test_an_unknown_code_again_is_no_second_try(site: Residents, clock: Hand) -> None:
    """In the other language, from another phone, or for whoever was refused meanwhile. After an hour it is one."""
    assert said(typed(site, "7K3M9X")).startswith(UNKNOWN)
    for number in range(99):
        assert typed(site, wrong_code(number)).status_code == 200
    assert typed(site, wrong_code(99)).status_code == 429
    for _ in range(3):
        assert said(typed(site, "7k3m9x")).startswith(UNKNOWN)
        assert typed(site, "7K3M9X", path="/cetait-vous").status_code == 200
    clock.at += 3601
    for number in range(100, 160):
        assert typed(site, wrong_code(number)).status_code == 200
    assert typed(site, "7K3M9X").status_code == 429


def test_past_the_limit_a_code_that_others_were_told_is_ours_is_refused_like_any(site: Residents) -> None:
    """Else whoever guesses could go on among those for ever."""
    code = site.add_coded_text()
    assert said(typed(site, code)) == YES
    for number in range(100):
        typed(site, wrong_code(number))
    assert typed(site, code).status_code == 429


def test_a_code_that_was_unknown_a_moment_ago_is_known_once_its_text_is_out(site: Residents) -> None:
    text_id = uuid4()
    code = site.keyring.text_code(str(text_id))
    assert said(typed(site, code)).startswith(UNKNOWN)
    site.add_text(
        id=text_id,
        code_hash=site.keyring.code_hash(code),
        state=LedgerState.DELIVERED,
        first_sending_real=datetime.now(UTC),
    )
    assert said(typed(site, code)) == YES


def test_right_codes_are_not_limited(site: Residents) -> None:
    code = site.add_coded_text()
    assert {typed(site, code).status_code for _ in range(30)} == {200}


def test_wrong_codes_are_limited_for_all_together(site: Residents, clock: Hand) -> None:
    statuses = [typed(site, wrong_code(n), of=f"198.51.100.{n // 50}").status_code for n in range(1001)]
    assert statuses == [200] * 1000 + [429]
    clock.at += 12
    assert typed(site, wrong_code(1001), of="203.0.113.1").status_code == 200
    assert typed(site, wrong_code(1002), of="203.0.113.2").status_code == 429


def test_guesses_of_links_are_limited_and_a_valid_link_never_is(site: Residents, clock: Hand) -> None:
    token = site.invite()

    def opened(token: str, method: str = "GET", of: str = "198.51.100.7") -> requests.Response:
        return site.http.request(method, f"{site.address}/s/{token}", headers={"X-Forwarded-For": of}, timeout=10)

    guesses = [opened(f"{number:012}", ("GET", "HEAD", "POST")[number % 3]) for number in range(21)]
    assert [answer.status_code for answer in guesses] == [404] * 20 + [429]
    assert guesses[-1].headers["Retry-After"] == "30"
    for header in ("Content-Security-Policy", "Referrer-Policy", "X-Robots-Tag"):
        assert header in guesses[-1].headers
    assert {opened(f"{token}?step=1").status_code for _ in range(50)} == {200}
    answer = site.http.post(f"{site.address}/s/{token}", data={"Q1": "4"}, timeout=10, allow_redirects=False)
    assert answer.status_code == 303
    assert opened("0" * 12, of="198.51.100.8").status_code == 404
    clock.at += 30
    assert opened("0" * 12).status_code == 404


def test_links_and_codes_are_known_after_the_encryption_key_was_changed(
    engine: Engine, site: Residents, keyring: Keyring
) -> None:
    token, code = site.invite(), site.add_coded_text()
    later = replace(keyring, encryption={"new": Fernet(new_key()), **keyring.encryption})
    alone = replace(keyring, encryption={"newer": Fernet(new_key())})  # and once the old one is gone
    for keys in (later, alone):
        with residents_site(engine, keys, north_bay()) as changed:
            assert changed.http.get(f"{changed.address}/s/{token}", timeout=10).status_code == 200
            assert said(typed(changed, code)) == YES


def test_twilio_is_not_limited_by_us(site: Residents) -> None:
    for number in range(30):
        typed(site, wrong_code(number))
        site.http.get(f"{site.address}/s/{number:012}", timeout=10)
    assert site.text("hello").status_code == 200


def test_r3_what_was_typed_and_who_typed_it_is_nowhere_afterwards(
    site: Residents, capfd: pytest.CaptureFixture[str]
) -> None:
    code = site.add_coded_text()
    before = site.rows(TextRow)
    for secret in (code, "7K3M9X", "26-104233", "613-555-0142"):
        typed(site, secret, of="198.51.100.77")
    assert site.rows(TextRow) == before
    out = "".join(capfd.readouterr())
    assert not [secret for secret in (code, "7K3M9X", "104233", "555-0142", "198.51.100") if secret in out]


class asked_of:  # noqa: N801 - reads as a word
    """The statements that an engine runs meanwhile."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._statements: list[str] = []

    def _note(self, _c: object, _cursor: object, statement: str, *_: object) -> None:
        self._statements.append(statement)

    def __enter__(self) -> list[str]:
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self._statements

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)


def test_a_comment_that_sounds_urgent_is_answered_with_9_1_1_whatever_others_behind_the_address_tried(
    site: Residents,
) -> None:
    token = site.invite(valid_for=timedelta(seconds=-1))
    for number in range(21):
        last = site.http.get(f"{site.address}/s/{number:012}", timeout=10)
    assert last.status_code == 429
    sent = site.http.post(f"{site.address}/s/{token}", data={"step": "4", "C1": "he has a gun"}, timeout=10)
    assert (sent.status_code, "Is anyone in danger now?" in sent.text) == (410, True)
