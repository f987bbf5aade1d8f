import pytest

from calls.contracts import Kind
from calls.facts import Language
from policy.agency import load_agency
from tests.web.served import AGENCIES
from texts.render import render
from texts.segments import Encoding
from texts.wording import Piece, Wording

FIELDS = {  # the longest that we expect
    "case_number": "NYC-26103412345",
    "emergency_line": "9-1-1",
    "non_emergency_line": "613-236-1222",
    "link": "https://survey.ottawapolice.ca/s/0123456789ab",
}
SENT = [piece for piece in Piece if piece not in {Piece.VOICE, Piece.CONFIRMATION_SURVEY_LINE}]
EACH = pytest.mark.parametrize("agency", ["ottawa", "new-york", "san-diego"])


def wording_of(agency: str) -> Wording:
    return load_agency(AGENCIES / agency).wording


@EACH
@pytest.mark.parametrize("piece", SENT)
def test_texts_are_short_and_travel_in_the_cheap_alphabet(agency: str, piece: Piece) -> None:
    reply = piece in {Piece.AUTO_REPLY, Piece.STOP_REPLY, Piece.START_REPLY, Piece.WRONG_NUMBER_REPLY}
    for language, most in ((Language.ENGLISH, 2), (Language.FRENCH, 3)):
        text = render(wording_of(agency), piece, language, FIELDS, announce_survey=True)
        assert text.encoding is Encoding.GSM7
        assert text.segments <= (1 if reply else most)
        assert len(text.body) <= 1600  # Twilio's limit


@EACH
@pytest.mark.parametrize("piece", SENT)
@pytest.mark.parametrize("language", list(Language))
def test_every_text_says_who_it_is_from_and_where_to_turn_in_an_emergency(
    agency: str, piece: Piece, language: Language
) -> None:
    names = {
        "ottawa": ("Ottawa Police:", "Police d'Ottawa :"),
        "new-york": ("NYPD demo:", "NYPD démo :"),
        "san-diego": ("SDPD demo:", "SDPD démo :"),
    }
    body = render(wording_of(agency), piece, language, FIELDS).body
    assert body.startswith(names[agency][list(Language).index(language)])
    assert "9-1-1" in body


@EACH
@pytest.mark.parametrize("kind", list(Kind))
def test_r6_every_text_says_how_to_stop(agency: str, kind: Kind) -> None:
    assert "STOP" in render(wording_of(agency), kind, Language.ENGLISH, FIELDS).body
    assert "ARRET" in render(wording_of(agency), kind, Language.FRENCH, FIELDS).body
