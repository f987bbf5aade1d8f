"""Nothing that a resident wrote is lost, whichever button was pressed, in however many tabs; and 9-1-1 is said."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from database.encryption import Keyring
from database.surveys import SurveyDraftRow
from survey.questions import parse_survey
from tests.survey.test_questions import OTTAWA
from tests.web.answering import LAST, language_of, opened, read, sent, submitted
from tests.web.served import Residents, residents_site
from web.residents.agency import ResidentAgency

DANGER = {
    "en": "Is anyone in danger now? Call 9-1-1.",
    "fr": "Quelqu’un est en danger en ce moment? Composez le 9-1-1.",
}
GUN = "he has a gun"


def kept(residents: Residents) -> dict[str, Any]:
    """The answers of the only draft."""
    (draft,) = residents.rows(SurveyDraftRow)
    answers: dict[str, Any] = json.loads(residents.keyring.decrypt(draft.answers_encrypted))["answers"]
    return answers


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize(("button", "goes_to"), [({"go": "back"}, "step=2"), ({"switch": "?"}, f"step={LAST}")])
def test_a_comment_that_sounds_urgent_is_answered_with_9_1_1_whichever_button_was_pressed(
    residents: Residents, lang: str, button: dict[str, str], goes_to: str
) -> None:
    token = residents.invite(language=lang)
    chosen = {"en": "fr", "fr": "en"}[lang] if "switch" in button else lang
    pressed = {name: chosen if value == "?" else value for name, value in button.items()}
    page = sent(residents, token, {"C1": GUN, "Q10": "noise"}, f"?lang={lang}", step=LAST, **pressed)
    assert (page.status_code, language_of(page)) == (200, chosen)
    for part in (*DANGER.values(), 'href="tel:911"', "is kept, but not sent yet", "n’est pas encore envoyé"):
        assert part in read(page)
    assert "look at your comment today" not in page.text
    assert GUN not in page.text
    assert "<title>" + {"en": "How did we do?", "fr": "Votre avis sur notre service"}[chosen] in page.text
    on = f"/s/{token}?{goes_to}&lang={chosen}"
    assert page.text.count(f'href="{on.replace("&", "&amp;")}"') == 2
    assert language_of(residents.http.get(residents.address + on, timeout=10)) == chosen
    assert f"{GUN}</textarea>" in opened(residents, token, f"?step={LAST}").text
    assert residents.held() == []


def test_an_ordinary_comment_goes_on_at_once(residents: Residents) -> None:
    token = residents.invite()
    assert sent(residents, token, {"C1": "Thanks"}, step=LAST, go="back").status_code == 303
    assert sent(residents, token, {"C1": "Thanks"}, step=LAST, switch="fr").status_code == 303


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_comment_that_is_too_long_and_sounds_urgent_says_both_and_every_word_is_kept(
    residents: Residents, lang: str
) -> None:
    token = residents.invite(language=lang)
    long = f"{GUN} {'é' * 3000} end"
    page = sent(residents, token, {"C1": long, "Q10": "noise"}, step=LAST)
    assert page.status_code == 422
    too_long = {"en": "shorten your comment to 1,000", "fr": "limiter votre commentaire à 1\u00a0000"}[lang]
    for part in (DANGER[lang], 'href="tel:911"', too_long, f"{long}</textarea>"):
        assert part in read(page)
    again = opened(residents, token)  # another day, on another device
    assert f"{long}</textarea>" in again.text
    assert 'value="noise" checked' in again.text
    assert residents.held() == []


def test_back_and_the_language_button_are_not_held_up_by_a_mistake(residents: Residents) -> None:
    token = residents.invite(language="en")
    long = "x" * 1001
    assert "step=2" in sent(residents, token, {"C1": long}, step=LAST, go="back").headers["Location"]
    assert "lang=fr" in sent(residents, token, {"C1": long}, step=LAST, switch="fr").headers["Location"]
    assert f"{long}</textarea>" in opened(residents, token, f"?step={LAST}").text


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "“No such problem” does not go with another answer. Please untick it, or the others."),
        (
            "fr",
            "«\u00a0Aucun problème de ce genre\u00a0» ne va pas avec une autre réponse. "
            "Veuillez décocher ce choix, ou les autres.",
        ),
    ],
)
def test_no_such_problem_beside_a_problem_is_asked_about_and_neither_is_dropped(
    residents: Residents, lang: str, words: str
) -> None:
    token = residents.invite(language=lang)
    both = {"Q10": ["noise", "none"], "C1": "my words"}
    page = sent(residents, token, both, step=LAST)
    assert (page.status_code, page.text.count(words)) == (422, 2)  # on top, and beside the question
    for answer in ("noise", "none"):
        assert f'value="{answer}" checked' in page.text
    assert sent(residents, token, both, step=LAST, go="back").status_code == 303
    assert residents.held() == []
    assert sent(residents, token, {**both, "Q10": "none"}, step=LAST).headers["Location"].startswith("/thank-you")
    assert [held.answers for held in residents.held()] == [{"Q10": ["none"]}]


def test_a_comment_that_is_too_long_and_was_left_by_another_button_is_told_before_all_is_sent(
    engine: Engine, keyring: Keyring, agency: ResidentAgency
) -> None:
    """It is on an earlier page, as another agency's survey may have it."""
    survey: Any = yaml.safe_load(OTTAWA)
    survey["steps"] = [{"title": survey["steps"][0]["title"], "questions": ["Q1", "C1", "S1"]}]
    survey["steps"].append({"title": survey["steps"][0]["title"], "questions": ["Q2"]})
    survey["questions"] = [one for one in survey["questions"] if one["id"] in {"Q1", "Q2", "C1", "S1"}]
    short = replace(agency, survey=parse_survey(yaml.safe_dump(survey)))
    with residents_site(engine, keyring, short) as site:
        token = site.invite(language="en")
        sent(site, token, {"C1": "x" * 1001}, step=1, switch="en")
        page = sent(site, token, {"Q2": "4"}, step=2)
        assert (page.status_code, "shorten your comment" in page.text, 'id="C1"' in page.text) == (422, True, True)
        assert site.held() == []
        assert "step=2" in sent(site, token, {"C1": "short"}, step=1).headers["Location"]
        assert sent(site, token, {"Q2": "4"}, step=2).headers["Location"].startswith("/thank-you")
        assert [(held.answers, held.comment) for held in site.held()] == [({"Q2": "4"}, "short")]


def test_pages_that_are_sent_at_the_same_moment_keep_each_others_answers(residents: Residents) -> None:
    pages: list[tuple[int, dict[str, str]]] = [
        (1, {"Q1": "5", "Q2": "4", "Q3": "3"}),
        (2, {"Q4": "4", "Q5": "2", "Q6": "no"}),
        (LAST, {"Q10": "noise", "C1": "my words"}),
    ]
    for _ in range(10):
        token = residents.invite()
        together = threading.Barrier(len(pages))

        def send(page: tuple[int, dict[str, str]], token: str = token, start: threading.Barrier = together) -> int:
            start.wait()
            return sent(residents, token, page[1], step=page[0], go="back").status_code

        with ThreadPoolExecutor(len(pages)) as tabs:
            assert list(tabs.map(send, pages)) == [303] * len(pages)
        assert {id_: values[-1] for id_, values in kept(residents).items()} == {
            **pages[0][1],
            **pages[1][1],
            **pages[2][1],
        }
        assert submitted(residents, token, {"Q1": "1"}).status_code == 303
