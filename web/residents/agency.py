"""What the residents' pages and replies need to know of the police service, and of the parts they work with."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from calls.clock import Clock
from calls.facts import Language
from database.encryption import Keyring
from policy.areas import Areas
from survey.questions import Survey
from texts.wording import Wording


@dataclass(frozen=True, kw_only=True)
class ResidentAgency:
    """One police service, as residents meet it. `sender` is the number that texts come from, in E.164."""

    key: str
    names: Mapping[Language, str]
    sender: str
    emergency_line: str
    non_emergency_line: str
    wording: Wording
    survey: Survey
    policy_version: str
    areas: Areas | None = None
    prints_codes: bool = False
    """Every text about a call shows a code, which the public page knows."""

    @property
    def lines(self) -> dict[str, str]:
        """The numbers to call, as fields of a text."""
        return {"emergency_line": self.emergency_line, "non_emergency_line": self.non_emergency_line}

    def fields(self, language: Language) -> dict[str, str]:
        """The fields that every text may use."""
        return {**self.lines, "agency": self.names[language]}


@dataclass(frozen=True, kw_only=True)
class Site:
    """The parts that the endpoints work with. `origin` is scheme and host, without a slash at its end."""

    engine: Engine
    keyring: Keyring
    agency: ResidentAgency
    clock: Clock
    origin: str
