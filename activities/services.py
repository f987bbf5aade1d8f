"""What the activities need of the world."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine

from activities.carrier_client import Carrier
from calls.clock import Clock
from database.encryption import Keyring
from policy.agency import Agency


@dataclass(frozen=True, kw_only=True)
class TextServices:
    """Database, carrier, keys, the agency's rules and words, and the time."""

    engine: Engine
    carrier: Carrier
    keyring: Keyring
    agency: Agency
    clock: Clock
    origin: str
    unknown_wait: timedelta
    has_no_rate: bool = False
    """A simulation's carrier takes whatever comes."""

    @property
    def segments_per_second(self) -> float | None:
        """Real ones: on a clock that runs faster the same hour's texts go out in less time."""
        return None if self.has_no_rate else self.agency.identity.segments_per_second * self.clock.speed
