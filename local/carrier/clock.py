"""The one place that knows the time, and how the pages tell it.

The network lives in real time, as Twilio does. In a demo the service's clock runs faster on another calendar; then
`CARRIER_CLOCK` describes that clock, and the pages tell its time so that a text that says "14:05" arrives at 14:05.
The next run may be given another clock; what came before keeps the time that it was shown with.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def now() -> float:
    """Seconds since 1970, in real time: what the API's dates are made from."""
    return time.time()


@dataclass(frozen=True, slots=True)
class Clock:
    """The time that the pages show."""

    real_origin: datetime
    virtual_origin: datetime
    speed: float
    zone: ZoneInfo | None  # None: this machine's own zone

    def local(self, stamp: float) -> datetime:
        real = datetime.fromtimestamp(stamp, UTC)
        virtual = self.virtual_origin + timedelta(seconds=(real - self.real_origin).total_seconds() * self.speed)
        return virtual.astimezone(self.zone)

    @property
    def is_virtual(self) -> bool:
        return self.speed != 1.0 or self.real_origin != self.virtual_origin


EPOCH = datetime.fromtimestamp(0, UTC)
REAL = Clock(real_origin=EPOCH, virtual_origin=EPOCH, speed=1.0, zone=None)


def clock_from(text: str) -> Clock:
    """Reads `{"real_origin": iso, "virtual_origin": iso, "speed": 60, "zone": "America/New_York"}`, or nothing."""
    if not text.strip():
        return REAL
    given: dict[str, object] = json.loads(text)
    return Clock(
        real_origin=_instant(str(given["real_origin"])),
        virtual_origin=_instant(str(given["virtual_origin"])),
        speed=float(str(given["speed"])),
        zone=ZoneInfo(str(given["zone"])),
    )


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("CARRIER_CLOCK's origins need an offset from UTC, such as 2026-07-14T08:00:00-04:00")
    return instant
