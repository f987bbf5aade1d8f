"""Which comments sound as if somebody were in danger, in either language, and which do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.urgent import sounds_urgent

URGENT = [
    "he has a gun",
    "There's a WEAPON in the house",
    "My neighbour threatened me with a knife.",
    "I want to hurt myself",
    "i don’t want to live anymore",
    "I dont want to be alive",
    "I am going to kill myself",
    "he said he will kill me",
    "He is here now",
    "he's here, please hurry",
    "they're breaking in",
    "help me now",
    "Please help me!",
    "he is beating me",
    "I can't breathe",
    "she is not breathing",
    "I'm in danger",
    "fear for my life",
    "shots fired behind the school",
    "He is in my apartment",
    "someone is following me right now",
    "she talks of suicide",
    "Il a une arme",
    "Il m’a menacé",
    "IL MENACE DE ME TUER",
    "il a un couteau",
    "j'ai envie de me tuer",
    "je veux mourir",
    "Je ne veux plus vivre",
    "j’ai envie d’en finir une fois pour toutes",
    "Au secours!",
    "Aidez-moi, vite",
    "il est ici",
    "Il est à la porte",
    "elle est revenue",
    "Il me frappe",
    "Il va nous tuer",
    "coups de feu dans la rue",
    "menaces de mort",
    "elle ne respire plus",
    "je suis en danger",
    "Je pense au suicide",
    "on a essayé de m'étrangler",
    "help\nme\nnow",
]

ORDINARY = [
    "",
    "Thank you, everything went well.",
    "The officer was here within ten minutes and was very kind.",
    "He came to the house and took the report. Great help!",
    "Thanks for the help.",
    "Please help the neighbourhood with the noise.",
    "Nobody came. I waited four hours.",
    "The wait nearly killed my evening, but fine.",
    "They gunned their engines all night",
    "Street racing on the 417, the cars backfire.",
    "He was threatening to complain about the fence",
    "My bike was stolen, I am upset.",
    "They are here every weekend with loud music.",
    "I called because of a party next door; it is over now.",
    "Killing time on hold for an hour is not good service.",
    "The call taker was a lifesaver",
    "She was out of breath but helpful",
    "I was afraid nobody would call me back.",
    "Merci, très bon service.",
    "L’agent est venu chez nous et a été très gentil.",
    "Il est arrivé après deux heures.",
    "Il est poli et patient.",
    "La personne qui a pris mon appel était aimable",
    "J'ai attendu longtemps pour une plainte de bruit.",
    "On m’a dit que quelqu’un viendrait",
    "Elle est partie avant l’arrivée de la police.",
    "Merci de votre aide!",
    "Le stationnement est un problème; la ville devrait agir.",
    "Des larmes de joie",
    "Un charmant agent, désarmant de gentillesse",
    "C’est là que le vélo a été volé.",
    "J'ai appelé pour un vol de vélo, rien de grave.",
    "Armée de patience, j’ai attendu.",
]


@pytest.mark.parametrize("comment", URGENT)
def test_a_comment_of_danger_sounds_urgent(comment: str) -> None:
    assert sounds_urgent(comment)


@pytest.mark.parametrize("comment", ORDINARY)
def test_an_ordinary_comment_does_not(comment: str) -> None:
    assert not sounds_urgent(comment)


@given(st.text(max_size=1000))
def test_every_comment_is_read_whatever_is_in_it(comment: str) -> None:
    assert sounds_urgent(comment) == sounds_urgent(comment.upper().lower()) or not comment.isascii()
    assert sounds_urgent(f"{comment}\nil a une arme")
