"""Quarters of a city as large as Ottawa, made up, for the open data of a demonstration: nobody made these calls, and
nobody gave these answers."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from sqlmodel import Session

from activities.prepare_open_data import Beat
from insights.open_data.counted import ANSWERED, CallCounts, QuarterCounts
from insights.open_data.quarters import Quarter
from policy.agency import Agency
from policy.open_data import Addresses, Areas, Contact, Level, Licence, OpenData, Place
from survey.areas import closed_questions
from survey.questions import Localized, Question

_DIVISIONS: Final = (("west", "West", "Ouest"), ("central", "Central", "Centre"), ("east", "East", "Est"))
_WARDS: Final = 24
_CALLS_A_WARD: Final = 2_850
"""274,075 calls a year, of 24 wards."""


def demonstration_areas(wards: int = _WARDS) -> Areas:
    """Divisions and wards in them, without boundaries."""
    divisions = [
        Place(id=id_, level=Level.DIVISION, name=Localized(en=f"{en} Division", fr=f"Division {fr}"))
        for id_, en, fr in _DIVISIONS
    ]
    places = [
        Place(
            id=f"{number:02}",
            level=Level.WARD,
            name=Localized(en=f"Ward {number}", fr=f"Quartier {number}"),
            within=_DIVISIONS[number % len(_DIVISIONS)][0],
        )
        for number in range(1, wards + 1)
    ]
    return Areas(version="2022", places=(*divisions, *places))


def demonstrating(agency: Agency, areas: Areas, *, least_calls_survey: int = 10_000) -> Agency:
    """The agency, with what its folder leaves open filled in."""
    told = OpenData(
        enabled=True,
        publisher=Localized(en="A demonstration", fr="Une démonstration"),
        licence=Licence(
            title=Localized(en="A demonstration: made-up figures", fr="Une démonstration : chiffres inventés"),
            address=Addresses(en="https://example.org/licence", fr="https://example.org/licence-fr"),
        ),
        contact=Contact(name=Localized(en="Open data", fr="Données ouvertes"), email="open-data@example.org"),
        address="https://example.org/",
        least_calls_survey=least_calls_survey,
        areas=areas,
    )
    return agency.model_copy(update={"open_data": told})


class MadeUp:
    """Counts quarters that never were: the same ones whenever it is asked."""

    def __init__(self, *, scale: float = 1.0) -> None:
        self._scale = scale

    def __call__(self, _session: Session, agency: Agency, quarter: Quarter, *, beat: Beat) -> QuarterCounts:
        beat("makes up what happened")
        areas = agency.open_data.areas if agency.open_data else None
        assert areas is not None  # noqa: S101 - see `demonstrating`
        draw = Random(str(quarter))  # noqa: S311 - made up
        return _counts(draw, areas, closed_questions(agency.survey), self._scale)


def last_quarters(last: Quarter, number: int) -> Sequence[Quarter]:
    """So many up to `last`, the earliest first."""
    found = [last]
    while len(found) < number:
        found.insert(0, found[0].before)
    return found


def _counts(draw: Random, areas: Areas, questions: Sequence[Question], scale: float) -> QuarterCounts:
    wards = [place for place in areas.places if place.level is Level.WARD]
    calls: dict[tuple[str | None, int], CallCounts] = {
        (ward.id, priority): _calls(draw, round(scale * _CALLS_A_WARD * part * draw.lognormvariate(0, 0.4)))
        for ward in wards
        for priority, part in ((3, 0.6), (4, 0.4))
    }
    tastes = {question.id: _shares(Random(question.id), question) for question in questions}  # noqa: S311 - made up
    answers: dict[tuple[str, str], int] = {}
    by_area: dict[tuple[str, str, str], int] = {}
    for ward in wards:
        surveys = round(sum(calls[ward.id, priority].invited for priority in (3, 4)) * draw.uniform(0.12, 0.22))
        for id_, counts in _answers(draw, questions, tastes, surveys).items():
            counted = {option: round(count / len(questions)) for option, count in counts.items()}
            for option, count in {**counts, ANSWERED: sum(counts.values())}.items():
                answers[id_, option] = answers.get((id_, option), 0) + count
            for option, count in {**counted, ANSWERED: sum(counted.values())}.items():
                by_area[ward.id, id_, option] = count
    return QuarterCounts(calls=calls, opt_outs=round(60 * draw.uniform(0.6, 1.4)), answers=answers, by_area=by_area)


def _calls(draw: Random, known: int) -> CallCounts:
    eligible = round(known * draw.uniform(0.55, 0.7))
    sent = round(eligible * draw.uniform(0.9, 0.97))
    once = round(sent * draw.uniform(0.3, 0.45))
    told = (once, round(once * 0.4), round(once * 0.15))
    delivered, invited = round(sent * draw.uniform(0.94, 0.99)), round(sent * draw.uniform(0.6, 0.75))
    return CallCounts(known=known, eligible=eligible, sent=sent, delivered=delivered, told=told, invited=invited)


def _shares(draw: Random, question: Question) -> Mapping[str, float]:
    """Of each option; towards the later ones, which say yes."""
    drawn = {option.id: draw.random() ** 2 * (index + 1) for index, option in enumerate(question.options)}
    if "na" in drawn:
        drawn["na"] = 0.2
    return {option: share / sum(drawn.values()) for option, share in drawn.items()}


def _answers(
    draw: Random, questions: Sequence[Question], tastes: Mapping[str, Mapping[str, float]], surveys: int
) -> Mapping[str, Mapping[str, int]]:
    """By question and option. Asked are those whose earlier answer leads to it; one in twenty leaves it out."""
    found: dict[str, dict[str, int]] = {}
    for question in questions:
        asked, gate = surveys, question.only_if
        if gate is not None:
            before = found[gate.question]
            asked = sum(count for option, count in before.items() if not gate.answers or option in gate.answers)
        shares = tastes[question.id].items()
        drawn = {option: share * draw.uniform(0.8, 1.2) for option, share in shares}
        found[question.id] = {
            option: int(0.95 * asked * share / sum(drawn.values())) for option, share in drawn.items()
        }
    return found
