"""From wording to the text that goes out: fields filled in, money saved on typography, never on letters."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from calls.contracts import Kind
from calls.facts import Language
from texts.fields import UnfitValue, fit
from texts.segments import Encoding, segmentation
from texts.wording import NEXT_STEPS, PLACEHOLDER, Piece, Wording, WordingError

LOOK_ALIKES: Final[Mapping[str, str]] = {
    "\u2018": "'",  # ‘
    "\u2019": "'",  # ’
    "\u201a": "'",  # ‚
    "\u201c": '"',  # “
    "\u201d": '"',  # ”
    "\u201e": '"',  # „
    "\u00ab": '"',  # «
    "\u00bb": '"',  # »
    "\u2010": "-",  # hyphen
    "\u2011": "-",  # non-breaking hyphen
    "\u2013": "-",  # –
    "\u2014": "-",  # —
    "\u2212": "-",  # minus
    "\u2026": "...",  # …
    "\t": " ",
    "\u00a0": " ",  # no-break space
    "\u2009": " ",  # thin space
    "\u202f": " ",  # narrow no-break space
    "\u200b": "",  # zero-width space
    "\ufeff": "",  # byte order mark
}
"""One such character makes a text cost two to three times as much and tells the reader nothing. Letters never stand
here: a French text without its accents is a worse text."""

_QUOTED_SPACE = re.compile("«[ \u00a0\u202f\u2009]|[ \u00a0\u202f\u2009]»")
_TABLE = str.maketrans(dict(LOOK_ALIKES))
BOTH: Final = "en+fr"
_NOTHING_MORE: Final[Mapping[Language, Mapping[str, str]]] = {}


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A text ready to send. `language` is `en`, `fr` or `en+fr`, as it stands in the ledger."""

    body: str
    language: str
    segments: int
    encoding: Encoding


def render(
    wording: Wording,
    kind: Kind | Piece,
    language: Language | None,
    fields: Mapping[str, str],
    *,
    by_language: Mapping[Language, Mapping[str, str]] = _NOTHING_MORE,
    announce_survey: bool = False,
    group: str | None = None,
) -> Rendered:
    """The text in the caller's language, or in both, English first, when that is not known.

    `fields` are the values of the placeholders, as `case_number`, and `by_language` those that languages say in their
    own way, as `agency`; more than needed may be given. `announce_survey` adds the confirmation's line about the
    survey, `group` the next steps of calls of that group, if it has any; for other kinds both change nothing.

    Raises:
        WordingError: the template asks for a field that is not given, or whose value may not stand in a text.
    """
    piece = Piece(kind.value)
    pieces: list[str] = [piece]
    if piece is Piece.CONFIRMATION and group in wording.groups_with_next_steps:
        pieces.append(f"{NEXT_STEPS}{group}")
    if piece is Piece.CONFIRMATION and announce_survey:
        pieces.append(Piece.CONFIRMATION_SURVEY_LINE)
    languages = [language] if language is not None else list(Language)
    body = "\n\n".join(
        " ".join(fill(wording, part, each, {**fields, **by_language.get(each, {})}) for part in pieces)
        for each in languages
    )
    cost = segmentation(body)
    return Rendered(body=body, language=language or BOTH, segments=cost.segments, encoding=cost.encoding)


def fill(wording: Wording, piece: str, language: Language, fields: Mapping[str, str]) -> str:
    """One template with its fields, composed (NFC) and without costly typography.

    Raises:
        WordingError: the template asks for a field that is not given, or whose value may not stand in a text.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in fields:
            raise WordingError(f"{language}: {str(piece)!r} asks for {{{name}}}, which was not given")
        try:
            return fit(name, fields[name])
        except UnfitValue as unfit:
            raise WordingError(f"{language}: {str(piece)!r}: {unfit}") from None

    return plain(PLACEHOLDER.sub(value, wording.templates[language][piece]))


def plain(text: str) -> str:
    """The text composed (NFC), with every look-alike of the table replaced."""
    composed = unicodedata.normalize("NFC", text)
    return _QUOTED_SPACE.sub('"', composed).translate(_TABLE)
