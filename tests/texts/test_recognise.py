"""R2 after a restore: our own texts are known again by their words, in every wording, language and length."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.contracts import Kind
from calls.facts import Language
from policy.agency import Agency, load_agency
from tests.conftest import AGENCIES
from texts.recognise import recognise
from texts.render import render

FOLDERS = sorted(path.parent for path in AGENCIES.glob("*/policy.yaml"))
LOADED = {path.name: load_agency(path) for path in FOLDERS}
KINDS = (Kind.CONFIRMATION, Kind.DELAY, Kind.SURVEY)
CASES = st.text("0123456789-ABCDEFGHIJ", min_size=1, max_size=20).filter(lambda text: text.strip("-"))


def body_of(
    agency: Agency, kind: Kind, language: Language | None, *, case: str, group: str | None, survey: bool
) -> str:
    fields = agency.identity.lines | {
        "case_number": case,
        "code": "B7K2XD",
        "link": "https://example.org/s/0123456789ab",
        "minutes": "60",
        "time": "14:05",
    }
    names = {each: {"agency": agency.identity.name[each]} for each in Language}
    return render(agency.wording, kind, language, fields, by_language=names, announce_survey=survey, group=group).body


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
@given(
    kind=st.sampled_from(KINDS),
    language=st.sampled_from([None, *Language]),
    case=CASES,
    survey=st.booleans(),
    with_steps=st.booleans(),
)
def test_a_text_of_ours_is_known_by_its_words(
    folder: Path, kind: Kind, language: Language | None, case: str, survey: bool, with_steps: bool
) -> None:
    agency = LOADED[folder.name]
    groups = agency.wording.groups_with_next_steps
    group = groups[0] if with_steps and groups else None
    found = recognise(agency.wording, body_of(agency, kind, language, case=case, group=group, survey=survey))
    assert found is not None
    assert (found.kind, found.language) == (kind, language or "en+fr")
    assert found.case_number in (case, None)
    if kind is Kind.SURVEY:
        assert found.token == "0123456789ab"
    else:
        assert found.case_number == case


@pytest.mark.parametrize("body", ["", "STOP", "Ottawa Police: we received your call.", "Hello"])
def test_what_is_not_in_our_words_is_nobodys(ottawa: Agency, body: str) -> None:
    assert recognise(ottawa.wording, body) is None


def test_a_text_with_something_more_is_not_taken_for_ours(ottawa: Agency) -> None:
    body = body_of(ottawa, Kind.DELAY, Language.ENGLISH, case="26-1", group=None, survey=False)
    assert recognise(ottawa.wording, body) is not None
    assert recognise(ottawa.wording, body + " and more") is None
