"""Numbers for replayed calls: 555-0100 to 555-0199 under every Canadian area code, reserved for fiction."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import phonenumbers

_PER_AREA_CODE: Final = 100


@cache
def canadian_area_codes() -> Sequence[int]:
    """The area codes that belong to places in Canada, ascending."""
    return tuple(code for code in range(200, 1000) if _is_canadian(code))


def fictional_number(index: int) -> str:
    """The number of the index-th caller, E.164. After the last one the first comes again: reused oldest first."""
    codes = canadian_area_codes()
    code = codes[index // _PER_AREA_CODE % len(codes)]
    return f"+1{code}55501{index % _PER_AREA_CODE:02}"


def number_of_its_own(index: int) -> str:
    """As `fictional_number`, and after the last one longer ones follow, which nobody can have at all.

    For a simulation, which texts nobody: there no two calls of a log share a caller.
    """
    turn = index // how_many()
    return fictional_number(index) + (f"{turn:04}" if turn else "")


def how_many() -> int:
    """How many callers can have a number of their own at the same time."""
    return len(canadian_area_codes()) * _PER_AREA_CODE


def _is_canadian(code: int) -> bool:
    number = phonenumbers.parse(f"+1{code}2345678")
    region = phonenumbers.region_code_for_number(number)
    # 600, 622 and 633 are Canada's too, but belong to no place.
    return region == "CA" and phonenumbers.is_number_geographical(number)
