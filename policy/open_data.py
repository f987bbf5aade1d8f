"""`open_data.yaml`: who publishes what an agency's service has counted, under which licence, and of which areas."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from calls.facts import Language
from calls.lengths import Span
from policy.areas import Areas as AreasOfMap
from policy.yaml_file import ErrorAt
from survey.questions import Localized

LEAST_BASE: Final = 15
"""As `insights.protect.LEAST_BASE`: an agency may take a larger one."""
LEAST_CALLS: Final = 30
"""As `insights.protect.LEAST_KNOWN`."""
LEAST_LAG: Final = timedelta(days=45)
_ENOUGH_FOR_A_SAMPLE: Final = 10_000
"""Calls of an area in a quarter: where one caller in six answers, and a tenth is counted by area, some 170 answers to a
question. Of fewer the rounding would be as large as what is rounded."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Level(StrEnum):
    """Of an area: the smaller one lies within the larger."""

    NEIGHBOURHOOD = "NEIGHBOURHOOD"
    WARD = "WARD"
    DIVISION = "DIVISION"
    CITY = "CITY"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


_Address = Annotated[str, StringConstraints(pattern=r"^https://[^\s<>{}|^`]+$")]
_Id = Annotated[str, StringConstraints(pattern=r'^[^\s,"][^,"\r\n]{0,63}$')]
_Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class Addresses(_Value):
    """One for each language; the same twice, if there is only one."""

    en: _Address
    fr: _Address


class Licence(_Value):
    title: Localized
    address: Addresses


class Contact(_Value):
    """Who answers questions about the files."""

    name: Localized
    email: _Email


class Place(_Value):
    """An area. `within`: the id of the larger one; left out: the city itself. `codes`: as CAD calls it; left out: its
    id."""

    id: _Id
    level: Level
    name: Localized
    within: str | None = None
    codes: frozenset[str] = frozenset()


class Areas(_Value):
    """The map. Each area lies in one larger one at most: of two that overlap one is published."""

    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.-]{0,32}$")] = ""
    places: tuple[Place, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_tree(self) -> Self:
        known: dict[str, Place] = {}
        codes: set[str] = set()
        for number, place in enumerate(self.places):
            at = ("places", number)
            if place.id in known:
                raise ErrorAt(f"{place.id} is there twice", place=(*at, "id"))
            if place.level is Level.CITY or place.id == Level.CITY:
                raise ErrorAt("the city itself is always there, and has no entry", place=at)
            known[place.id] = place
            for code in place.codes or {place.id}:
                if code in codes:
                    raise ErrorAt(f"the code {code} stands at two areas", place=(*at, "codes"))
                codes.add(code)
        for number, place in enumerate(self.places):
            larger = known.get(place.within or "")
            if place.within is not None and larger is None:
                raise ErrorAt(f"there is no area {place.within}", place=("places", number, "within"))
            if larger is not None and larger.level.rank <= place.level.rank:
                what = f"{place.id} is a {place.level} and cannot lie within {larger.id}, a {larger.level}"
                raise ErrorAt(what, place=("places", number, "within"))
        return self


def areas_of(map_: AreasOfMap) -> Areas | None:
    """The map that `areas.yaml` has, as it is published; `None`: it has a level that is none of ours."""
    levels = {name: name.upper() for name in map_.levels}
    if not set(levels.values()) <= set(Level) - {Level.CITY}:
        return None
    return Areas(
        version=map_.version,
        places=tuple(
            Place(
                id=code,
                level=Level(levels[area.level]),
                name=Localized(en=area.name[Language.ENGLISH], fr=area.name[Language.FRENCH]),
                within=area.within,
            )
            for code, area in map_.areas.items()
        ),
    )


class OpenData(_Value):
    """Everything that the agency decides about what is published. Thresholds can only be raised."""

    enabled: bool = False
    publisher: Localized | None = None
    licence: Licence | None = None
    contact: Contact | None = None
    address: _Address | None = None
    """Where the public folder is reached, with a slash at its end."""
    base: int = Field(default=LEAST_BASE, ge=LEAST_BASE, le=1000)
    least_calls: int = Field(default=LEAST_CALLS, ge=LEAST_CALLS, le=1_000_000)
    least_calls_survey: int = Field(default=_ENOUGH_FOR_A_SAMPLE, ge=LEAST_CALLS, le=1_000_000)
    lag: Span = LEAST_LAG
    areas: Areas | None = None

    @model_validator(mode="after")
    def _complete_before_it_is_on(self) -> Self:
        if self.enabled and self.missing:
            raise ErrorAt(f"is true, and not filled in yet: {', '.join(self.missing)}", place=("enabled",))
        if self.address is not None and not self.address.endswith("/"):
            raise ErrorAt("ends with a slash", place=("address",))
        if self.lag < LEAST_LAG:
            raise ErrorAt(f"is {LEAST_LAG.days} d or more: answers still come in", place=("lag",))
        if self.least_calls < 2 * self.base:
            raise ErrorAt(f"is twice the base or more, {2 * self.base}", place=("least_calls",))
        return self

    @property
    def missing(self) -> list[str]:
        """What has to be filled in before anything can be published."""
        return [name for name in ("publisher", "licence", "contact", "address") if getattr(self, name) is None]
