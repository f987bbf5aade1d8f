"""Hides in comments what looks like a personal detail, before they are stored. A help, not a guarantee: a name looks
like any other word, and so does a street; a person reads each comment before anybody else does.
"""

import re
from typing import Final

_DASH: Final = r"\-\u2010-\u2015\u2212"
"""Phones and word processors write others than the one on the keyboard."""
_BLANK: Final = r" \t\u00a0\u2009\u202f"
"""Those that do not end a line; French has narrow ones in its numbers."""
_BETWEEN: Final = rf"[{_BLANK}.·_/{_DASH}]"
_GROUP: Final = rf"[{_BLANK}]?{_BETWEEN}?[{_BLANK}]?"
"""What stands between groups of one number: a sign, blanks around it."""

# In this order: an e-mail address may hold digits, a phone number is a long number. Letters may touch a number
# (`x204`, `no26104233`), digits may not: that would be another number.
_MASKS: Final = (
    ("[e-mail]", re.compile(r"[\w.+'’-]+@[\w-]+(?:\.[\w-]+)+")),
    # With blanks only where an ending of addresses follows: `came @ 5.30`.
    (
        "[e-mail]",
        re.compile(r"[\w.+'’-]+ ?@ ?[\w-]+(?:\.[\w-]+)*? ?\.(?:com|ca|net|org|fr|info)\b", re.IGNORECASE),
    ),
    (
        "[postal code]",
        re.compile(rf"\b[A-Z]\d[A-Z][{_BLANK}{_DASH}]{{0,3}}\d[A-Z]\d\b", re.IGNORECASE),
    ),
    # Ten digits as people write them in North America, with or without the country's 1.
    (
        "[phone]",
        re.compile(rf"(?<!\d)(?:\+?1{_GROUP})?\(?\d{{3}}\)?{_GROUP}[{_BLANK}]*\d{{3}}{_GROUP}[{_BLANK}]*\d{{4}}(?!\d)"),
    ),
    # Seven digits and more, also in groups: case, licence and card numbers; not years, hours, speeds or prices.
    ("[number]", re.compile(rf"(?<!\d)\+?\d(?:{_GROUP}\d){{6,}}(?!\d)")),
    # After the word itself, however it is written.
    (
        r"\1[plate]",
        re.compile(
            r"(\b(?:licen[cs]e|plates?|plaques?|immatricul\w+)\b(?:[ :#]|number|no\.?|is|was|est|[ée]tait|num[ée]ro)*)"
            rf"(?<![A-Za-z0-9])(?!(?:in|on|at|of|for|de|en|du|le|les|des)\b)(?=[A-Z]*[{_BLANK}{_DASH}]?[A-Z]*\d)"
            rf"[A-Z0-9]{{2,4}}[{_BLANK}{_DASH}]?[A-Z0-9]{{2,4}}(?![A-Za-z0-9])",
            re.IGNORECASE,
        ),
    ),
)
_PLATE: Final = re.compile(
    r"(?<!\w)(?:(?!(?:OPS|HWY|RUE|AVE|APT|APP|UNIT|BUS|CASE|CODE|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)\b)"
    rf"[A-Z]{{2,4}}[{_BLANK}{_DASH}]?\d{{3,5}}|[A-Z]\d{{2}}[{_BLANK}{_DASH}]?[A-Z]{{3}}|\d{{3}}[{_DASH}]?[A-Z]{{3}})(?!\w)"
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
