"""The one clock of the service.

In production it is real time. In a demonstration it runs faster and on another calendar: then due times, windows,
expiries and caps follow it, while HTTP and database timeouts stay real.
"""

from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Clock(BaseModel):
    """Maps real time to the service's time: ``virtual_origin + (real - real_origin) * speed``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    real_origin: AwareDatetime = _EPOCH
    virtual_origin: AwareDatetime = _EPOCH
    speed: float = Field(default=1.0, gt=0, allow_inf_nan=False)

    def at(self, real: datetime) -> datetime:
        """The service's time at the moment `real`, in UTC."""
        return self.virtual_origin.astimezone(UTC) + (real - self.real_origin) * self.speed

    def now(self) -> datetime:
        """The service's time now. Not for workflows, which take their time from Temporal and `at`."""
        return self.at(datetime.now(UTC))

    def real_duration(self, duration: timedelta) -> timedelta:
        """How long a duration of the service's time takes in reality; never negative."""
        return max(duration, timedelta(0)) / self.speed

    def paused_between(self, stopped: datetime, resumed: datetime) -> "Clock":
        """The clock that goes on at `resumed` (real time) where this one stood at `stopped` (real time)."""
        return Clock(real_origin=resumed, virtual_origin=self.at(stopped), speed=self.speed)


REAL_TIME = Clock()
