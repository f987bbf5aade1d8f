"""How fast calls come in: as fast as the machine keeps up, so that nothing expires because of the pace."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, text

_BEHIND: Final = text("SELECT count(*) FROM call WHERE signalled_version < version AND ended_reason IS NULL")
_IN_LINE: Final = text("SELECT count(*) FROM line_place")
# Surveys wait for nine in the morning all together: their lateness says nothing about the next call.
_LATE: Final = text(
    "SELECT coalesce(percentile_cont(:share) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - due_at)), 0) "
    "FROM text WHERE claimed_real > :since AND kind IN ('confirmation', 'delay') AND provider_sid IS NOT NULL"
)


@dataclass(frozen=True, kw_only=True)
class Lag:
    """What the service is behind with. `late`: real seconds below which 95 % of the confirmations and delay notices of
    the last look lay. `behind`: records that Temporal has not heard of, `in_line`: texts waiting for their turn."""

    unpushed: int
    behind: int
    in_line: int
    late: float


@dataclass(kw_only=True)
class Pace:
    """New calls a second, by what the service is behind with: slowly more while all is well, quickly fewer.

    `late_bound`: real seconds.
    """

    rate: float = 4.0
    most: float = 200.0
    late_bound: float
    behind_bound: int = 60
    _owed: float = 0.0
    _held: bool = False
    _before: float = field(default_factory=time.monotonic)

    def heed(self, lag: Lag) -> None:
        """Once a second."""
        strain = max(lag.late / self.late_bound, (lag.behind + lag.unpushed + lag.in_line) / self.behind_bound)
        self._held = strain > 4
        if strain > 1:
            self.rate = max(self.rate * (0.9 if strain < 2 else 0.8), 0.5)
        else:
            self.rate = min(self.rate + 0.5, self.most)

    def calls_now(self) -> int:
        """How many new calls may come in now."""
        now = time.monotonic()
        passed, self._before = now - self._before, now
        if self._held:
            return 0
        self._owed = min(self._owed + passed * self.rate, self.rate)
        whole = int(self._owed)
        self._owed -= whole
        return whole


class Watch:
    """Looks at the service, in its database. `speed`: of its clock."""

    def __init__(self, *, engine: Engine, speed: float) -> None:
        self._engine = engine
        self._speed = speed

    def lag(self, *, unpushed: int) -> Lag:
        """As it is now."""
        with self._engine.connect() as connection:
            behind = int(connection.execute(_BEHIND).scalar_one())
            in_line = int(connection.execute(_IN_LINE).scalar_one())
        late = self.lateness(share=0.95, seconds=3)
        return Lag(unpushed=unpushed, behind=behind, in_line=in_line, late=late)

    def lateness(self, *, share: float, seconds: float) -> float:
        """How late (real seconds) that share of the confirmations and delay notices of the last so many seconds was at
        most, from when they were due to the carrier's word that it has them."""
        since = datetime.now(UTC) - timedelta(seconds=seconds)
        with self._engine.connect() as connection:
            return float(connection.execute(_LATE, {"share": share, "since": since}).scalar_one()) / self._speed
