"""Telephone numbers as the network reads and shows them, and how many segments a text takes."""

import re

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# North America: area code and exchange both begin with 2 to 9. Fictional numbers (555-01xx) pass, unlike in libraries
# that check against assigned ranges.
_NORTH_AMERICA = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")

# GSM 03.38: everything else makes the whole text UCS-2.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_TWICE = frozenset("\f^{}\\[~]|€")  # from the extension table: two places each


def is_number(text: str) -> bool:
    return bool((_NORTH_AMERICA if text.startswith("+1") else _E164).fullmatch(text))


def number_from(text: str) -> str | None:
    """A number as people and paths write it (613-555-0142, 16135550142, +16135550142) in E.164, or None."""
    digits = re.sub(r"[^0-9]", "", text)
    number = f"+1{digits}" if len(digits) == 10 and not text.strip().startswith("+") else f"+{digits}"
    return number if is_number(number) else None


def shown(number: str) -> str:
    """613-555-0142; a number from elsewhere stays as it is."""
    if _NORTH_AMERICA.fullmatch(number):
        return f"{number[2:5]}-{number[5:8]}-{number[8:]}"
    return number


def segments(body: str) -> int:
    """160 places of GSM-7 or 70 of UCS-2 fit into one; in a chain each gives up seven (three) for its header."""
    if all(letter in _GSM7 or letter in _GSM7_TWICE for letter in body):
        places, single, chained = len(body) + sum(letter in _GSM7_TWICE for letter in body), 160, 153
    else:
        places, single, chained = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if places <= single else -(-places // chained)
