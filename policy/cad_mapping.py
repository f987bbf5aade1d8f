"""How one agency's CAD writes what we need: columns, codes, zone. `cad.yaml` in the agency's folder."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from calls.facts import CancelReason, Outcome, Source
from calls.policy import zone_name

_OUTCOMES: Final = list(Outcome)
"""In the order in which they speak against a survey."""
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
    dispositions: dict[str, CancelReason | Outcome] = Field(default_factory=dict)
    """What each says of the call's end: that it was not handled under its own number, or what came of it."""

    def cancel_reason(self, disposition: str | None) -> CancelReason | None:
        """Why the call was not handled under its own number. Of several codes in one cell (`CAN,NR`) one is enough."""
        return next((read for read in self._readings(disposition) if isinstance(read, CancelReason)), None)

    def outcome(self, disposition: str | None) -> Outcome | None:
        """What came of the call; of several codes the one that speaks most against a survey."""
        readings = [Outcome.UNKNOWN if read is None else read for read in self._readings(disposition)]
        return max((read for read in readings if isinstance(read, Outcome)), key=_OUTCOMES.index, default=None)

    def _readings(self, disposition: str | None) -> list[CancelReason | Outcome | None]:
        return [] if disposition is None else [self._reading(cell.strip()) for cell in disposition.split(",")]

    def _reading(self, cell: str) -> CancelReason | Outcome | None:
        """A code, or one with words after it, which may be cut off: `FALSE-False Al`."""
        code = cell if cell in self.dispositions else cell.partition("-")[0].strip()
        return self.dispositions.get(code)

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return zone_name(name)
