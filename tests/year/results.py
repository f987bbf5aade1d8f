"""What the year said: written beside its data, and told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.year.accounts import Account

RESULTS: Final = "results.json"
_SHOWN: Final = 10


def write_results(home: Path, account: Account) -> None:
    """All counts, and every difference."""
    content = {"counts": dict(sorted(account.counts.items())), "differences": account.differences}
    (home / RESULTS).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def told(account: Account) -> Iterator[str]:
    """In lines, the differences last."""
    yield from (f"{number:>9} {name}" for name, number in sorted(account.counts.items()))
    for name, of in account.differences.items():
        yield f"DIFFERENCE, {len(of)} times: {name}"
        yield from (f"          {what}" for what in of[:_SHOWN])
    if not account.differences:
        yield "No difference: every call is accounted for."
