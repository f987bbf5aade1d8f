"""How one agency's CAD writes what we need: columns, codes, zone. `cad.yaml` in the agency's folder."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from calls.facts import CancelReason, Source
from calls.policy import zone_name

_MAY_BE_ABSENT: Final = frozenset({"phone", "language", "area"})
"""A file may lack these columns: no number, no text; no language, both. Without another a call could seem harmless."""


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
    reopened: str | None = None
    finally_cleared: str | None = None
    """The last clearing of a call that was opened again."""
    disposition: str | None = None
    area: str | None = None
    in_progress: str | None = None
    safety_flag: str | None = None

    @property
    def required(self) -> list[str]:
        """The columns that a file must have."""
        return [column for name, column in self if column is not None and name not in _MAY_BE_ABSENT]

    @property
    def optional(self) -> list[str]:
        """The columns that a file may have."""
        return [column for name, column in self if column is not None and name in _MAY_BE_ABSENT]


class CadMapping(BaseModel):
    """The whole reading of an agency's CAD. A code that is not listed is unknown: it silences, and is reported."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: CadColumns
    zone: str
    priorities: dict[str, int]
    sources: dict[str, Source]
    dispositions: dict[str, CancelReason] = Field(default_factory=dict)
    """Those that mean that the call ended without being handled under its own number; all others mean nothing here."""

    def cancel_reason(self, disposition: str | None) -> CancelReason | None:
        """What a disposition says of the call's end. A cell may hold several codes, as `CAN,NR`: one is enough."""
        codes = [] if disposition is None else [code.strip() for code in disposition.split(",")]
        return next((self.dispositions[code] for code in codes if code in self.dispositions), None)

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return zone_name(name)
