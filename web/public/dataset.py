"""What search engines are told: schema.org's Dataset, as JSON-LD."""

import json
from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from calls.facts import Language
from policy.agency import Agency
from web.public.quarter import Quarter
from web.public.saying import Saying

_FORMATS: Final = {".csv": "text/csv", ".geojson": "application/geo+json"}
"""Of the files that are data."""


def dataset(
    quarter: Quarter, agency: Agency, language: Language, *, t: Mapping[str, str], say: Saying, up: str
) -> Markup:
    """Of one quarter's newest version, for a `<script>` that is data and runs nothing."""
    entry = quarter.bundle.entry
    told = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": t["dataset_name"].format(agency=agency.identity.name[language], quarter=say.quarter(quarter)),
        "description": t["dataset_about"].format(base=quarter.base),
        "inLanguage": [each.value for each in Language],
        "version": str(entry.version),
        **({} if entry.published_at is None else {"datePublished": entry.published_at.date().isoformat()}),
        "temporalCoverage": f"{quarter.first_day.isoformat()}/{quarter.last_day.isoformat()}",
        "creator": {"@type": "Organization", "name": agency.identity.name[language]},
        "license": entry.licence.address.in_language(language),
        "isAccessibleForFree": True,
        "distribution": [
            {
                "@type": "DataDownload",
                "name": file.name,
                "encodingFormat": _FORMATS[suffix],
                "contentUrl": f"{up}{entry.address}/{file.name}",
                "contentSize": f"{file.size} B",
            }
            for file in entry.files
            for suffix in _FORMATS
            if file.name.endswith(suffix)
        ],
    }
    return Markup(json.dumps(told, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704 - no tag can begin in it
