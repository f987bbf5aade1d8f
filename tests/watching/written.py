"""One telephone number in every form in which a log line could show it."""

import re
import unicodedata
import urllib.parse
from typing import Final

from hypothesis import strategies as st

NBSP: Final = "\u00a0"
_BETWEEN: Final = ["", " ", "-", ".", NBSP, " - ", "\u2011", "  ", "/", "\u202f"]


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Ten digits of a Canadian number that nobody has: 555-0100 to 555-0199."""
    area = draw(st.sampled_from(["613", "343", "819", "416", "902"]))
    return f"{area}55501{draw(st.integers(0, 99)):02}"


@st.composite
def written(draw: st.DrawFn, ten: str) -> str:
    """As people, machines and `repr` write it."""
    area, exchange, line = ten[:3], ten[3:6], ten[6:]
    one, two = draw(st.sampled_from(_BETWEEN)), draw(st.sampled_from(_BETWEEN))
    if not one and two in {".", "/"}:  # 613555.0142 is a decimal
        two = "-"
    head = draw(st.sampled_from(["", "+1", "1", "1-", "+1 ", "1 ", f"+1{NBSP}", "1."]))
    if draw(st.booleans()):
        area, one = f"({area})", draw(st.sampled_from(["", " ", NBSP]))
    text = head + area + one + exchange + two + line
    match draw(st.sampled_from(["as it is", "url", "form", "repr", "bytes", "json", "full width", "pairs"])):
        case "url":
            return urllib.parse.quote(text, safe="")
        case "form":
            return urllib.parse.quote_plus(text)
        case "repr":
            return repr(text)
        case "bytes":
            return repr(text.encode())
        case "json":
            return text.encode("ascii", "backslashreplace").decode()
        case "full width":
            return re.sub(r"\d", lambda digit: chr(0xFF10 + int(digit[0])), text)
        case "pairs":
            return " ".join(ten[at : at + 2] for at in range(0, 10, 2))
    return text


def digits_of(text: str) -> str:
    """The digits that are left, whatever stands between them and whatever script they are in."""
    plain = urllib.parse.unquote(unicodedata.normalize("NFKC", text))
    plain = re.sub(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}", "", plain)
    return "".join(re.findall(r"\d", plain))
