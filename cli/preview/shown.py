"""What there is to see of an agency's texts: each with its segments, its cost and what makes it dear."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from calls.facts import Language
from policy.agency import Agency, SegmentPrice
from texts.readability import reading_ease
from texts.samples import Extent, Sample, every_text
from texts.segments import Encoding, Segmentation, segmentation


@dataclass(frozen=True, kw_only=True)
class Forced:
    """A character that makes a whole text dear: it is not in the SMS alphabet. `position` counts from 1."""

    character: str
    name: str
    position: int


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One text in one language, or in both (`None`). `at_most`: its segments with the longest values."""

    language: Language | None
    body: str
    cost: Segmentation
    at_most: int
    price: SegmentPrice | None
    is_spoken: bool

    @property
    def amount(self) -> Decimal | None:
        """What one costs; `None` where the folder says no price."""
        return None if self.price is None else self.cost.segments * self.price.amount

    @property
    def forced(self) -> list[Forced]:
        """What makes it travel in UCS-2, in order."""
        return [
            Forced(character=char, name=unicodedata.name(char, f"U+{ord(char):04X}"), position=place + 1)
            for char, place in zip(self.cost.forced_by, self.cost.forced_at, strict=True)
        ]

    @property
    def ease(self) -> int | None:
        """How easy it reads; `None` of two languages in one."""
        return None if self.language is None else reading_ease(self.body, self.language)

    @property
    def parts(self) -> Iterator[tuple[str, bool]]:
        """The body in pieces, with whether a piece is what makes it dear."""
        is_dear, piece = False, ""
        for char in self.body:
            if (char in self.cost.forced_by) != is_dear:
                yield piece, is_dear
                is_dear, piece = not is_dear, ""
            piece += char
        yield piece, is_dear


@dataclass(frozen=True, kw_only=True)
class ShownText:
    """One text: English, French and both. `key` names it as the wording does; `is_used`: the policy sends it so."""

    key: str
    is_used: bool
    versions: Sequence[Shown]

    @property
    def is_spoken(self) -> bool:
        return self.versions[0].is_spoken


def texts_shown(agency: Agency) -> list[ShownText]:
    """Every text of the agency.

    Raises:
        WordingError: one cannot be rendered.
    """
    usual, longest = (
        every_text(agency.wording, names=agency.identity.name, lines=agency.identity.lines, extent=extent)
        for extent in (Extent.USUAL, Extent.LONGEST)
    )
    grouped: dict[str, list[tuple[Sample, Sample]]] = {}
    for sample, longer in zip(usual, longest, strict=True):
        grouped.setdefault(sample.title, []).append((sample, longer))
    return [
        ShownText(
            key=key,
            is_used=_is_used(pairs[0][0], agency),
            versions=[_shown(sample, longer, agency) for sample, longer in pairs],
        )
        for key, pairs in grouped.items()
    ]


def _shown(sample: Sample, longer: Sample, agency: Agency) -> Shown:
    return Shown(
        language=sample.language,
        body=sample.rendered.body,
        cost=segmentation(sample.rendered.body),
        at_most=longer.rendered.segments,
        price=agency.identity.segment_price,
        is_spoken=sample.is_spoken,
    )


def _is_used(sample: Sample, agency: Agency) -> bool:
    """Of the two confirmations only the one that fits the survey's switch goes out; without surveys no link does."""
    surveys = agency.policy.timetable.survey.enabled
    if sample.piece.value == "confirmation":
        return sample.announces_survey == surveys
    return surveys or sample.piece.value != "survey"


def is_dear(shown: Shown) -> bool:
    """It travels in the alphabet of 70 signs a segment."""
    return not shown.is_spoken and shown.cost.encoding is Encoding.UCS2
