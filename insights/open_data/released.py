"""What stands in the files of a bundle: read as anybody reads them, for whoever attacks them."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from insights.open_data.measures import Measure
from insights.open_data.places import CITY, Map
from insights.open_data.quarters import Quarter
from insights.open_data.tables import ACTIVITY, RESULTS, Status
from policy.open_data import Level


@dataclass(frozen=True, kw_only=True)
class Released:
    """A bundle's figures. `activity`: by area, priority (as it is written) and measure; `answers` and `answered`: of an
    area and question, by option and in all. Nought is what is suppressed; what there is no data of is left out."""

    quarter: Quarter
    version: int
    base: int
    activity: Mapping[tuple[str, str, Measure], int]
    answers: Mapping[tuple[str, str], Mapping[str, int]]
    answered: Mapping[tuple[str, str], int]

    @classmethod
    def read(cls, files: Mapping[str, bytes], map_: Map) -> "Released":
        """Of a bundle's files. `map_`: the codebook has it, too.

        Raises:
            KeyError: it is no bundle, or of other areas.
        """
        about = json.loads(files["datapackage.json"])
        ids = {(place.level, place.id): id_ for id_, place in map_.places.items()}

        def at(line: Mapping[str, str]) -> str:
            return ids[Level(line["GEO_LEVEL"]), line["GEO_ID"]]

        activity = {
            (at(line), line["PRIORITY"], Measure(line["MEASURE_ID"])): int(line["COUNT"] or 0)
            for line in _lines(files[ACTIVITY])
            if line["STATUS"] != Status.NO_DATA
        }
        answers: dict[tuple[str, str], dict[str, int]] = {}
        answered: dict[tuple[str, str], int] = {}
        for line in _lines(files[RESULTS]):
            if line["STATUS"] == Status.NO_DATA:
                continue
            key = (at(line), line["QUESTION_ID"])
            answers.setdefault(key, {})[line["ANSWER_ID"]] = int(line["N_ANSWERS"] or 0)
            answered[key] = max(answered.get(key, 0), int(line["N_RESPONSES"] or 0))
        first = next(_lines(files[ACTIVITY]))
        return cls(
            quarter=Quarter(int(first["YEAR"]), int(first["QUARTER"])),
            version=int(about["version"]),
            base=int(about["rounded_to"]),
            activity=activity,
            answers=answers,
            answered=answered,
        )

    @property
    def areas_of_survey(self) -> frozenset[str]:
        """Of which answers are told, the city aside."""
        return frozenset(at for at, _ in self.answers if at != CITY)


def _lines(body: bytes) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(body.decode("utf-8"), newline=""))
