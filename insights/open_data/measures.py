"""What is counted of calls, in the order in which one lies within another, and the words for it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from survey.questions import Localized


class Measure(StrEnum):
    """`MEASURE_ID`."""

    CALLS_ELIGIBLE = "CALLS_ELIGIBLE"
    CONFIRMATIONS_SENT = "CONFIRMATIONS_SENT"
    CONFIRMATIONS_DELIVERED = "CONFIRMATIONS_DELIVERED"
    CALLS_DELAYED = "CALLS_DELAYED"
    DELAY_NOTICES = "DELAY_NOTICES"
    SURVEY_INVITATIONS = "SURVEY_INVITATIONS"
    OPT_OUTS = "OPT_OUTS"
    SURVEY_RESPONSES = "SURVEY_RESPONSES"


OF_CALLS: Final[tuple[Measure, ...]] = tuple(Measure)[:6]
"""Told of every area and priority."""
OF_THE_CITY: Final[tuple[Measure, ...]] = tuple(Measure)[6:]
WITHIN: Final[Mapping[Measure, Measure]] = {
    Measure.CONFIRMATIONS_SENT: Measure.CALLS_ELIGIBLE,
    Measure.CONFIRMATIONS_DELIVERED: Measure.CONFIRMATIONS_SENT,
    Measure.CALLS_DELAYED: Measure.CONFIRMATIONS_SENT,
    Measure.SURVEY_INVITATIONS: Measure.CONFIRMATIONS_SENT,
}
"""Each of these calls is among those: everybody knows that one is not more than the other. `DELAY_NOTICES` is no count
of calls: it is those told once at least, twice at least, and so on, added up."""

NAMES: Final[Mapping[Measure, Localized]] = {
    Measure.CALLS_ELIGIBLE: Localized(
        en="Calls whose caller was to be told by text", fr="Appels dont l’auteur devait être avisé par texto"
    ),
    Measure.CONFIRMATIONS_SENT: Localized(en="Calls confirmed by text", fr="Appels confirmés par texto"),
    Measure.CONFIRMATIONS_DELIVERED: Localized(
        en="Calls whose confirmation arrived", fr="Appels dont la confirmation est arrivée"
    ),
    Measure.CALLS_DELAYED: Localized(
        en="Calls whose caller was told of a delay", fr="Appels dont l’auteur a été avisé d’un retard"
    ),
    Measure.DELAY_NOTICES: Localized(en="Delay notices sent", fr="Avis de retard envoyés"),
    Measure.SURVEY_INVITATIONS: Localized(
        en="Calls whose caller was sent the survey", fr="Appels dont l’auteur a reçu le sondage"
    ),
    Measure.OPT_OUTS: Localized(en="Numbers that said STOP", fr="Numéros qui ont dit STOP ou ARRÊT"),
    Measure.SURVEY_RESPONSES: Localized(
        en="Surveys with an answer to the first question", fr="Sondages avec une réponse à la première question"
    ),
}
