"""The two tables of a bundle: their fields, in order, and their lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from insights.open_data.counted import ANSWERED
from insights.open_data.measures import NAMES, OF_CALLS, Measure
from insights.open_data.places import CITY
from insights.open_data.quarters import Quarter
from insights.open_data.shown import BY_ALL, Shown, Told, percent
from survey.questions import Localized, Question

ACTIVITY: Final = "communityconnect_activity.csv"
RESULTS: Final = "communityconnect_survey_results.csv"
Line = Mapping[str, str | int]


class Status(StrEnum):
    """`STATUS`: whether there is a figure, and why not."""

    OK = "OK"
    SUPPRESSED = "SUPPRESSED"
    NO_DATA = "NO_DATA"


class Kind(StrEnum):
    """Of a field, as Table Schema calls it."""

    INTEGER = "integer"
    STRING = "string"
    DATE = "date"


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column. `is_key`: together these are of every line once. `codes`: nothing else stands there."""

    name: str
    kind: Kind
    title: Localized
    is_key: bool = False
    may_be_empty: bool = False
    codes: tuple[str, ...] = ()


def _field(
    name: str, kind: Kind, en: str, fr: str, *, may_be_empty: bool = False, codes: tuple[str, ...] = ()
) -> Field:
    return Field(name=name, kind=kind, title=Localized(en=en, fr=fr), may_be_empty=may_be_empty, codes=codes)


def _key(name: str, kind: Kind, en: str, fr: str, *, codes: tuple[str, ...] = ()) -> Field:
    return Field(name=name, kind=kind, title=Localized(en=en, fr=fr), is_key=True, codes=codes)


LEVELS: Final = ("NEIGHBOURHOOD", "WARD", "DIVISION", "CITY")
_COMMON: Final = (
    _key("YEAR", Kind.INTEGER, "Year", "Année"),
    _key("QUARTER", Kind.INTEGER, "Quarter", "Trimestre", codes=("1", "2", "3", "4")),
    _field("PERIOD_START", Kind.DATE, "First day", "Premier jour"),
    _field("PERIOD_END", Kind.DATE, "Last day", "Dernier jour"),
    _key("GEO_LEVEL", Kind.STRING, "Kind of area", "Type de secteur", codes=LEVELS),
    _key("GEO_ID", Kind.STRING, "Area’s id", "Identifiant du secteur"),
    _field("GEO_VERSION", Kind.STRING, "Version of the map", "Version de la carte", may_be_empty=True),
    _field("GEO_NAME_EN", Kind.STRING, "Area (English)", "Secteur (anglais)"),
    _field("GEO_NAME_FR", Kind.STRING, "Area (French)", "Secteur (français)"),
)
_STATUS: Final = _field("STATUS", Kind.STRING, "Status", "État", codes=tuple(Status))
FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    ACTIVITY: (
        *_COMMON,
        _key("PRIORITY", Kind.STRING, "Priority", "Priorité"),
        _key("MEASURE_ID", Kind.STRING, "Measure", "Mesure", codes=tuple(Measure)),
        _field("MEASURE_EN", Kind.STRING, "Measure (English)", "Mesure (anglais)"),
        _field("MEASURE_FR", Kind.STRING, "Measure (French)", "Mesure (français)"),
        _field("COUNT", Kind.INTEGER, "Count, rounded", "Nombre, arrondi", may_be_empty=True),
        _STATUS,
    ),
    RESULTS: (
        *_COMMON,
        _key("QUESTION_ID", Kind.STRING, "Question’s id", "Identifiant de la question"),
        _field("QUESTION_VERSION", Kind.STRING, "Version of the survey", "Version du sondage"),
        _field("QUESTION_EN", Kind.STRING, "Question (English)", "Question (anglais)"),
        _field("QUESTION_FR", Kind.STRING, "Question (French)", "Question (français)"),
        _key("ANSWER_ID", Kind.STRING, "Answer’s id", "Identifiant de la réponse"),
        _field("ANSWER_EN", Kind.STRING, "Answer (English)", "Réponse (anglais)"),
        _field("ANSWER_FR", Kind.STRING, "Answer (French)", "Réponse (français)"),
        _field("N_ANSWERS", Kind.INTEGER, "Chose it, rounded", "L’ont choisie, arrondi", may_be_empty=True),
        _field(
            "N_RESPONSES",
            Kind.INTEGER,
            "Answered the question, rounded",
            "Ont répondu à la question, arrondi",
            may_be_empty=True,
        ),
        _field("PCT", Kind.INTEGER, "Share in percent", "Part en pourcentage", may_be_empty=True),
        _STATUS,
    ),
}


