"""How one agency's CAD writes what we need: columns, codes, times, zone. `cad.yaml` in the agency's folder."""

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from calls.facts import CancelReason, Language, Outcome, Source
from calls.policy import zone_name
from policy.cad_columns import CadColumns
from policy.cad_eido import EidoMapping
from policy.cad_feeds import FeedRule, PollRule
from policy.cad_times import CadTimes

_OUTCOMES: Final = list(Outcome)
"""In the order in which they speak against a survey."""
ENCODINGS: Final = ("utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "utf-16", "cp437", "cp850")
"""How a log's letters may be written. Excel's "CSV" is windows-1252, its "Unicode text" utf-16."""
SEPARATORS: Final = {"tab": "\t"}
"""Separators that have a name; any other is the sign itself."""


def _meaning(value: object) -> object:
    """One of two lists of words: an error that names both lists is clearer than two errors."""
    allowed = [*CancelReason, *Outcome]
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{value!r} is not known here; allowed are: {', '.join(allowed)}")
    return value


Meaning = Annotated[CancelReason | Outcome, BeforeValidator(_meaning)]


class CadMapping(BaseModel):
    """The whole reading of an agency's CAD. A code that is not listed is unknown: it silences, and is reported."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: CadColumns
    zone: str
    priorities: dict[str, int]
    sources: dict[str, Source]
    dispositions: dict[str, Meaning] = Field(default_factory=dict)
    """What each says of the call's end: that it was not handled under its own number, or what came of it."""
    languages: dict[str, Language] | None = None
    """Of each code. Without the list, a code that begins with EN or FR: `eng`, `French`."""
    times: CadTimes = CadTimes()
    separator: str = ","
    encoding: str = "utf-8"
    feeds: dict[str, FeedRule] = Field(default_factory=dict)
    """What is normal for a feed, by its name."""
    poll: PollRule | None = None
    eido: EidoMapping | None = None
    """How EIDOs are read, where CAD sends them."""
    blank: frozenset[str] = frozenset({"NULL", "null"})
    """What stands in a cell that holds nothing, besides nothing."""

    @property
    def delimiter(self) -> str:
        """The sign between two cells."""
        return SEPARATORS.get(self.separator, self.separator)

    def language(self, code: str | None) -> Language | None:
        """The caller's language, where it is known."""
        if self.languages is not None:
            return self.languages.get(code or "")
        prefix = (code or "").strip().lower()[:2]
        return Language(prefix) if prefix in set(Language) else None

    def cancel_reason(self, disposition: str | None) -> CancelReason | None:
        """Why the call was not handled under its own number. Of several codes in one cell (`CAN,NR`) one is enough."""
        return next((read for read in self._readings(disposition) if isinstance(read, CancelReason)), None)

    def outcome(self, disposition: str | None) -> Outcome | None:
        """What came of the call; of several codes the one that speaks most against a survey."""
        readings = [Outcome.UNKNOWN if read is None else read for read in self._readings(disposition)]
        return max((read for read in readings if isinstance(read, Outcome)), key=_OUTCOMES.index, default=None)

    def unknown_dispositions(self, disposition: str | None) -> list[str]:
        """The codes of a cell that are not listed."""
        return [code for code in self._codes(disposition) if self._reading(code) is None]

    def _readings(self, disposition: str | None) -> list[CancelReason | Outcome | None]:
        return [self._reading(code) for code in self._codes(disposition)]

    def _codes(self, disposition: str | None) -> list[str]:
        """One cell may hold several, `CAN,NR`, unless it is listed as it stands: `Cancelled, by caller`."""
        if disposition is None or disposition in self.dispositions:
            return [] if disposition is None else [disposition]
        return [code.strip() for code in disposition.split(",")]

    def _reading(self, cell: str) -> CancelReason | Outcome | None:
        """A code, or one with words after it, which may be cut off: `FALSE-False Al`."""
        code = cell if cell in self.dispositions else cell.partition("-")[0].strip()
        return self.dispositions.get(code)

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return zone_name(name)

    @field_validator("separator")
    @classmethod
    def _is_one_sign(cls, separator: str) -> str:
        sign = SEPARATORS.get(separator, separator)
        if len(sign) != 1 or sign.isalnum() or sign in '"\r\n\0 ':
            raise ValueError(f'{separator!r} is no separator; write one sign, as in ";", or the word tab')
        return separator

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, encoding: str) -> str:
        if encoding.lower() not in ENCODINGS:
            raise ValueError(f"{encoding!r} is not known here; allowed are: {', '.join(ENCODINGS)}")
        return encoding.lower()
