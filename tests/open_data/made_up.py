"""Made-up quarters of a made-up city, and bundles of them in a folder, as the service writes them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

from database.encryption import load_keyring, new_key
from insights.open_data.attack import World
from insights.open_data.bundle import Geometries, write_bundle
from insights.open_data.counted import ANSWERED, CallCounts, QuarterCounts
from insights.open_data.edition import Edition
from insights.open_data.places import Map
from insights.open_data.quarters import Quarter
from insights.open_data.released import Released
from insights.open_data.shown import Rules, Shown
from policy.agency import Agency
from policy.open_data import Addresses, Areas, Contact, Level, Licence, OpenData, Place
from survey.areas import closed_questions
from survey.questions import Localized, Question, QuestionKind

SECRET = b"not known to the attacker"
KEYRING = load_keyring(encryption_keys=f"k1:{new_key()}", lookup_key=new_key())
PREPARED = datetime(2026, 11, 16, 5, tzinfo=UTC)
Q3 = Quarter(2026, 3)
_NOTICES = 3


class PublicCall(NamedTuple):
    """A row of the public list."""

    year: int
    hour: int
    dow: int
    ward: str
    neighbourhood: str
    priority: int


def said(words: str) -> Localized:
    return Localized(en=words, fr=f"{words} (fr)")


def open_data(areas: Areas | None = None, *, least_calls_survey: int = 400) -> OpenData:
    return OpenData(
        enabled=True,
        publisher=said("A made-up service"),
        licence=Licence(
            title=said("A made-up licence"),
            address=Addresses(en="https://example.org/licence", fr="https://example.org/licence-fr"),
        ),
        contact=Contact(name=said("Open data"), email="data@example.org"),
        address="https://example.org/data/",
        least_calls_survey=least_calls_survey,
        areas=areas,
    )


def publishing(agency: Agency, areas: Areas | None = None, *, least_calls_survey: int = 400) -> Agency:
    """The agency, with everything filled in."""
    return agency.model_copy(update={"open_data": open_data(areas, least_calls_survey=least_calls_survey)})


def areas_of(draw: Random) -> Areas:
    """Divisions, wards in them, neighbourhoods in these; a ward may have none, or lie in no division."""
    places: list[Place] = []
    for division in range(draw.randint(1, 3)):
        places.append(Place(id=f"D{division}", level=Level.DIVISION, name=said(f"Division {division}")))
        for ward in range(draw.randint(1, 5)):
            id_ = f"{division}-{ward}"
            within = None if draw.random() < 0.05 else f"D{division}"
            places.append(Place(id=id_, level=Level.WARD, name=said(f"Ward {id_}"), within=within))
            for number in range(draw.choice([0, 0, 1, 2, 4])):
                name = f"{id_}-{number}"
                places.append(Place(id=name, level=Level.NEIGHBOURHOOD, name=said(f"Part {name}"), within=id_))
    return Areas(version="2024", places=tuple(places))


@dataclass(frozen=True, kw_only=True)
class MadeUp:
    """What happened, and what everybody can know of it."""

    counts: QuarterCounts
    public: Sequence[PublicCall]


def a_quarter(draw: Random, areas: Areas, questions: Sequence[Question]) -> MadeUp:
    """Sizes and shares of every kind: nobody, everybody, nearly everybody."""
    inner = {place.within for place in areas.places}
    smallest = [place for place in areas.places if place.id not in inner or draw.random() < 0.1]
    public: list[PublicCall] = []
    calls: dict[tuple[str | None, int], CallCounts] = {}
    for place in smallest:
        size = draw.lognormvariate(4.5, 1.2)
        for priority in (3, 4):
            known = round(size * draw.uniform(0.2, 1.5))
            ward = place.within or "" if place.level is Level.NEIGHBOURHOOD else place.id
            public += [
                PublicCall(2026, draw.randrange(24), draw.randrange(7), ward, place.id, priority) for _ in range(known)
            ]
            calls[place.id, priority] = _calls(draw, known)
    invited = sum(one.invited for one in calls.values())
    answers, by_area = _answers(draw, round(invited * draw.choice([0.02, 0.17, 0.6, 1.0])), questions, smallest)
    counts = QuarterCounts(calls=calls, opt_outs=draw.randrange(60), answers=answers, by_area=by_area)
    return MadeUp(counts=counts, public=public)


def _calls(draw: Random, known: int) -> CallCounts:
    def part(of: int) -> int:
        return round(of * draw.choice([0.0, 0.1, draw.random(), 0.9, 0.99, 1.0, 1.0]))

    eligible = part(known)
    sent = part(eligible)
    told = [part(sent)]
    while len(told) < _NOTICES:
        told.append(part(told[-1]))
    return CallCounts(
        known=known, eligible=eligible, sent=sent, delivered=part(sent), told=tuple(told), invited=part(sent)
    )


def _answers(
    draw: Random, surveys: int, questions: Sequence[Question], places: Sequence[Place]
) -> tuple[Mapping[tuple[str, str], int], Mapping[tuple[str, str, str], int]]:
    """One survey after the other, by the survey's own skip logic; one answer of each is counted by area, too."""
    answers: Counter[tuple[str, str]] = Counter()
    by_area: Counter[tuple[str, str, str]] = Counter()
    tastes = {question.id: [draw.random() ** 3 for _ in question.options] for question in questions}
    for _ in range(surveys):
        given: dict[str, list[str]] = {}
        for question in questions:
            gate = question.only_if
            chosen_before = set(given.get(gate.question, ())) if gate else set()
            if gate and not (chosen_before & set(gate.answers) if gate.answers else chosen_before):
                continue
            if draw.random() < 0.05:
                continue
            names = [option.id for option in question.options]
            chosen = draw.choices(names, tastes[question.id], k=1)
            alone = {option.id for option in question.options if option.alone}
            if question.kind is QuestionKind.MULTI_CHOICE and not set(chosen) & alone:
                chosen = sorted({*chosen, *(name for name in names if name not in alone and draw.random() < 0.2)})
            given[question.id] = chosen
        drawn, place = draw.choice(questions).id, draw.choice(places).id
        for id_, chosen in given.items():
            for option in (*chosen, ANSWERED):
                answers[id_, option] += 1
                by_area[place, id_, option] += id_ == drawn
    return answers, +by_area


