import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.facts import Language
from texts.keywords import Keyword, read_keyword

STOPS = [
    *(
        "STOP",
        "stop",
        " Stop. ",
        "stop!!",
        "“Stop”",
        "StopAll",
        "unsubscribe",
        "Unsubscribe please",
        "cancel",
        "END",
        "quit",
        "revoke",
    ),
    *(
        "optout",
        "opt out",
        "Opt-out",
        "stop please",
        "please stop",
        "Stop, thank you",
        "stop stop",
        "STOP STOP STOP STOP",
    ),
    *("stop texting me", "stop all messages", "stop these texts", "stop texts please"),
    *(
        "ARRET",
        "arrêt",
        "ARRÊT",
        "Arrête",
        "ARRÊTER",
        "arrêtez svp",
        "Arrêtez, s’il vous plaît!",
        "arrête stp",
        "ARRE\u0302T",
    ),
    *(
        "arrret",
        "aret",
        "arrêtez les textos",
        "désabonner",
        "me désabonner",
        "fin",
        "stop svp",
        "ＳＴＯＰ",
        "st\u200bop",
    ),
]
OTHERS = [
    *(
        "",
        "   ",
        "?",
        "thanks",
        "merci",
        "don't stop by my house",
        "please stop the noise",
        "stop the noise",
        "stop him",
    ),
    *("make it stop", "he won't stop", "stop me", "can you stop by", "bus stop", "the end", "cancel my call please"),
    *(
        "cancel please",
        "quit it now",
        "yes officer",
        "yes please",
        "stop help",
        "ne pas arrêter",
        "arrêtez le bruit",
        "la fin",
    ),
    *("arrêtez cet homme", "I want to stop getting these", "start the car", "ok", "26-104233", "😀"),
]


@pytest.mark.parametrize("body", STOPS)
def test_r6_what_is_essentially_stop_is_stop(body: str) -> None:
    assert read_keyword(body).keyword is Keyword.STOP


@pytest.mark.parametrize("body", OTHERS)
def test_what_says_more_than_a_keyword_is_none(body: str) -> None:
    assert read_keyword(body).keyword is Keyword.OTHER


@pytest.mark.parametrize("body", ["START", "Unstop", "yes", "start please", "DÉBUT", "debut", "reprendre svp"])
def test_start_in_both_languages(body: str) -> None:
    assert read_keyword(body).keyword is Keyword.START


@pytest.mark.parametrize("body", ["HELP", "help me", "Aide", "aidez svp", "INFO", "help please"])
def test_help_in_both_languages(body: str) -> None:
    assert read_keyword(body).keyword in {Keyword.HELP, Keyword.OTHER}  # both get the same answer
    assert read_keyword(body.split()[0]).keyword is Keyword.HELP


def test_the_carrier_answers_the_plain_english_word_and_nothing_else() -> None:
    for body in ("STOP", " stop\n", "StopAll", "START", "cancel", "Yes"):
        assert read_keyword(body).answered_by_carrier
    for body in ("stop.", "stop please", "arret", "ＳＴＯＰ", "debut", "help", "info"):
        assert not read_keyword(body).answered_by_carrier


def test_a_keyword_tells_its_language() -> None:
    assert read_keyword("stop please").language is Language.ENGLISH
    assert read_keyword("Arrêtez").language is Language.FRENCH
    assert read_keyword("info").language is None
    assert read_keyword("hello").language is None


@given(
    st.sampled_from(["stop", "arret", "arrêt", "arrêter", "stopall", "unsubscribe"]),
    st.text(st.sampled_from(" .!?…\"'«»-_\u00a0\n"), max_size=5),
    st.text(st.sampled_from(" .!?…\"'«»-_\u00a0\n"), max_size=5),
    st.sampled_from([str.upper, str.lower, str.title]),
)
def test_r6_case_and_punctuation_change_nothing(word: str, before: str, after: str, cased: object) -> None:
    assert callable(cased)
    assert read_keyword(before + cased(word) + after).keyword is Keyword.STOP


@given(st.text(max_size=300))
def test_any_text_is_read(body: str) -> None:
    assert read_keyword(body).keyword in set(Keyword)


@given(st.lists(st.sampled_from(["stop", "my", "house", "noise", "neighbour", "arrêt", "bus"]), min_size=4, max_size=8))
def test_a_sentence_is_no_opt_out(words: list[str]) -> None:
    if set(words) - {"stop", "arrêt"}:
        assert read_keyword(" ".join(words)).keyword is Keyword.OTHER


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("WRONG NUMBER", Language.ENGLISH),
        ("wrong number!!", Language.ENGLISH),
        ("Sorry, you have the wrong number", Language.ENGLISH),
        ("wrong person", Language.ENGLISH),
        ("this is not my number", Language.ENGLISH),
        ("MAUVAIS NUMÉRO", Language.FRENCH),
        ("mauvais numero svp", Language.FRENCH),
        ("Vous avez le mauvais numéro", Language.FRENCH),
        ("faux nume\u0301ro", Language.FRENCH),
        ("mauvaise personne", Language.FRENCH),
    ],
)
def test_a_wrong_number_is_read_with_accents_case_and_words_around_it(body: str, language: Language) -> None:
    reading = read_keyword(body)
    assert (reading.keyword, reading.language, reading.answered_by_carrier) == (Keyword.WRONG_NUMBER, language, False)


@pytest.mark.parametrize(
    "body",
    [
        "the number is wrong on the house where the noise comes from, it is 14",
        "they gave the officer the wrong number of the house, the party is at 12 and not at 14",
        "wrong",
        "what is my case number",
    ],
)
def test_what_is_about_the_call_is_no_wrong_number(body: str) -> None:
    assert read_keyword(body).keyword is Keyword.OTHER


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("Wrong number, STOP", Language.ENGLISH),
        ("stop! not my number", Language.ENGLISH),
        ("Wrong number, stop texting me please", Language.ENGLISH),
        ("Mauvais numéro, arrêtez svp", Language.FRENCH),
    ],
)
def test_r6_a_wrong_number_that_says_stop_means_both(body: str, language: Language) -> None:
    reading = read_keyword(body)
    assert (reading.keyword, reading.language, reading.stops_too) == (Keyword.WRONG_NUMBER, language, True)


def test_a_wrong_number_alone_is_no_stop() -> None:
    assert not read_keyword("Sorry, you have the wrong number").stops_too


@pytest.mark.parametrize(
    "body",
    [
        *("stop sending me texts", "Please stop sending messages", "Stop sending me any more texts"),
        *("unsubscribe me", "opt me out please", "ARRÊT TEXTOS", "arrêt des messages", "arrêter textos"),
    ],
)
def test_r6_a_stop_in_a_few_more_words_is_one(body: str) -> None:
    assert read_keyword(body).keyword is Keyword.STOP


@pytest.mark.parametrize("body", ["stop sending me officers", "stop sending cars", "arrêt d'autobus", "arrêt du bruit"])
def test_what_should_stop_and_is_no_text_is_about_the_call(body: str) -> None:
    assert read_keyword(body).keyword is Keyword.OTHER
