"""Which case numbers may stand in a text. CAD's data is not trusted: a field may hold a name, a remark, two lines."""

import re
from typing import Final

LONGEST: Final = 30
"""Signs. The longest of the sample logs has 15; every further one may cost a segment."""
_FIT: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9](?:[A-Za-z0-9 #./:_-]*[A-Za-z0-9])?")


def is_fit(case_number: str) -> bool:
    """Letters and digits, with `- / . : # _` and spaces between them, and at least one digit: a name has none.

    All of these are in the SMS alphabet, and none of them ends a line.
    """
    return len(case_number) <= LONGEST and _FIT.fullmatch(case_number) is not None
