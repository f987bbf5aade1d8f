"""A month of the report without what is of too few people, and without what would give that away.

Every call has a caller and every text a reader: a rule of which two calls are is two people, whoever counts it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from calls.contracts import WENT_OUT
from insights.counted import Counted, Terms, Wait
from insights.small import Hidden, Sum, hidden
from insights.values import Told, Unit, Value

_Key = tuple[str, str, str]
_WAITS: Final = ("delays", "waits", "")
_NOT_ARRIVED: Final = ("texts", "not_arrived", "")
_COUNTS: Final = (Unit.CALLS, Unit.TEXTS, Unit.PEOPLE)
_PARTS: Final[Mapping[tuple[str, str], Sequence[str]]] = {
    ("calls", "received"): ("eligible", "undecided", "ineligible"),
    ("calls", "ineligible"): ("not_eligible_by",),
    ("told", "confirmations_owed"): ("told", "told_unknown", "not_told"),
    ("told", "not_told"): ("not_told_by",),
    ("delays", "waited_longer"): ("delay_told", "delay_unknown", "delay_not_told"),
    ("delays", "delay_not_told"): ("delay_not_told_by",),
    ("texts", "texts_due"): ("texts_of_kind",),
    ("texts", "texts_suppressed"): ("suppressed_by",),
    ("texts", "texts_expired"): ("expired_by",),
    ("texts", "not_arrived"): ("not_arrived_by",),
    ("cost", "segments"): ("segments_of_kind",),
}
"""What a figure is the sum of: other figures, or all lines of one by rule, kind or code."""
_STATES: Final = ("taken", "refused", "unknown", "waiting", "suppressed", "expired")
_SOME_OF: Final[Sequence[tuple[_Key, _Key]]] = (
    (("told", "told", ""), ("told", "told_in_time", "")),
    (("calls", "eligible", ""), ("told", "without_confirmation", "")),
    (("delays", "notices_due", ""), ("delays", "notices_sent", "")),
    (_WAITS, ("delays", "waited_longer", "")),
    (("texts", "texts_due", ""), ("texts", "texts_landline", "")),
    (("survey", "survey_sent", ""), ("survey", "survey_answered", "")),
    # The same number stands in two sections.
    (("texts", "texts_of_kind", "delay"), ("delays", "notices_due", "")),
)
"""Whole and part: what the part is short of the whole is a figure, too."""
_OF: Final[Mapping[str, _Key]] = {
    "waited_longer": _WAITS,
    "notices_sent": ("delays", "notices_due", ""),
    "told_in_time": ("told", "told", ""),
    "without_confirmation": ("calls", "eligible", ""),
    "survey_answered": ("survey", "survey_sent", ""),
}
_OF_SECTION: Final[Mapping[str, _Key]] = {
    "calls": ("calls", "received", ""),
    "told": ("told", "confirmations_owed", ""),
    "delays": ("delays", "waited_longer", ""),
    "texts": ("texts", "texts_due", ""),
    "cost": ("cost", "segments", ""),
}
"""Whose number stands under "out of"."""
_OF_THOSE_TOLD: Final = ("told_median", "told_p95")


def without_few(sections: Mapping[str, Sequence[Told]], month: Counted, terms: Terms) -> dict[str, list[Told]]:
    """The same sections. Lines by rule, kind or code of which the number is not shown come last, by their name: their
    place would tell more."""
    counts = _counts(sections, month)
    why = hidden(counts, list(_sums(counts)), at_least=terms.at_least)
    found = {}
    for section, told in sections.items():
        values = [(figure, about, _shown(section, figure, about, value, why)) for figure, about, value in told]
        first = {figure: place for place, (figure, _, _) in reversed(list(enumerate(values)))}
        found[section] = sorted(
            values,
            key=lambda one: (first[one[0]], one[2].hidden is not None, one[1] if one[2].hidden is not None else ""),
        )
    return found


def _counts(sections: Mapping[str, Sequence[Told]], month: Counted) -> dict[_Key, int]:
    """Of how many calls, texts or people each figure is; of segments, of how many texts."""
    counts: dict[_Key, int] = {
        (section, figure, about): int(value.number)
        for section, told in sections.items()
        for figure, about, value in told
        if value.unit in _COUNTS and value.number is not None
    }
    counts[_WAITS] = month.count(lambda calls: calls.wait is not Wait.NOT_OURS)
    counts[_NOT_ARRIVED] = sum(counts["texts", f"texts_{state}", ""] for state in ("undelivered", "refused"))
    counts["cost", "segments", ""] = month.texts_of(lambda texts: texts.state in WENT_OUT)
    for figure, kind, _ in sections["cost"]:
        if figure == "segments_of_kind":
            of_kind = month.texts_of(lambda texts, kind=kind: texts.kind == kind and texts.state in WENT_OUT)  # type: ignore[misc]
            counts["cost", figure, kind] = of_kind
    return counts


def _sums(counts: Mapping[_Key, int]) -> Iterator[Sum[_Key]]:
    for (section, total), figures in _PARTS.items():
        yield Sum((section, total, ""), [key for key in counts if key[0] == section and key[1] in figures])
    yield Sum(("texts", "texts_due", ""), [("texts", f"texts_{state}", "") for state in _STATES])
    yield Sum(_NOT_ARRIVED, [("texts", f"texts_{state}", "") for state in ("undelivered", "refused")])
    arrived: list[_Key] = [("texts", f"texts_{state}", "") for state in ("delivered", "undelivered")]
    taken: _Key = ("texts", "texts_taken", "")
    yield Sum(taken, arrived, rest=counts[taken] - sum(counts[key] for key in arrived))
    for whole, part in _SOME_OF:
        if counts[whole] >= counts[part]:
            yield Sum(whole, [part], rest=counts[whole] - counts[part])


def _shown(section: str, figure: str, about: str, value: Value, why: Mapping[_Key, Hidden]) -> Value:
    key = (section, figure, about)
    if figure == "cost":
        key = ("cost", "segments", "")
    elif figure in _OF_THOSE_TOLD:
        key = ("told", "told", "")
    base = _OF.get(figure) or _OF_SECTION.get(section)
    if base in why:
        value = replace(value, of=None, sure=None)
    if key not in why or value.number is None:
        return value
    return replace(value, number=None, hidden=why[key], sure=None)
