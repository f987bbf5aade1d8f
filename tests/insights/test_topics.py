"""Topics of comments: a match of keywords in either language, and never more than a suggestion."""

import pytest

from insights.topics import Topic, suggested, topics_named


@pytest.mark.parametrize(
    ("comment", "topics"),
    [
        ("I waited three hours and nobody came.", [Topic.WAITING]),
        ("J’ai ATTENDU trois heures, personne n’est venu", [Topic.WAITING]),
        ("The officer never called me back", [Topic.INFORMATION, Topic.OFFICER]),
        ("L'agente ne m'a jamais rappelé, aucune nouvelle", [Topic.INFORMATION, Topic.OFFICER]),
        ("Les textos étaient utiles, merci", [Topic.TEXTS, Topic.THANKS]),
        ("Speeding on my street every night", [Topic.TRAFFIC]),
        ("La vitesse des chauffards", [Topic.TRAFFIC]),
        ("My bike was stolen; the call taker was very kind", [Topic.CALL_TAKER, Topic.THEFT, Topic.THANKS]),
        ("Mon vélo a été volé. La téléphoniste était gentille.", [Topic.CALL_TAKER, Topic.THEFT, Topic.THANKS]),
        ("Graffiti on the fence again", [Topic.DAMAGE]),
        ("Needles in the park", [Topic.DRUGS]),
        ("Voitures stationnées devant mon entrée de garage", [Topic.PARKING]),
        ("Loud music / musique forte", [Topic.NOISE]),
        ("Harassed by people loitering", [Topic.DISORDER]),
        ("Du harcèlement et des campements", [Topic.DISORDER]),
    ],
)
def test_words_of_either_language_suggest_a_topic(comment: str, topics: list[Topic]) -> None:
    assert suggested(comment) == topics


@pytest.mark.parametrize("comment", ["", "It was fine.", "What kind of service is this", "Une nouvelle voisine", "🙂"])
def test_without_a_word_of_the_list_nothing_is_suggested(comment: str) -> None:
    assert suggested(comment) == []


def test_there_are_about_a_dozen_and_what_is_none_is_left_out() -> None:
    assert 10 <= len(Topic) <= 14
    assert topics_named(["noise", "nonsense", "waiting", "noise"]) == [Topic.WAITING, Topic.NOISE]