def late(draw: Random, made: MadeUp) -> MadeUp:
    """The same quarter, counted again: some calls came late."""
    calls, public = dict(made.counts.calls), list(made.public)
    for key in draw.sample(sorted(calls, key=str), k=min(3, len(calls))):
        one = calls[key]
        calls[key] = replace(one, known=one.known + 1, eligible=one.eligible + 1, sent=one.sent + 1)
        public.append(PublicCall(2026, 3, 3, "", str(key[0]), key[1]))
    return MadeUp(counts=replace(made.counts, calls=calls), public=public)


def map_of(agency: Agency) -> Map:
    return Map(id=agency.key, areas=agency.open_data.areas if agency.open_data else None)


def shown_of(
    made: MadeUp, agency: Agency, *, quarter: Quarter = Q3, earlier: Shown | None = None, secret: bytes = SECRET
) -> Shown:
    assert agency.open_data is not None
    return Shown(
        made.counts,
        map_=map_of(agency),
        quarter=quarter,
        priorities=agency.policy.eligibility.priorities,
        survey=agency.survey,
        rules=Rules(
            base=agency.open_data.base,
            least_calls=agency.open_data.least_calls,
            least_calls_survey=agency.open_data.least_calls_survey,
            secret=secret,
        ),
        known=None if earlier is None else earlier.known,
    )


def written(
    folder: Path,
    shown: Shown,
    agency: Agency,
    *,
    quarter: Quarter = Q3,
    version: int = 1,
    geometries: Geometries | None = None,
) -> dict[str, bytes]:
    """The bundle's files, as they lie in the folder."""
    folder.mkdir(parents=True)
    reason = said("Calls that came late") if version > 1 else None
    edition = Edition.of(agency, quarter, version=version, reason=reason, prepared_at=PREPARED)
    write_bundle(folder, edition, shown, survey_version=agency.survey.version, was_on=True, geometries=geometries)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def world_of(agency: Agency, public: Mapping[tuple[Quarter, int], Sequence[PublicCall]]) -> World:
    """What the attacker has besides the files: the list as it was at each version, counted by himself."""
    assert agency.open_data is not None
    listed: dict[tuple[Quarter, int], dict[int, dict[str, int]]] = {}
    for version, rows in public.items():
        counted = Counter((row.priority, row.neighbourhood) for row in rows)
        listed[version] = {3: {}, 4: {}}
        for (priority, place), number in counted.items():
            listed[version][priority][place] = number
    return World(
        map=map_of(agency),
        questions=closed_questions(agency.survey),
        calls={quarter: calls for (quarter, version), calls in listed.items() if version == 1},
        listed=listed,
        least_calls=agency.open_data.least_calls,
        least_calls_survey=agency.open_data.least_calls_survey,
        most_notices=_NOTICES,
    )


def read(files: Mapping[str, bytes], agency: Agency) -> Released:
    return Released.read(files, map_of(agency))
