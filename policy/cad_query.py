"""The query of `poll` in `cad.yaml`: one statement, that only reads."""

import re
from typing import Final

from policy.cad_feeds import SINCE

NOT_SQL: Final = r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"[^"]*"|\[[^\]]*\]|`[^`]*`"""
"""Comments, texts and quoted names: what stands in them is not SQL."""
_BEGINS: Final = re.compile(r"\s*(select|with)\b", flags=re.IGNORECASE)
_CHANGES: Final = re.compile(r"\b(insert|update|delete|merge|into)\b", flags=re.IGNORECASE)


def trouble_with(query: str) -> str | None:
    """Why this query may not be asked; `None` where it may. The login that only reads is the lock, this is the sign."""
    bare = _bare(query)
    if _BEGINS.match(bare) is None:
        return "is no statement that reads; it begins with SELECT or WITH"
    if ";" in bare.strip().removesuffix(";"):
        return "has more than one statement; write one"
    if (word := _CHANGES.search(bare)) is not None:
        return (
            f"has the word {word[0].upper()}: it may only read, and lock nothing; quote it where it is a column's name"
        )
    return None


def asks_since(query: str) -> bool:
    """Whether it asks only for what is new, and not for everything each time."""
    return re.search(rf"(?<!:){SINCE}\b", _bare(query)) is not None


def _bare(query: str) -> str:
    return re.sub(NOT_SQL, " ", query, flags=re.DOTALL)
