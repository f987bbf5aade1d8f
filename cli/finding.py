"""What `communityconnect doctor` says of one thing that it looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at. `mend` is what to do, empty where all is well. `works`: the service does its work all the
    same, and this is a warning."""

    what: str
    detail: str
    mend: str = ""
    works: bool = False

    @property
    def is_well(self) -> bool:
        return not self.mend

    @property
    def is_trouble(self) -> bool:
        """The service does not do its work, or not for long."""
        return not self.is_well and not self.works

    def as_json(self) -> dict[str, str]:
        """For a program: `state` is `ok`, `warning` or `trouble`."""
        state = "ok" if self.is_well else "warning" if self.works else "trouble"
        return {"what": self.what, "state": state, "detail": self.detail, "mend": self.mend}


SETUP = "run: communityconnect setup"
