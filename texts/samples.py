"""Every text of a wording as it could go out, with short, usual and longest values, for those who judge the wording."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from calls.facts import Language
from texts.fields import LONGEST, clock_time
from texts.render import Rendered, render
from texts.wording import Piece, Wording


class Extent(StrEnum):
    """How long the values are."""

    SHORTEST = "shortest"
    USUAL = "usual"
    LONGEST = "longest"


_RECEIVED: Final = datetime(2026, 1, 14, 14, 5)  # noqa: DTZ001 - a local time, as people read it
_ADDRESS: Final = "https://texts.example.org/s/0123456789ab"
_CODE: Final = "7K3M9X"
_VALUES: Final[Mapping[Extent, Mapping[str, str]]] = {
    Extent.SHORTEST: {"case_number": "1", "code": _CODE, "minutes": "1", "link": "https://t.ca/s/0123456789ab"},
    Extent.USUAL: {"case_number": "26-104233", "code": _CODE, "minutes": "60", "link": _ADDRESS},
    Extent.LONGEST: {
        "case_number": "OPS-2026-104233-".ljust(LONGEST["case_number"], "0"),
        "code": _CODE,
        "minutes": str(timedelta(days=14) // timedelta(minutes=1)),
        "link": "/s/0123456789ab".rjust(LONGEST["link"] - len("https://"), "t").join(("https://", "")),
    },
}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One text. `language`: `None` is both in one. `announces_survey` is of the confirmation alone."""

    piece: Piece
    language: Language | None
    announces_survey: bool
    rendered: Rendered
    group: str | None = None
    """Of the confirmation alone: whose next steps it says."""

    @property
    def is_spoken(self) -> bool:
        """Read aloud to whoever phones our number: it has no segments and costs none."""
        return self.piece is Piece.VOICE

    @property
    def title(self) -> str:
        """Its msgid, and whether it announces the survey."""
        of_group = "" if self.group is None else f", {self.group}"
        return f"{self.piece.value}{', surveys on' if self.announces_survey else ''}{of_group}"


def sample_fields(language: Language, extent: Extent = Extent.USUAL) -> dict[str, str]:
    """Values for all fields that a call gives; the agency's own (name and lines) are its own."""
    today = _RECEIVED.date()
    on = today if extent is not Extent.LONGEST else today + timedelta(days=1)
    return {**_VALUES[extent], "time": clock_time(_RECEIVED, language, on=on)}


def every_text(
    wording: Wording,
    *,
    names: Mapping[Language, str],
    lines: Mapping[str, str],
    extent: Extent = Extent.USUAL,
) -> Iterator[Sample]:
    """Every text in English, in French and in both: the confirmation with and without the survey's line.

    Raises:
        WordingError: one cannot be rendered.
    """
    fields = {each: {**sample_fields(each, extent), **lines, "agency": names[each]} for each in Language}
    for piece in Piece:
        if piece is Piece.CONFIRMATION_SURVEY_LINE:  # goes out behind the confirmation only
            continue
        for announces, group in _variants(wording, piece):
            for language in (*Language, None):
                rendered = render(
                    wording, piece, language, {}, by_language=fields, announce_survey=announces, group=group
                )
                yield Sample(piece=piece, language=language, announces_survey=announces, rendered=rendered, group=group)


def _variants(wording: Wording, piece: Piece) -> Sequence[tuple[bool, str | None]]:
    """Of the confirmation: without and with the survey's line, and with that and the next steps of each group."""
    if piece is not Piece.CONFIRMATION:
        return [(False, None)]
    return [(False, None), (True, None), *((True, group) for group in wording.groups_with_next_steps)]
