"""Which column of a log holds which fact: `columns` in `cad.yaml`."""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_MAY_BE_ABSENT: Final = frozenset({"phone", "language", "area", "updated", "call_taker_key", "officer_key"})
"""A log may lack these columns: no number, no text; no language, both. Without another a call could seem harmless."""
_MOST_PARTS: Final = 2


def _as_parts(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _one_or_two(parts: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(parts) <= _MOST_PARTS:
        raise ValueError("name one column, or two as in [date column, time column]")
    return parts


Column = Annotated[str, Field(min_length=1)]
TimeColumn = Annotated[tuple[Column, ...], BeforeValidator(_as_parts), AfterValidator(_one_or_two)]
"""One column, or `[date column, time column]` where they stand apart."""


class CadColumns(BaseModel):
    """The column of each fact; empty where this CAD does not tell it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cad_id: Column
    case_number: Column
    priority: Column
    call_type: Column
    source: Column
    received: TimeColumn
    final_call_type: Column | None = None
    phone: Column | None = None
    language: Column | None = None
    queued: TimeColumn | None = None
    """When the call taker passed the call on to the dispatchers."""
    call_ended: TimeColumn | None = None
    dispatched: TimeColumn | None = None
    arrived: TimeColumn | None = None
    cleared: TimeColumn | None = None
    reopened: TimeColumn | None = None
    finally_cleared: TimeColumn | None = None
    """The last clearing of a call that was opened again."""
    updated: TimeColumn | None = None
    """When this row was last written: of two rows of a call the later one counts. A log that is played needs none."""
    disposition: Column | None = None
    area: Column | None = None
    in_progress: Column | None = None
    safety_flag: Column | None = None
    call_taker_key: Column | None = None
    officer_key: Column | None = None
    """By which CAD knows who took the call, and the officer who came: opaque keys. They are no facts."""

    @property
    def required(self) -> list[str]:
        """The columns that a file must have."""
        return [column for name, value in self if name not in _MAY_BE_ABSENT for column in columns_of(value)]

    @property
    def named(self) -> list[str]:
        """All columns: a live feed that lacks one has changed its shape."""
        return [column for _, value in self for column in columns_of(value)]

    @property
    def optional(self) -> list[str]:
        """The columns that a file may have."""
        return [column for name, value in self if name in _MAY_BE_ABSENT for column in columns_of(value)]


def columns_of(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """The columns that one fact is read from."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value
