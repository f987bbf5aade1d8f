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
