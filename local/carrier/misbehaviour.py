"""How the network misbehaves on request. Without rules it behaves.

A rule says what goes wrong, and how often: for the next so many occasions, with a probability, for some numbers only.
`PUT /carrier/misbehaviour` replaces all rules; README.md has the table for people.
"""

import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from local.carrier import numbers

What = Literal[
    "lose_answer",  # the text is taken on, then the connection breaks before the answer
    "slow_answer",  # the text is taken on, the answer comes after `seconds`
    "server_error",  # answered with `status` (5xx); the text is not taken on
    "too_many_requests",  # answered with 429; the text is not taken on
    "undelivered",  # the text ends as undelivered with `error`
    "no_callback",  # a status changes and the service is not told
    "duplicate_callback",  # the service is told twice
]


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")

    what: What
    next: int | None = Field(default=None, ge=0, description="how many more occasions; null: without end")
    probability: float = Field(default=1.0, ge=0, le=1)
    numbers: frozenset[str] | None = Field(default=None, description="only for these phones; null: for all")
    seconds: float = Field(default=5.0, ge=0, le=600, description="of slow_answer")
    status: int = Field(default=503, ge=500, le=599, description="of server_error")
    error: int = Field(default=30003, ge=10000, le=99999, description="of undelivered")
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


class Misbehaviour(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[Rule] = []
    seed: int | None = Field(default=None, description="makes the probabilities repeatable")


class Mischief:
    """The rules in force, and the dice."""

    def __init__(self) -> None:
        self.replace(Misbehaviour())

    def replace(self, plan: Misbehaviour) -> None:
        self.plan = plan
        self._dice = random.Random(plan.seed)  # noqa: S311 - dice, not secrets

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
