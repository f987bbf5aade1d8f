"""Of how few people the console shows nothing: what the policy says, and never fewer than the service itself allows."""

from dataclasses import dataclass
from typing import Final

from policy.agency import Agency

_AT_LEAST: Final = 5
_MEMBERS_AT_LEAST: Final = 10


@dataclass(frozen=True, kw_only=True)
class Few:
    """`at_least`: people in a figure; `members_at_least`: callers who said something of one member."""

    at_least: int
    members_at_least: int


def few(agency: Agency) -> Few:
    """The agency's thresholds."""
    rules = getattr(agency.policy, "insights", None)
    return Few(
        at_least=max(_AT_LEAST, getattr(rules, "at_least", 0)),
        members_at_least=max(_MEMBERS_AT_LEAST, getattr(rules, "members_at_least", 0)),
    )
