"""`areas.geojson`: the boundaries of an agency's areas, RFC 7946: longitude and latitude in WGS 84."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policy.open_data import Areas, Level
from policy.yaml_file import AgencyError, read_text

BOUNDARIES: Final = "areas.geojson"
_Position = Annotated[tuple[float, ...], Field(min_length=2, max_length=3)]
_Ring = Annotated[tuple[_Position, ...], Field(min_length=4)]
_Polygon = Annotated[tuple[_Ring, ...], Field(min_length=1)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Polygon(_Value):
    type: Literal["Polygon"]
    coordinates: _Polygon

    @property
    def rings(self) -> Iterator[_Ring]:
        yield from self.coordinates


class MultiPolygon(_Value):
    type: Literal["MultiPolygon"]
    coordinates: Annotated[tuple[_Polygon, ...], Field(min_length=1)]

    @property
    def rings(self) -> Iterator[_Ring]:
        for polygon in self.coordinates:
            yield from polygon


Geometry = Annotated[Polygon | MultiPolygon, Field(discriminator="type")]


class _Properties(_Value):
    level: Level = Field(alias="GEO_LEVEL")
    id: str = Field(alias="GEO_ID")


class _Feature(_Value):
    type: Literal["Feature"]
    properties: _Properties
    geometry: Geometry


class _Collection(_Value):
    type: Literal["FeatureCollection"]
    features: tuple[_Feature, ...]


def read_boundaries(path: Path, areas: Areas) -> Mapping[tuple[Level, str], dict[str, Any]]:
    """The geometry of each area, as GeoJSON has it, by level and id.

    Raises:
        AgencyError: the file is no such collection, or names an area twice or one that is not in `open_data.yaml`.
    """
    text = read_text(path)
    try:
        features = _Collection.model_validate(json.loads(text)).features
    except json.JSONDecodeError as error:
        raise AgencyError(f"{path} line {error.lineno}: not JSON: {error.msg}") from None
    except RecursionError:
        raise AgencyError(f"{path}: nested too deeply to be a collection of areas") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise AgencyError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except ValueError:  # Python reads no integer of more than 4,300 digits
        raise AgencyError(f"{path}: a number is too long") from None
    known = {(place.level, place.id) for place in areas.places}
    found: dict[tuple[Level, str], dict[str, Any]] = {}
    for number, feature in enumerate(features):
        at = (feature.properties.level, feature.properties.id)
        if at not in known:
            raise AgencyError(f"{path}: features.{number}: open_data.yaml has no {at[0]} {at[1]}")
        if at in found:
            raise AgencyError(f"{path}: features.{number}: {at[0]} {at[1]} is there twice")
        for ring in feature.geometry.rings:
            if wrong := _wrong(ring):
                raise AgencyError(f"{path}: features.{number}: {wrong}")
        found[at] = feature.geometry.model_dump(mode="json")
    return found


def _wrong(ring: _Ring) -> str | None:
    if ring[0] != ring[-1]:
        return "a ring ends where it began, and this one does not"
    if any(abs(at[0]) > 180 or abs(at[1]) > 90 for at in ring):
        return "a position is longitude and latitude in degrees (WGS 84), and one of these is not"
    return None
