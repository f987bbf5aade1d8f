"""What somebody tries who has the counts by area, too, of every night, and knows where each caller lives."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import log
from random import Random
from typing import Any

from survey.areas import Place
from survey.questions import Question
from tests.survey.attack import Possible
from tests.survey.loot import Invitation, Loot, Response
from tests.survey.month import Town
from web.residents.submission import Submitted

Batch = Counter[str]
"""By option, of one question in one area; empty: how many answered it."""


@dataclass
class Talkative(Town):
    """Everybody answers all that is asked, as people do: much alike, each in his own way."""

    said: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By call, what nobody may find out."""

    def sent(self, token: str, at: Any, *, tag: str = "", **values: Any) -> Submitted:
        chance = Random(self.truth[tag])
        spoke = values["Q6"] in ("in_person", "by_phone")

        def mark() -> object:
            return chance.choice([values["Q1"], values["Q1"], *"12345", "na"])

        more = {id_: mark() for id_ in ("Q2", "Q3", "Q4", *(("Q7", "Q8", "Q9") if spoke else ()))}
        problems = [one for one in ("driving", "noise", "theft", "drugs", "other") if chance.random() < 0.25]
        values |= {**more, "Q10": problems or ["none"]}
        self.said[self.truth[tag]] = values
        return super().sent(token, at, tag=tag, **values)


def batches(loot: Loot) -> dict[tuple[str, str], list[tuple[int, Batch]]]:
    """By area and question, what each night added. Without copies all is one night's."""
    nights = loot.nights or {0: loot.by_area}
    found: dict[tuple[str, str], list[tuple[int, Batch]]] = defaultdict(list)
    before: Mapping[Place, int] = {}
    for night, counts in sorted(nights.items()):
        new: dict[tuple[str, str], Batch] = defaultdict(Batch)
        for place, count in counts.items():
            if place.question and count > before.get(place, 0):
                new[place.area, place.question][place.option] += count - before.get(place, 0)
        for key, batch in new.items():
            found[key].append((night, batch))
        before = counts
    return found


@dataclass(frozen=True, kw_only=True)
class BesideTheCounts:
    """Whose area's batch, of those after the answer was written, looks most as if the answer were in it.

    `drawn`: how likely one answer of a survey is to be counted at all. `waits`: how much is made of what one who waited
    so long will have said; nothing, for its own sake.
    """

    questions: Sequence[Question]
    drawn: float
    waits: float = 0.0

    def __call__(self, loot: Loot, possible: Possible) -> Mapping[str, Invitation]:
        found = batches(loot)
        everywhere: dict[str, Batch] = defaultdict(Batch)
        for (_, question), added in found.items():
            for _, batch in added:
                everywhere[question].update(batch)

        def likely(row: Response, one: Invitation) -> float:
            area = str(one.context.get("area"))
            sums = -self.waits * abs(int(row.answers["Q5"]) - max(1, min(5, 5 - int(one.waited / timedelta(hours=1)))))
            for question, option in _options(row, self.questions):
                batch = _first(found.get((area, question), ()), row.first_seen)
                if batch is None or not everywhere[question][option]:
                    continue
                ratio = batch[option] / batch[""] / (everywhere[question][option] / everywhere[question][""])
                sums += log(max(1 - self.drawn + self.drawn * ratio, 1e-6))
            return sums

        return {
            row.id: max(possible[row.id], key=lambda one: (likely(row, one), one.used, one.call_id))
            for row in loot.responses
        }


def _options(row: Response, questions: Sequence[Question]) -> Iterator[tuple[str, str]]:
    for question in questions:
        given = row.answers.get(question.id, [])
        for option in [given] if isinstance(given, str) else given:
            yield question.id, option


def _first(added: Sequence[tuple[int, Batch]], since: int | None) -> Batch | None:
    return next((batch for night, batch in added if since is None or night >= since), None)


@dataclass(frozen=True, kw_only=True)
class Told:
    """How often it is right that a caller said what the next batch of his area says most often; `town`: and what the
    whole town says most often; `alike`: of the batches in which all said the same."""

    batch: float
    town: float
    alike: float
    guesses: int
    guesses_alike: int


def told_of_people(loot: Loot, said: Mapping[str, Mapping[str, Any]]) -> Told:
    """Of each caller who has answered, and each question with one answer."""
    found = batches(loot)
    everywhere: dict[str, Batch] = defaultdict(Batch)
    for (_, question), added in found.items():
        for _, new in added:
            everywhere[question].update(new)
    right: dict[str, list[bool]] = {"batch": [], "town": [], "alike": []}
    for one in loot.invitations:
        for question, given in said.get(one.call_id, {}).items():
            batch = _first(found.get((str(one.context.get("area")), question), ()), one.first_used)
            if batch is None or isinstance(given, list):
                continue
            right["batch"].append(_most_common(batch) == given)
            right["town"].append(_most_common(everywhere[question]) == given)
            if len(batch) == 2:  # one option, and how many answered
                right["alike"].append(_most_common(batch) == given)
    return Told(
        **{name: _share(of) for name, of in right.items()},
        guesses=len(right["batch"]),
        guesses_alike=len(right["alike"]),
    )


def _most_common(batch: Batch) -> str:
    return max((count, option) for option, count in batch.items() if option)[1]


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else 0.0
