"""The map that CAD's areas are of: `areas.yaml` in the agency's folder, which may lack it."""

from collections.abc import Iterator, Mapping
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calls.facts import Language
from policy.yaml_file import ErrorAt, Place

FILE: Final = "areas.yaml"


class _InFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Area(_InFile):
    """An area. `within`: the next larger one that it lies in, if the map has one."""

    level: str
    name: dict[Language, str]
    within: str | None = None


class Areas(_InFile):
    """`levels`: names of the kinds of area, the smallest first. `areas`: by the code that CAD tells, those of a larger
    level by a code of one's own."""

    version: str = Field(pattern=r"^[0-9A-Za-z.-]{1,32}$")
    levels: dict[str, dict[Language, str]] = Field(min_length=1)
    areas: dict[str, Area] = Field(min_length=1)

    @model_validator(mode="after")
    def _both_languages(self) -> Self:
        for place, words in self._names():
            missing = {language for language in Language if not words.get(language, "").strip()}
            if missing:
                raise ErrorAt(f"is missing in {', '.join(sorted(missing))}; en and fr are needed", place=place)
        return self

    @model_validator(mode="after")
    def _each_within_a_larger_one(self) -> Self:
        levels = list(self.levels)
        for code, area in self.areas.items():
            if area.level not in levels:
                raise ErrorAt(
                    f"{area.level!r} is none of levels; there are: {', '.join(levels)}",
                    place=("areas", code, "level"),
                )
            if area.within is not None and area.within not in self.areas:
                raise ErrorAt(f"{area.within!r} is none of areas", place=("areas", code, "within"))
        for code, area in self.areas.items():
            around = None if area.within is None else self.areas[area.within]
            if around is not None and levels.index(around.level) <= levels.index(area.level):
                raise ErrorAt(
                    f"{area.within!r} is a {around.level}, which is no larger level than {area.level}",
                    place=("areas", code, "within"),
                )
        return self

    @property
    def smallest(self) -> Mapping[str, Area]:
        """The areas that CAD tells: those of the first level, in the file's order."""
        return {code: area for code, area in self.areas.items() if area.level == next(iter(self.levels))}

    def version_of(self, area: str | None) -> str | None:
        """The map's, of an area that stands on it."""
        return self.version if area in self.areas else None

    def above(self, code: str) -> Iterator[str]:
        """The larger areas that an area lies in, the smallest of them first; none of a code that is not on the map."""
        area = self.areas.get(code)
        while area is not None and area.within is not None:
            yield area.within
            area = self.areas[area.within]

    def _names(self) -> Iterator[tuple[Place, Mapping[Language, str]]]:
        yield from ((("levels", level), words) for level, words in self.levels.items())
        yield from ((("areas", code, "name"), area.name) for code, area in self.areas.items())
