"""Words of other people in a file that a spreadsheet opens."""

import re
from typing import Final

_BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_PARTED: Final = re.compile(r"([;|\t\r\n]\s*)(?=[=+\-@＝＋－＠])")
"""A spreadsheet in French parts at semicolons, and takes no quotation marks within what it takes for a cell."""


def no_formula(words: str) -> str:
    """A spreadsheet takes what begins so for a formula, which may fetch or send something."""
    safe = _PARTED.sub(r"\1'", words)
    return f"'{safe}" if safe.lstrip(" ").startswith(_BEGINS_A_FORMULA) else safe
