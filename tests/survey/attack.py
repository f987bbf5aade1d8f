"""What somebody tries who has the database after the cut, knows every call, and wants to know who answered what."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from survey.cut import NO_LANGUAGE
from tests.survey.loot import VALID, Invitation, Loot, Response
from tests.survey.seats import Seats

_ZONE = ZoneInfo("America/Toronto")


def candidates(loot: Loot) -> dict[str, list[Invitation]]:
    """For each response's id all invitations that can be its own: by what it says, by when it was written, and so that
    every response has one, every used link a response or one of those that wait."""
    by_cell: dict[Hashable, list[Response]] = defaultdict(list)
    for response in loot.responses:
        by_cell[response.cell].append(response)
    cuts = {response.xmin for response in loot.responses}
    can_be = {
        cell: sorted(
            (one for one in loot.invitations if _fits(one, responses[0], loot, cuts)), key=lambda one: not one.used
        )
        for cell, responses in by_cell.items()
    }
    room = {cell: len(responses) for cell, responses in by_cell.items()}
    can_be["held"] = [one for one in loot.invitations if one.used]
    room["held"] = loot.held
    seats = Seats(can_be=can_be, room=room)
    seats.fill()
    possible = seats.possible()
    return {one.id: possible[cell] for cell, responses in by_cell.items() for one in responses}


def _fits(invitation: Invitation, response: Response, loot: Loot, cuts: set[int]) -> bool:
    has_expired = invitation.sent + VALID <= loot.now
    if not (invitation.used or has_expired):
        return False
    if response.language not in (NO_LANGUAGE, invitation.language):
        return False
    if response.met_an_officer and invitation.context["delay_band"] == "no officer":
        return False
    if invitation.sent >= _end_of(response.week):
        return False
    if invitation.xmin not in cuts and invitation.used and invitation.xmin > response.xmin:
        return False  # its own transaction: it was used after the response was written
    if (invitation.first_used or 0) > (response.first_seen or 10**9):
        return False
    return all(_agrees(invitation.context, name, value) for name, value in response.context.items())


def _agrees(of_call: Mapping[str, object], name: str, value: object) -> bool:
    if name == "delay_band" and value == "an officer":
        return of_call["delay_band"] != "no officer"
    return of_call.get(name) == value


def _end_of(week: str) -> datetime:
    """Until the cut of its Sunday, in the night to Monday."""
    year, number = week.split("-W")
    return datetime.combine(date.fromisocalendar(int(year), int(number), 7), time(3), _ZONE) + timedelta(days=1)


Possible = Mapping[str, Sequence[Invitation]]
Guess = Callable[[Loot, Possible], Mapping[str, Invitation]]
"""For each response's id whose it is taken to be, of those whose it can be."""


def hits(loot: Loot, possible: Possible, truth: Mapping[str, str], guess: Guess) -> float:
    """How often a guesser is right, of all responses."""
    guessed = guess(loot, possible)
    return sum(truth[one.tag] == guessed[one.id].call_id for one in loot.responses) / len(loot.responses)


def _at_random(loot: Loot, possible: Possible) -> Mapping[str, Invitation]:
    chance = Random(1)
    return {one.id: chance.choice(possible[one.id]) for one in loot.responses}


def _side_by_side(of_response: Callable[[Response], Any], of_invitation: Callable[[Invitation], Any]) -> Guess:
    """Within a cell two orders side by side, from their ends on: the last answer to the last link."""

    def guess(loot: Loot, possible: Possible) -> Mapping[str, Invitation]:
        guessed: dict[str, Invitation] = {}
        by_cell: dict[Hashable, list[Response]] = defaultdict(list)
        for response in loot.responses:
            by_cell[response.cell].append(response)
        for responses in by_cell.values():
            ranked = sorted(possible[responses[0].id], key=of_invitation, reverse=True)
            for number, response in enumerate(sorted(responses, key=of_response, reverse=True)):
                guessed[response.id] = ranked[min(number, len(ranked) - 1)]
        return guessed

    return guess


def _aligned(of_invitation: Callable[[Invitation], Any]) -> Guess:
    """The rows in their order, whatever they say, beside all links in theirs, so that as many as possible fit."""

    def guess(loot: Loot, possible: Possible) -> Mapping[str, Invitation]:
        rows = sorted(loot.responses, key=lambda one: one.place)
        links = sorted(loot.invitations, key=of_invitation)
        fits = [{one.call_id for one in possible[row.id]} for row in rows]
        best = [[0] * (len(links) + 1) for _ in range(len(rows) + 1)]
        for i in reversed(range(len(rows))):
            for j in reversed(range(len(links))):
                both = best[i + 1][j + 1] + 1 if links[j].call_id in fits[i] else 0
                best[i][j] = max(both, best[i + 1][j], best[i][j + 1])
        guessed = {row.id: possible[row.id][0] for row in rows}
        i = j = 0
        while i < len(rows) and j < len(links):
            if links[j].call_id in fits[i] and best[i][j] == best[i + 1][j + 1] + 1:
                guessed[rows[i].id] = links[j]
                i, j = i + 1, j + 1
            elif best[i][j] == best[i + 1][j]:
                i += 1
            else:
                j += 1
        return guessed

    return guess


def _wait(invitation: Invitation) -> int:
    bands = ("under 30 min", "30 to 60 min", "1 to 2 h", "2 to 4 h", "4 h and more", "no officer")
    return -bands.index(str(invitation.context["delay_band"]))


GUESSERS: Mapping[str, Guess] = {
    "any of them": _at_random,
    "place of rows": _side_by_side(lambda one: one.place, lambda one: one.place),
    "place and transaction": _side_by_side(lambda one: one.place, lambda one: (one.xmin, one.place)),
    "place and sending": _side_by_side(lambda one: one.place, lambda one: one.sent),
    "transaction and sending": _side_by_side(lambda one: (one.xmin, one.place), lambda one: one.sent),
    "ids": _side_by_side(lambda one: one.id, lambda one: one.place),
    "marks and waiting": _side_by_side(lambda one: one.answers["Q5"], _wait),
    "marks, waiting, sending": _side_by_side(lambda one: one.answers["Q5"], lambda one: (_wait(one), one.sent)),
    "marks and minutes": _side_by_side(lambda one: one.answers["Q5"], lambda one: -one.waited),
    "all rows beside all transactions": _aligned(lambda one: (one.xmin, one.place)),
    "all rows beside all sendings": _aligned(lambda one: one.sent),
}
