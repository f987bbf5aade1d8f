"""What somebody tries who has the members' table, too, and knows who had to do with which call."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp

from survey.questions import Role
from tests.survey.attack import GUESSERS, Possible, hits
from tests.survey.loot import Invitation, Loot, Response

_BY_ORDER = ("any of them", "place of rows", "place and transaction", "transaction and sending", "ids")


def candidates_of_feedback(loot: Loot) -> dict[str, list[Invitation]]:
    """For each row all links of the member's calls that can be its own. With a copy of every night: those that were
    used since the night on which the same member's rows before it came."""
    nights: dict[tuple[object, object], set[int]] = defaultdict(set)
    for row in loot.feedback:
        nights[_whose(row)].add(row.first_seen or 0)
    can_be: dict[tuple[object, object, int], list[Invitation]] = {}
    for (role, key), seen in nights.items():
        for before, night in zip([-1, *sorted(seen)], sorted(seen), strict=False):
            can_be[role, key, night] = [
                one
                for one in loot.invitations
                if one.members.get(Role(str(role))) == key and _was_used(one, loot, after=before, until=night)
            ]
    return {row.id: can_be[*_whose(row), row.first_seen or 0] for row in loot.feedback}


def _whose(row: Response) -> tuple[object, object]:
    return row.context["role"], row.context["key"]


def _was_used(invitation: Invitation, loot: Loot, *, after: int, until: int) -> bool:
    keeps_copies = any(one.first_used is not None for one in loot.invitations)
    if keeps_copies:
        return invitation.first_used is not None and after < invitation.first_used <= until
    return invitation.used or invitation.sent < loot.now


def rates_of_feedback(loot: Loot, truth: Mapping[str, str]) -> tuple[int, dict[str, float]]:
    """The fewest candidates of a row, and how often each guesser is right."""
    possible = candidates_of_feedback(loot)
    assert all(truth[row.tag] in {one.call_id for one in possible[row.id]} for row in loot.feedback)
    rows = replace(loot, responses=loot.feedback)
    found = {name: hits(rows, possible, truth, GUESSERS[name]) for name in _BY_ORDER}
    return min(len(possible[row.id]) for row in loot.feedback), found


def fitting(loot: Loot, possible: Possible) -> dict[str, list[Invitation]]:
    """Those of the candidates of whose members somebody has said just what the answer says, where it says it, too."""
    said: dict[tuple[object, object], list[Response]] = defaultdict(list)
    for row in loot.feedback:
        said[_whose(row)].append(row)

    def fits(answer: Response, one: Invitation) -> bool:
        return all(
            any(_alike(answer, row) == 1 for row in said[role.value, one.members.get(role)])
            for role in Role
            if any(answer.answers.keys() & row.answers.keys() for row in said[role.value, one.members.get(role)])
        )

    return {answer.id: [one for one in possible[answer.id] if fits(answer, one)] for answer in loot.responses}


def beside_members(loot: Loot, possible: Possible) -> Mapping[str, Invitation]:
    """Whose members' rows look most like the answer: the same words where both have a question, else like marks."""
    rows: dict[tuple[object, object], list[Response]] = defaultdict(list)
    for row in loot.feedback:
        rows[_whose(row)].append(row)

    def likely(answer: Response, one: Invitation) -> float:
        product = 1.0
        for role in Role:
            of_member = rows[role.value, one.members.get(role)]
            alike = sum(_alike(answer, row) for row in of_member)
            product *= alike / len(of_member) if of_member else 0.2
        return product

    return {
        answer.id: max(possible[answer.id], key=lambda one: (likely(answer, one), one.call_id))
        for answer in loot.responses
    }


def _alike(answer: Response, row: Response) -> float:
    shared = answer.answers.keys() & row.answers.keys()
    if shared:
        return 1.0 if all(answer.answers[id_] == row.answers[id_] for id_ in shared) else 0.0001
    marks = [int(value) for value in row.answers.values() if str(value).isdigit()]
    return exp(-2 * abs(int(answer.answers["Q1"]) - _mean(marks))) if marks else 0.1


def _mean(marks: Sequence[int]) -> float:
    return sum(marks) / len(marks)
