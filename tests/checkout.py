"""Which code runs here: long measurements write it down beside what they found."""

import subprocess
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).resolve().parent


def commit() -> str:
    """Of the code that runs here; nothing where it is no checkout."""
    asked = ["git", "-C", str(_HERE), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
