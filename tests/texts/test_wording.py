import pytest

from calls.facts import Language
from texts.wording import ALLOWED, Piece, WordingError, parse_wording

TEMPLATES = {
    Piece.CONFIRMATION: "{agency} {case_number} {emergency_line}",
    Piece.CONFIRMATION_SURVEY_LINE: "survey",
    Piece.DELAY: "{case_number} {emergency_line}",
    Piece.SURVEY: "{link} {emergency_line}",
    Piece.AUTO_REPLY: "{emergency_line} {non_emergency_line}",
    Piece.STOP_REPLY: "{emergency_line}",
    Piece.WRONG_NUMBER_REPLY: "{emergency_line}",
    Piece.START_REPLY: "welcome",
    Piece.VOICE: "{emergency_line} {non_emergency_line}",
}


def catalogue(templates: dict[Piece, str] | None = None, *, extra: str = "", fuzzy: Piece | None = None) -> str:
    entries = [
        f'{"#, fuzzy" if piece is fuzzy else "#"}\nmsgid "{piece.value}"\nmsgstr "{template}"\n'
        for piece, template in (TEMPLATES if templates is None else templates).items()
    ]
    return 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + "\n".join(entries) + extra


def refused(english: str, french: str) -> str:
    with pytest.raises(WordingError) as error:
        parse_wording({Language.ENGLISH: english, Language.FRENCH: french})
    assert "\n" not in str(error.value)
    return str(error.value)


def test_equal_catalogues_are_a_wording_whose_version_follows_its_content() -> None:
    one = parse_wording({language: catalogue() for language in Language})
    same = parse_wording({language: "# a remark\n" + catalogue() for language in Language})
    other = parse_wording({language: catalogue(TEMPLATES | {Piece.START_REPLY: "hi"}) for language in Language})

    assert one == same
    assert one.version != other.version
    assert one.templates[Language.FRENCH][Piece.SURVEY] == "{link} {emergency_line}"


def test_r10_a_missing_language_is_refused() -> None:
    with pytest.raises(WordingError, match="fr: the catalogue is missing"):
        parse_wording({Language.ENGLISH: catalogue()})


@pytest.mark.parametrize("piece", list(Piece))
def test_r10_a_missing_empty_or_fuzzy_text_is_refused(piece: Piece) -> None:
    without = {known: text for known, text in TEMPLATES.items() if known is not piece}
    assert refused(catalogue(), catalogue(without)) == f"fr: '{piece.value}' is missing"
    assert refused(catalogue(TEMPLATES | {piece: " "}), catalogue()) == f"en: '{piece.value}' is missing"
    assert "fr: " in refused(catalogue(), catalogue(fuzzy=piece))
    assert "fuzzy" in refused(catalogue(), catalogue(fuzzy=piece))


def test_r10_a_placeholder_that_one_language_lacks_is_refused() -> None:
    message = refused(catalogue(TEMPLATES | {Piece.START_REPLY: "from {agency}"}), catalogue())
    assert message == "fr: 'start_reply' lacks {agency}, which another language has"


def test_a_text_without_what_it_is_for_is_refused() -> None:
    lacking = catalogue(TEMPLATES | {Piece.CONFIRMATION: "call {emergency_line}"})
    assert refused(lacking, lacking) == "en: 'confirmation' lacks {case_number}"


@pytest.mark.parametrize("piece", list(Piece))
def test_nothing_personal_can_be_asked_for_and_the_error_says_what_can(piece: Piece) -> None:
    for name in ("name", "address", "phone", "call_type", "comment", "CASE_NUMBER", "case_number.__class__", " link"):
        spoiled = catalogue(TEMPLATES | {piece: f"{TEMPLATES[piece]} {{{name}}}"})
        says = refused(spoiled, spoiled)
        assert says.startswith(f"en: '{piece.value}' asks for {{{name}}}; there are: agency, ")
    assert set().union(*ALLOWED.values()) == {
        *("agency", "case_number", "code", "emergency_line", "link", "minutes", "non_emergency_line", "time"),
    }


@pytest.mark.parametrize(
    ("piece", "name"),
    [
        (Piece.AUTO_REPLY, "case_number"),
        (Piece.AUTO_REPLY, "code"),
        (Piece.CONFIRMATION_SURVEY_LINE, "code"),
        (Piece.CONFIRMATION, "link"),
        (Piece.CONFIRMATION, "minutes"),
        (Piece.SURVEY, "time"),
        (Piece.VOICE, "link"),
    ],
)
def test_a_text_may_not_ask_for_what_it_is_not_given_when_it_is_sent(piece: Piece, name: str) -> None:
    spoiled = catalogue(TEMPLATES | {piece: f"{TEMPLATES[piece]} {{{name}}}"})
    assert f"asks for {{{name}}}; there are: " in refused(spoiled, spoiled)


def test_an_unknown_placeholder_and_a_stray_brace_are_refused() -> None:
    assert "asks for {name}" in refused(catalogue(TEMPLATES | {Piece.START_REPLY: "dear {name}"}), catalogue())
    for text in ("{link", "link}", "{{link}}", "{}"):
        assert refused(catalogue(TEMPLATES | {Piece.START_REPLY: text}), catalogue()).startswith("en: 'start_reply'")


def test_an_unknown_text_and_a_broken_file_are_refused() -> None:
    assert "'greeting'" in refused(catalogue(extra='\nmsgid "greeting"\nmsgstr "hi"\n'), catalogue())
    assert refused("this is no catalogue", catalogue()).startswith("en: ")
    assert refused('msgid "confirmation"\nmsgstr "unclosed', catalogue()).startswith("en: ")


def test_what_a_broken_file_says_is_one_line_that_can_be_read() -> None:
    unseen = "\x00" * 400
    broken = f'msgid "next steps {unseen}"\n\n#. and no words for it\n'
    said = refused(broken, catalogue())
    assert said.isprintable()
    assert "not a PO file" in said
    assert len(said) < 400
