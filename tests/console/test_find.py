"""Search: by case number however typed, and by every number that a call has or had, which stands nowhere else."""

import pytest

from tests.activities.desk import NUMBER
from tests.console.a_call import CALL, CASE, OTHER_NUMBER, CadAndDesk, cad, desk, noon_site, the_phones
from tests.console.served import Served, Staff
from web.staff.access.roles import Role

__all__ = ["cad", "desk", "noon_site", "the_phones"]

LINK = f'href="/calls/{CALL}"'


@pytest.fixture
def operator(noon_site: Served) -> Staff:
    return noon_site.staff(Role.OPERATOR)


@pytest.mark.parametrize("typed", [CASE, "26 104233", " 26104233 ", "26/104233", CALL, "1001"])
def test_a_call_is_found_by_its_case_number_however_it_is_typed(cad: CadAndDesk, operator: Staff, typed: str) -> None:
    cad.receives()
    cad.receives("1002", case_number="26-104234", number=OTHER_NUMBER)
    page = operator.post("/find", wanted=typed).text
    assert page.count('href="/calls/ottawa-') == 1
    assert LINK in page
    assert "its case number" in page


@pytest.mark.parametrize("typed", ["613-555-0142", "+1 (613) 555 0142", "6135550142", "1.613.555.0142"])
def test_a_call_is_found_by_its_number_however_it_is_typed(cad: CadAndDesk, operator: Staff, typed: str) -> None:
    cad.receives()
    cad.receives("1002", case_number="26-104234", number=OTHER_NUMBER)
    page = operator.post("/find", wanted=typed).text
    assert LINK in page
    assert "ottawa-1002" not in page


def test_a_call_is_found_by_a_number_that_it_had(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    cad.says(6, number=OTHER_NUMBER)
    page = operator.post("/find", wanted="613-555-0142").text
    assert LINK in page
    assert "a number that it had" in page


def test_a_call_is_found_by_a_text_that_went_to_the_number(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    cad.texts()
    with_nothing = cad.row()
    with_nothing.phone_hash, with_nothing.phone_encrypted, with_nothing.phone_versions = None, None, {}
    cad.write(with_nothing)
    assert LINK in operator.post("/find", wanted=NUMBER).text


def test_what_came_in_from_a_number_without_a_call_is_shown(cad: CadAndDesk, operator: Staff) -> None:
    cad.replies(1, "hello", keyword="wrong number")
    page = operator.post("/find", wanted="613-555-0142").text
    assert "wrong number" in page
    assert "hello" not in page


@pytest.mark.parametrize("typed", ["26-999999", "613-555-0199", "Robert'); DROP TABLE call;--", "%", "é" * 400])
def test_what_nobody_has_is_not_found_and_said_so(cad: CadAndDesk, operator: Staff, typed: str) -> None:
    cad.receives()
    answer = operator.post("/find", wanted=typed)
    assert answer.status_code == 200
    assert 'href="/calls/ottawa-' not in answer.text
    assert "No call has" in answer.text


def test_nothing_typed_is_an_error(operator: Staff) -> None:
    assert 'role="alert"' in operator.post("/find", wanted="  ").text


def test_r3_no_number_is_in_the_audit_log(cad: CadAndDesk, noon_site: Served, operator: Staff) -> None:
    cad.receives()
    operator.post("/find", wanted="613-555-0142")
    [entry] = [entry for entry in noon_site.audit() if entry.act == "find_calls"]
    assert (entry.about, entry.detail) == (None, {})


def test_only_those_who_may_search_have_the_box(noon_site: Served) -> None:
    assert 'role="search"' in noon_site.staff(Role.SUPERVISOR).get("/audit").text
    assert 'role="search"' not in noon_site.staff(Role.ADMINISTRATOR).get("/audit").text
