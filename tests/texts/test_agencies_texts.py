import re
from collections import Counter

import pytest

from calls.contracts import Kind
from calls.facts import Language
from policy.agency import load_agency
from tests.web.served import AGENCIES
from texts.render import render
from texts.samples import Extent, every_text
from texts.segments import Encoding
from texts.wording import PLACEHOLDER, Piece, Wording

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


@EACH
def test_every_text_of_a_call_says_where_to_ask_whether_it_is_real(agency: str) -> None:
    line = load_agency(AGENCIES / agency).identity.non_emergency_line
    for kind in (Kind.CONFIRMATION, Kind.DELAY, Kind.SURVEY):
        lines = FIELDS | {"non_emergency_line": line}
        assert (
            f"unsure this is us? call {line}" in render(wording_of(agency), kind, Language.ENGLISH, lines).body.lower()
        )
        assert f"doute sur ce texto? Appelez le {line}" in render(wording_of(agency), kind, Language.FRENCH, lines).body


@EACH
def test_the_confirmation_says_what_nobody_will_ask_and_the_survey_that_it_asks_for_no_name(agency: str) -> None:
    wording = wording_of(agency)
    for language, never, no_name in (
        (Language.ENGLISH, "We never ask for personal details", "never asks who you are"),
        (Language.FRENCH, "Nous ne demandons jamais de renseignements personnels", "ne demande jamais votre nom"),
    ):
        assert never in render(wording, Piece.CONFIRMATION, language, FIELDS).body
        assert no_name in render(wording, Piece.SURVEY, language, FIELDS).body


@EACH
def test_the_only_link_is_our_own_and_nothing_shortens_it(agency: str) -> None:
    for templates in wording_of(agency).templates.values():
        for piece, template in templates.items():
            assert "http" not in template
            assert "www" not in template
            assert ("{link}" in template) == (piece is Piece.SURVEY)


@EACH
def test_french_is_written_as_french(agency: str) -> None:
    """As Canada writes it: ’ and not ', a no-break space before a colon, none before ; ? !. What costs is replaced."""
    for template in wording_of(agency).templates[Language.FRENCH].values():
        assert "'" not in template
        assert '"' not in template
        assert re.search(r"[^\u00a0]:", template) is None
        assert re.search(r"\s[;?!]", template) is None
        assert "oe" not in template  # cœur, sœur: a letter, too


@EACH
def test_no_letter_of_a_text_is_lost_on_its_way_to_the_carrier(agency: str) -> None:
    loaded = load_agency(AGENCIES / agency)
    for sample in every_text(loaded.wording, names=loaded.identity.name, lines=loaded.identity.lines):
        written = [
            template
            for language in ([sample.language] if sample.language else list(Language))
            for template in [loaded.wording.templates[language][sample.piece]]
        ]
        letters = [char for template in written for char in PLACEHOLDER.sub("", template) if char.isalpha()]
        sent = Counter(sample.rendered.body)
        assert not Counter(letters) - sent


@EACH
@pytest.mark.parametrize("extent", list(Extent))
def test_every_text_can_be_sent_with_the_shortest_and_the_longest_values(agency: str, extent: Extent) -> None:
    loaded = load_agency(AGENCIES / agency)
    samples = list(every_text(loaded.wording, names=loaded.identity.name, lines=loaded.identity.lines, extent=extent))
    assert len(samples) == (len(Piece) - 1 + 1 + len(loaded.wording.groups_with_next_steps)) * 3
    for sample in samples:
        if sample.is_spoken:
            continue
        assert sample.rendered.encoding is Encoding.GSM7
        assert len(sample.rendered.body) <= 1600
        # A case number of 30 signs, and a link of 80, may cost one segment more; next steps as well.
        most = 3 if sample.group is None else 4
        assert sample.rendered.segments <= (most if sample.language else 2 * most)
