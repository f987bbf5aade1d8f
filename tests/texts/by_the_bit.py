"""An encoder written from 3GPP TS 23.038 (6.1.2.1, 6.2.1) and TS 23.040 (9.2.3.24): user data, octet by octet.

It knows nothing of 160, 153, 70 and 67: a message has 140 octets; a part of a longer one gives six to the header that
joins the parts, after which septets begin on a septet's boundary.
"""

from typing import Final

_OCTETS: Final = 140
_HEADER: Final = b"\x05\x00\x03\x00\x00\x00"
# The default alphabet as the standard's table has it: columns of sixteen, from 0x00 on.
_TABLE: Final = (
    "@£$¥èéùìòÇ\nØø\rÅå" "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" " !\"#¤%&'()*+,-./" "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO" "PQRSTUVWXYZÄÖÑÜ§" "¿abcdefghijklmno" "pqrstuvwxyzäöñüà"
)  # fmt: skip
_AFTER_ESCAPE: Final = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip
_ESCAPE: Final = 0x1B


def parts_by_the_bit(text: str) -> tuple[str, list[bytes]]:
    """The name of the alphabet, and the user data of each part."""
    septets = [_septets(char) for char in text]
    if all(septets_of_one for septets_of_one in septets):
        whole = _packed([each for char in septets for each in char])
        if len(whole) <= _OCTETS:
            return "GSM-7", [whole]
        return "GSM-7", _filled(septets)
    units = [char.encode("utf-16-be") for char in text]
    if len(b"".join(units)) <= _OCTETS:
        return "UCS-2", [b"".join(units)]
    parts = [_HEADER]
    for unit in units:
        if len(parts[-1] + unit) > _OCTETS:
            parts.append(_HEADER)
        parts[-1] += unit
    return "UCS-2", parts


def _septets(char: str) -> list[int]:
    """Nothing: the alphabet has it not."""
    if char in _AFTER_ESCAPE:
        return [_ESCAPE, _AFTER_ESCAPE[char]]
    place = _TABLE.find(char)
    return [] if place in {-1, _ESCAPE} else [place]


def _packed(septets: list[int]) -> bytes:
    """Seven bits each, the lowest first."""
    bits = "".join(f"{septet:07b}"[::-1] for septet in septets)
    octets = [bits[start : start + 8].ljust(8, "0")[::-1] for start in range(0, len(bits), 8)]
    return bytes(int(octet, 2) for octet in octets)


def _filled(characters: list[list[int]]) -> list[bytes]:
    """Parts of as many whole characters as 140 octets hold behind the header and its fill bits."""
    header_in_septets = -(-len(_HEADER) * 8 // 7)
    parts: list[list[int]] = [[]]
    for septets in characters:
        if (header_in_septets + len(parts[-1]) + len(septets)) * 7 > _OCTETS * 8:
            parts.append([])
        parts[-1] += septets
    return [_HEADER + _packed([0] * header_in_septets + part)[len(_HEADER) :] for part in parts]
