"""Hides in comments what looks like a personal detail, before they are stored. A help, not a guarantee: names need a
person's eye.
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
)


def mask(comment: str) -> str:
    """The comment with e-mail addresses, postal codes, phone numbers and long numbers replaced by what they were."""
    for name, pattern in _MASKS:
        comment = pattern.sub(name, comment)
    return comment
