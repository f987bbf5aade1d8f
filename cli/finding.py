"""What `communityconnect doctor` says of one thing that it looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at. `mend` is what to do, empty where all is well."""

    what: str
    detail: str
    mend: str = ""

    @property
    def is_well(self) -> bool:
        return not self.mend
