import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.answers import Problem, check_answers
from survey.masking import mask
from survey.questions import parse_survey
from tests.survey.test_questions import OTTAWA

SURVEY = parse_survey(OTTAWA)


def test_every_question_may_be_skipped() -> None:
    answers = check_answers(SURVEY, {"Q1": [""], "C1": ["  \r\n "]})
    assert (dict(answers.values), dict(answers.problems)) == ({}, {})


def test_answers_are_kept_and_what_the_survey_does_not_ask_is_dropped() -> None:
    answers = check_answers(SURVEY, {"Q1": ["4"], "Q4": ["not_read"], "Q99": ["1"], "phone": ["+16135550142"]})
    assert dict(answers.values) == {"Q1": "4", "Q4": "not_read"}


def test_an_option_that_is_not_offered_is_a_problem_of_that_question() -> None:
    answers = check_answers(SURVEY, {"Q1": ["6"], "Q2": ["5"]})
    assert dict(answers.problems) == {"Q1": Problem.UNKNOWN_OPTION}
    assert dict(answers.values) == {"Q2": "5"}


def test_an_option_that_says_no_to_the_others_is_taken_alone_only() -> None:
    assert dict(check_answers(SURVEY, {"Q10": ["none"]}).values) == {"Q10": ["none"]}
    assert dict(check_answers(SURVEY, {"Q10": ["none", "none"]}).values) == {"Q10": ["none"]}
    both = check_answers(SURVEY, {"Q10": ["noise", "none"], "Q1": ["5"]})
    assert (dict(both.values), dict(both.problems)) == ({"Q1": "5"}, {"Q10": Problem.NOT_ALONE})


def test_answers_to_questions_that_were_skipped_after_all_do_not_count() -> None:
    spoke = {"Q6": ["in_person"], "Q7": ["5"], "Q8": ["nonsense"]}
    assert set(check_answers(SURVEY, spoke).values) == {"Q6", "Q7"}
    assert set(check_answers(SURVEY, spoke).problems) == {"Q8"}
    did_not = check_answers(SURVEY, {**spoke, "Q6": ["no"]})
    assert (set(did_not.values), dict(did_not.problems)) == ({"Q6"}, {})


def test_a_comment_has_at_most_1000_characters_counted_as_browsers_do() -> None:
    assert set(check_answers(SURVEY, {"C1": ["a\r\n" * 499 + "aa"]}).values) == {"C1"}
    assert dict(check_answers(SURVEY, {"C1": ["a" * 1001]}).problems) == {"C1": Problem.COMMENT_TOO_LONG}


@pytest.mark.parametrize(
    ("comment", "masked"),
    [
        ("call 613-555-0100", "call [phone]"),
        ("au (343) 803 6032.", "au [phone]."),
        ("+1 613.555.0100", "[phone]"),
        ("6135550100", "[phone]"),
        ("a.b+c@mail.example.ca!", "[e-mail]!"),
        ("à K1A 0B1 ou k1a0b1", "à [postal code] ou [postal code]"),
        ("dossier 26-104233", "dossier [number]"),
        ("carte 4111 1111 1111 1111", "carte [number]"),
        ("son auto, CKWR 123, et BXYZ-456", "son auto, [plate], et [plate]"),
        ("une F12 BCD, 123-ABC, ABC 1234", "une [plate], [plate], [plate]"),
        ("I WAITED FOR 120 MIN ON THE 417", "I WAITED FOR 120 MIN ON THE 417"),
        ("PLATE CKWR 123 ON THE 417", "PLATE [plate] ON THE 417"),
        ("the licence plate is ckwr123.", "the licence plate is [plate]."),
        ("plaque : f12 bcd", "plaque : [plate]"),
        ("Immatriculée b12-xyz!", "Immatriculée [plate]!"),
        ("number plates of both cars, no plates at all", "number plates of both cars, no plates at all"),
        (
            "OPS 911, HWY 417, top 100, the 417, rue 123, APT 204",
            "OPS 911, HWY 417, top 100, the 417, rue 123, APT 204",
        ),
        ("my licence was asked for twice in 2026", "my licence was asked for twice in 2026"),
        ("waited 45 minutes on 2026-01 at 12:30", "waited 45 minutes on 2026-01 at 12:30"),
        ("10 000 $, 130-140 km/h, Highway 417", "10 000 $, 130-140 km/h, Highway 417"),
        ("called 9-1-1 and 3-1-1", "called 9-1-1 and 3-1-1"),
        # As phones, word processors and French write them.
        ("613–555–0100, (613) 555‑0100, 613/555/0100", "[phone], [phone], [phone]"),
        ("613\u202f555\u202f0100 et 613\t555\t0100", "[phone] et [phone]"),
        ("613 - 555 - 0100 et 613 555 01 00", "[phone] et [number]"),
        ("613-555-0100x204, cell6135550100, 613_555_0100", "[phone]x204, cell[phone], [phone]"),
        ("dossier 26 - 104233, 26–104233, no26104233", "dossier [number], [number], no[number]"),
        ("K1A\u00a00B1, k1a  0b1, K1A–0B1", "[postal code], [postal code], [postal code]"),
        ("jean @ exemple.ca, o’brien@example.ca", "[e-mail], [e-mail]"),
        ("came @ 5.30, left @ noon", "came @ 5.30, left @ noon"),
        ("une CKWR–123, une CKWR\u00a0123", "une [plate], une [plate]"),
        ("my licence was in 2019, plates de 2019", "my licence was in 2019, plates de 2019"),
        ("1. 2. 3. 4 hours\n5\n6\n7\n8", "1. 2. 3. 4 hours\n5\n6\n7\n8"),
        ("20-30 people, 2 or 3 nights, 21 h 30", "20-30 people, 2 or 3 nights, 21 h 30"),
    ],
)
def test_r3_personal_details_in_a_comment_are_masked_before_it_is_stored(comment: str, masked: str) -> None:
    assert mask(comment) == masked
    assert dict(check_answers(SURVEY, {"C1": [comment]}).values) == {"C1": masked}


@given(
    st.dictionaries(
        st.one_of(st.sampled_from([q.id for q in SURVEY.questions]), st.text(max_size=5)),
        st.lists(st.text(max_size=30), max_size=3),
    )
)
def test_any_form_is_read(form: dict[str, list[str]]) -> None:
    answers = check_answers(SURVEY, form)
    assert set(answers.values) <= {question.id for question in SURVEY.questions}
    assert not set(answers.values) & set(answers.problems)
    assert "\0" not in repr(answers.values.get("C1", ""))


@given(st.text(max_size=1000))
def test_masking_ends_and_hides_nothing_twice(comment: str) -> None:
    assert mask(mask(comment)) == mask(comment)
