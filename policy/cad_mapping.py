"""How one agency's CAD writes what we need: columns, codes, zone. `cad.yaml` in the agency's folder."""

from pydantic import BaseModel, ConfigDict, field_validator

from calls.facts import Source
from calls.policy import zone_name


class CadColumns(BaseModel):
    """The column of each fact; empty where this CAD does not tell it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cad_id: str
    case_number: str
    priority: str
    call_type: str
    source: str
    received: str
    final_call_type: str | None = None
    phone: str | None = None
    language: str | None = None
    call_ended: str | None = None
    dispatched: str | None = None
    arrived: str | None = None
    cleared: str | None = None
    area: str | None = None
    in_progress: str | None = None
    safety_flag: str | None = None

    @property
    def used(self) -> list[str]:
        """The columns that a file must have."""
        return [column for column in self.model_dump().values() if column is not None]


class CadMapping(BaseModel):
    """The whole reading of an agency's CAD. A code that is not listed is unknown: it silences, and is reported."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: CadColumns
    zone: str
    priorities: dict[str, int]
    sources: dict[str, Source]

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return zone_name(name)
