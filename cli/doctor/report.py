"""What was found, line by line as it is found, or as JSON in the end."""

import json

from rich.console import Console

from cli.doctor.examination import examine
from settings import Settings


def report(settings: Settings, *, console: Console, as_json: bool) -> bool:
    """Say it; False where there is a trouble."""
    found = []
    for finding in examine(settings):
        found.append(finding)
        if as_json:
            continue
        mark = "[green]ok[/]  " if finding.is_well else "[red]NOT[/] " if finding.is_trouble else "[yellow]BUT[/] "
        console.print(mark, end=" ")
        console.print(f"{finding.what}: {finding.detail}", soft_wrap=True, markup=False)
        if not finding.is_well:
            console.print(f"     mend: {finding.mend}", soft_wrap=True, markup=False)
    if as_json:
        print(json.dumps([finding.as_json() for finding in found], ensure_ascii=False, indent=1))
    return not any(finding.is_trouble for finding in found)
