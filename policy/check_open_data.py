"""What `open_data.yaml` and `areas.geojson` say of each other and of the rest of the folder."""

from typing import Final

from policy.agency import Agency
from policy.boundaries import BOUNDARIES
from policy.findings import Findings, Level

_FILE: Final = "open_data.yaml"


def check_open_data(agency: Agency, findings: Findings) -> None:
    """One without the other. That the boundaries can be read, whoever loads the folder has seen."""
    has_boundaries = agency.boundaries is not None
    if agency.open_data is None:
        if has_boundaries:
            findings.say_line(Level.WARNING, BOUNDARIES, None, f"is not read without {_FILE}")
        return
    if agency.open_data.areas is None:
        if has_boundaries:
            findings.say_line(Level.ERROR, BOUNDARIES, None, f"{_FILE} has no areas, so none can have boundaries")
        return
    if agency.cad.columns.area is None:
        what = "cad.yaml has no columns.area: unless CAD pushes it, no call has an area"
        findings.warn(_FILE, ("areas",), what)
