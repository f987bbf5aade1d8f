"""How the network misbehaves on request. Without rules it behaves.

A rule says what goes wrong, and how often: for the next so many occasions, with a probability, for some numbers only.
`PUT /carrier/misbehaviour` replaces all rules; README.md has the table for people.
"""

import random
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from local.carrier import numbers
from local.carrier.clock import now

What = Literal[
    # A request to send a text.
    "lose_answer",  # the text is taken on, then the connection breaks before the answer
    "slow_answer",  # the text is taken on, the answer comes after `seconds`
    "server_error",  # answered with `status` (5xx); the text is taken on only if `taken_on` says so
    "too_many_requests",  # answered with 429; the text is not taken on
    "refused",  # answered with `status` (4xx) and Twilio's `code`; the text is not taken on
    # A text on its way.
    "undelivered",  # the text ends as `final` with `error`
    "no_callback",  # a status changes and the service is not told
    "duplicate_callback",  # the service is told twice
    "reversed_callback",  # the service is told of the last status before it is told of `sent`
    "early_callback",  # the service is told all before the request is answered
    "unknown_status",  # after each status the service is told one that nobody knows
    # The list of texts.
    "list_lags",  # the list does not have the text for `seconds`
    "list_fails",  # answered with `status`
]

# The HTTP status that a rule may answer with: the usual one, the lowest, the highest.
STATUSES: dict[What, tuple[int, int, int]] = {
    "server_error": (503, 500, 599),
    "refused": (400, 400, 499),
    "list_fails": (503, 400, 599),
}
WRONG_CREDENTIALS = 20003  # the one code of `refused` that comes with 401


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")

    what: What
    next: int | None = Field(default=None, ge=0, description="how many more occasions; null: without end")
    probability: float = Field(default=1.0, ge=0, le=1)
    numbers: frozenset[str] | None = Field(default=None, description="only for these phones; null: for all")
    seconds: float = Field(default=5.0, ge=0, le=600, description="of slow_answer, too_many_requests, list_lags")
    status: int | None = Field(default=None, description="of server_error, refused, list_fails; null: the usual one")
    taken_on: bool = Field(default=False, description="of server_error")
    retry_after: bool = Field(default=True, description="of too_many_requests: whether it says when to come back")
    code: int = Field(default=21614, ge=10000, le=99999, description="of refused")
    error: int = Field(default=30003, ge=10000, le=99999, description="of undelivered")
    final: Literal["undelivered", "failed"] = Field(default="undelivered", description="of undelivered")
    happened: int = Field(default=0, ge=0, description="how often it has; counted by the network")

    @field_validator("numbers")
    @classmethod
    def _read_numbers(cls, given: frozenset[str] | None) -> frozenset[str] | None:
        if given is None:
            return None
        read = {text: numbers.number_from(text) for text in given}
        if unreadable := sorted(text for text, number in read.items() if number is None):
            raise ValueError(f"not telephone numbers: {', '.join(unreadable)}")
        return frozenset(number for number in read.values() if number)

    @model_validator(mode="after")
    def _check_status(self) -> Self:
        _, lowest, highest = STATUSES.get(self.what, (0, 400, 599))
        if self.status is not None and not lowest <= self.status <= highest:
            raise ValueError(f"the status of {self.what} is from {lowest} to {highest}")
        return self

    @property
    def answered(self) -> int:
        """The HTTP status of the answer."""
        if self.status is not None:
            return self.status
        return 401 if self.what == "refused" and self.code == WRONG_CREDENTIALS else STATUSES[self.what][0]


class Misbehaviour(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[Rule] = []
    seed: int | None = Field(default=None, description="makes the probabilities repeatable")


class Mischief:
    """The rules in force, the dice, and which texts the list does not have yet."""

    def __init__(self) -> None:
        self.replace(Misbehaviour())

    def replace(self, plan: Misbehaviour) -> None:
        self.plan = plan
        self._dice = random.Random(plan.seed)  # noqa: S311 - dice, not secrets
        self._hidden: dict[str, float] = {}  # sid: until when

    def strikes(self, what: What, phone: str) -> Rule | None:
        """The rule that makes this go wrong now, if any; it counts as one occasion."""
        for rule in self.plan.rules:
            if rule.what != what or rule.next == 0:
                continue
            if rule.numbers is not None and phone not in rule.numbers:
                continue
            if self._dice.random() >= rule.probability:
                continue
            if rule.next is not None:
                rule.next -= 1
            rule.happened += 1
            return rule
        return None

    def hide(self, sid: str, seconds: float) -> None:
        self._hidden[sid] = now() + seconds

    def hidden(self) -> list[str]:
        """The sids of texts that the list does not have yet."""
        moment = now()
        self._hidden = {sid: until for sid, until in self._hidden.items() if until > moment}
        return list(self._hidden)
