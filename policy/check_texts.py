"""Every text of a folder, rendered as it goes out, with the longest values that it may have to carry."""

from collections.abc import Mapping
from typing import Final

from calls.contracts import Kind
from calls.facts import Language
from policy.agency import Agency
from policy.findings import Findings, Level
from policy.wording_file import line_of_text
from policy.yaml_file import read_text
from texts.render import Rendered, render
from texts.segments import segmentation
from texts.wording import Piece, WordingError

# A stand-in, to be exchanged for the samples and the policy's own limit.
_LONGEST_CASE_NUMBER: Final = "26-0151234-0000-00"
_LONGEST_LINK: Final = "https://texts.police.example.ca/s/0123456789ab"
_MOST_SEGMENTS: Final = 3
"""Of a text in one language. One in both may have as many for each."""
_STOP: Final[Mapping[Language, str]] = {Language.ENGLISH: "STOP", Language.FRENCH: "ARRET"}
_SENT: Final = [
    piece for piece in Piece if piece not in {Piece.CONFIRMATION_SURVEY_LINE, Piece.VOICE}
]  # the first stands inside another text, the second is spoken


def longest_values(agency: Agency) -> dict[str, str]:
    """The fields that the service fills in, each as long as it may be."""
    return {
        "case_number": _LONGEST_CASE_NUMBER,
        "link": _LONGEST_LINK,
        "emergency_line": agency.identity.emergency_line,
        "non_emergency_line": agency.identity.non_emergency_line,
    }


def check_texts(agency: Agency, findings: Findings) -> None:
    """Each text in each language."""
    for language in Language:
        text = read_text(findings.folder / "texts" / f"{language}.po")
        for piece in Piece:
            _check(agency, piece, language, line_of_text(text, piece), findings)


def _check(agency: Agency, piece: Piece, language: Language, line: int | None, findings: Findings) -> None:
    file = f"texts/{language}.po"
    try:
        rendered = render(agency.wording, piece, language, longest_values(agency), announce_survey=True)
    except WordingError as error:
        allowed = ", ".join(f"{{{name}}}" for name in longest_values(agency))
        what = f"{' '.join(str(error).split())}: the service gives only {allowed}"
        findings.say_line(Level.ERROR, file, line, what.removeprefix(f"{language}: "))
        return
    if piece not in _SENT:
        return
    if rendered.segments > _MOST_SEGMENTS:
        what = f"{piece.value!r} has {rendered.segments} segments with the longest values; allowed are {_MOST_SEGMENTS}"
        findings.say_line(Level.ERROR, file, line, what + _because(rendered))
    elif because := _because(rendered):
        findings.say_line(Level.WARNING, file, line, f"{piece.value!r} costs more than twice as much{because}")
    if piece.value in set(Kind) and _STOP[language] not in rendered.body:
        what = f"{piece.value!r} does not say how to stop the texts; {_STOP[language]} has to stand in it"
        findings.say_line(Level.ERROR, file, line, what)


def _because(rendered: Rendered) -> str:
    """Which characters force the dearer alphabet on the text."""
    forced_by = segmentation(rendered.body).forced_by
    return f": {' '.join(forced_by)} is not in the SMS alphabet" if forced_by else ""