def lines_of_activity(shown: Shown, quarter: Quarter) -> Iterator[Line]:
    """Of every area, priority and measure; the city last."""
    for at in shown.map.places:
        for priority in (*shown.priorities, None):
            for measure in OF_CALLS:
                told = shown.of_calls(at, priority, measure)
                yield {**_common(shown, quarter, at), **_of_measure(measure, priority, told)}
    for measure, figure in ((Measure.OPT_OUTS, shown.opt_outs), (Measure.SURVEY_RESPONSES, shown.surveys)):
        yield {**_common(shown, quarter, CITY), **_of_measure(measure, None, Told(figure=figure))}


def _of_measure(measure: Measure, priority: int | None, told: Told) -> Line:
    is_shown = bool(told.figure)
    return {
        "PRIORITY": BY_ALL if priority is None else str(priority),
        "MEASURE_ID": measure,
        "MEASURE_EN": NAMES[measure].en,
        "MEASURE_FR": NAMES[measure].fr,
        "COUNT": told.figure if told.figure else "",
        "STATUS": Status.OK if is_shown else Status.NO_DATA if told.is_empty else Status.SUPPRESSED,
    }


def lines_of_results(shown: Shown, quarter: Quarter, *, survey_version: str, was_on: bool) -> Iterator[Line]:
    """Of every area of which enough is known, and the city last; of every question and option. `was_on`: there was a
    survey in the quarter."""
    least = 2 * shown.base
    for at in shown.map.places:
        if at != CITY and at not in shown.survey_plan.told:
            continue
        for question in shown.questions:
            answered = shown.of_survey(at, question, ANSWERED) or 0
            for option in question.options:
                chose = shown.of_survey(at, question, option.id) or 0
                is_told = chose > 0 and answered >= least
                yield {
                    **_common(shown, quarter, at),
                    **_of_question(question, survey_version),
                    "ANSWER_ID": option.id,
                    "ANSWER_EN": option.text.en,
                    "ANSWER_FR": option.text.fr,
                    "N_ANSWERS": chose if is_told else "",
                    "N_RESPONSES": answered if is_told else "",
                    "PCT": percent(chose, answered) if is_told else "",
                    "STATUS": Status.OK if is_told else Status.SUPPRESSED if was_on else Status.NO_DATA,
                }


def _of_question(question: Question, survey_version: str) -> Line:
    return {
        "QUESTION_ID": question.id,
        "QUESTION_VERSION": survey_version,
        "QUESTION_EN": question.text.en,
        "QUESTION_FR": question.text.fr,
    }


def _common(shown: Shown, quarter: Quarter, at: str) -> Line:
    place = shown.map.places[at]
    return {
        "YEAR": quarter.year,
        "QUARTER": quarter.quarter,
        "PERIOD_START": quarter.first_day.isoformat(),
        "PERIOD_END": quarter.last_day.isoformat(),
        "GEO_LEVEL": place.level,
        "GEO_ID": place.id,
        "GEO_VERSION": shown.map.version,
        "GEO_NAME_EN": place.name.en,
        "GEO_NAME_FR": place.name.fr,
    }
