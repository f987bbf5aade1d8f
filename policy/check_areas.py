"""Contradictions between `areas.yaml` and what CAD tells."""

from policy.agency import Agency
from policy.areas import FILE
from policy.findings import Findings


def check_areas(agency: Agency, findings: Findings) -> None:
    """A map that nothing is looked up in; areas that nobody would find in a larger one."""
    if agency.areas is None:
        return
    if agency.cad.columns.area is None:
        findings.warn(
            FILE, ("areas",), "are listed, and cad.yaml has no columns.area: unless CAD pushes it, none is told"
        )
    smallest = agency.areas.smallest
    some_lie_within = any(area.within is not None for area in smallest.values())
    for code, area in smallest.items():
        if some_lie_within and area.within is None:
            findings.warn(FILE, ("areas", code), "lies within no larger area, and others do: it is counted in none")
