"""R3: is a telephone number anywhere in a text, however it is written?"""

import base64
import re
import urllib.parse
from collections.abc import Iterable, Iterator

_BETWEEN = r"[^0-9A-Za-z]{0,3}"
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")


def numbers_in(text: str, numbers: Iterable[str]) -> set[str]:
    """Which of these numbers (E.164) stand in the text: grouped, bare, percent-encoded or in base64."""
    haystacks = [text, urllib.parse.unquote(text), *_decoded(text)]
    return {number for number in numbers if any(_pattern(number).search(hay) for hay in haystacks)}


def _pattern(number: str) -> re.Pattern[str]:
    """Digits of the number without its country code, with up to three signs between each group."""
    area, exchange, line = number[2:5], number[5:8], number[8:]
    return re.compile(rf"{area}{_BETWEEN}{exchange}{_BETWEEN}{line}")


def _decoded(text: str) -> Iterator[str]:
    for match in _BASE64.finditer(text):
        raw = match.group().rstrip("=").replace("+", "-").replace("/", "_")
        try:
            yield base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode("ascii")
        except (ValueError, UnicodeDecodeError):
            continue
