"""Bundles as the service writes and publishes them, with made-up figures: nobody gave these answers."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from insights.open_data.edition import Edition
from insights.open_data.quarters import Quarter
from local.generated.open_quarters import demonstrating, write_quarter
from policy.agency import Agency
from policy.open_data import Areas
from survey.questions import Localized


def edition_of(agency: Agency, quarter: Quarter, version: int = 1) -> Edition:
    reason = Localized(en="A count was wrong.", fr="Un compte était faux.") if version > 1 else None
    prepared = datetime.combine(quarter.last_day, time(14, 30), UTC) + timedelta(days=44 + version)
    return Edition.of(agency, quarter, version=version, reason=reason, prepared_at=prepared)


def write_published(
    root: Path, agency: Agency, quarter: Quarter, areas: Areas, *, version: int = 1, scale: float = 1.0
) -> Mapping[str, object]:
    """A bundle's folder; its entry for the index. Of any area with 300 calls answers are told."""
    agency = demonstrating(agency, areas, address="https://example.org/", least_calls_survey=300)
    edition = edition_of(agency, quarter, version)
    folder = root / edition.path
    folder.mkdir(parents=True)
    files = write_quarter(folder, agency, edition, areas, scale=scale)
    published = edition.prepared_at + timedelta(days=1)
    return {
        "agency": agency.key,
        **edition.published_as(),
        "period": str(quarter),
        "period_start": quarter.first_day.isoformat(),
        "period_end": quarter.last_day.isoformat(),
        "version": version,
        "is_latest": True,
        "reason": None if edition.reason is None else edition.reason.model_dump(),
        "base": 15,
        "published_at": f"{published:%Y-%m-%dT%H:%M:%SZ}",
        "path": edition.path,
        "files": files,
    }


def publish(root: Path, entries: Sequence[Mapping[str, object]]) -> None:
    (root / "index.json").write_text(json.dumps({"format": 1, "bundles": entries}), encoding="utf-8")
