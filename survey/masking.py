"""Hides in comments what looks like a personal detail, before they are stored. A help, not a guarantee: a name looks
like any other word, and so does a street; a person reads each comment before anybody else does.
"""

import re
from typing import Final

# In this order: an e-mail address may hold digits, a phone number is a long number.
_MASKS: Final = (
    ("[e-mail]", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("[postal code]", re.compile(r"\b[A-Z]\d[A-Z][ -]?\d[A-Z]\d\b", re.IGNORECASE)),
    # Ten digits as people write them in North America, with or without the country's 1.
    ("[phone]", re.compile(r"(?<!\w)(?:\+?1[ .-]?)?\(?\d{3}\)?[ .\u00a0-]*\d{3}[ .\u00a0-]*\d{4}(?!\w)")),
    # Seven digits and more, also in groups: case, licence and card numbers; not years, hours, speeds or prices.
    ("[number]", re.compile(r"(?<!\w)\+?\d(?:[ .\u00a0-]?\d){6,}(?!\w)")),
    # After the word itself, however it is written.
    (
        r"\1[plate]",
        re.compile(
            r"(\b(?:licen[cs]e|plates?|plaques?|immatricul\w+)\b(?:[ :#]|number|no\.?|is|was|est|[ée]tait|num[ée]ro)*)"
            r"(?<![A-Za-z0-9])(?=[A-Z0-9 -]{0,7}\d)[A-Z0-9]{2,4}[ -]?[A-Z0-9]{2,4}(?![A-Za-z0-9])",
            re.IGNORECASE,
        ),
    ),
)
_PLATE: Final = re.compile(
    r"(?<!\w)(?:(?!(?:OPS|HWY|RUE|AVE|APT|APP|UNIT|BUS|CASE|CODE|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)\b)"
    r"[A-Z]{2,4}[ -]?\d{3,5}|[A-Z]\d{2}[ -]?[A-Z]{3}|\d{3}-?[A-Z]{3})(?!\w)"
)
"""Of Ontario (`ABCD 123`, `AB 12345`), Québec (`A12 BCD`, `123-ABC`) and other provinces (`ABC 123`, `ABC 1234`), in
capitals, as plates are written."""
_MASKED: Final = re.compile(r"\[(?:e-mail|postal code|phone|number|plate)\]")


def mask(comment: str) -> str:
    """The comment with e-mail addresses, postal codes, phone numbers, long numbers and licence plates replaced by what
    they were."""
    for name, pattern in _MASKS:
        comment = pattern.sub(name, comment)
    # WHERE ALL IS WRITTEN IN CAPITALS, `FOR 120` is no plate.
    return comment if _MASKED.sub("", comment).isupper() else _PLATE.sub("[plate]", comment)
