"""R3, the last line of defence: what looks personal never leaves in a log line. A net under the rule, not its means.

Every leaf of an event is looked through before it is written as JSON, so that what is taken out never breaks the line.
"""

import errno
import re
import traceback
from collections.abc import Iterator, Mapping, Set
from datetime import date, datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

NUMBER: Final = "[number]"
TOKEN: Final = "[token]"  # noqa: S105 - what stands in place of one
PERSONAL: Final = "[personal]"
NOT_LOGGED: Final = "[its words are not logged]"

_KEYS: Final = frozenset(
    {
        *("phone", "phone_number", "telephone", "msisdn", "caller", "recipient", "from", "to"),
        *("name", "caller_name", "first_name", "last_name", "address", "street", "email"),
        *("body", "words", "comment", "answer", "answers", "raw", "parameters"),
        *("token", "password", "secret", "authorization", "cookie"),
    }
)
"""Keys under which a value is personal, or a secret, whatever it looks like. In any case, with `-` or `_`."""
# What stands between digits: a sign or two, also percent-encoded (`%20`) or escaped by a repr (`\xa0`).
_BLANK: Final = r"\s\u00ad\u2010-\u2015\u200b-\u200d\u2060\ufeff"
_GAP: Final = rf"(?:[{_BLANK}.()/+-]|%[0-9A-Fa-f]{{2}}|\\[nrt]|\\x[0-9a-f]{{2}}|\\u[0-9a-f]{{4}}|&nbsp;){{0,5}}"
_RARE: Final = (
    r"%C2%AD|%E2%80%[89A][0-9A-F]|%E2%81%A0|%EF%BB%BF|\\xad|\\u20[0-6][0-9a-f]|\\ufeff"
    r"|\\xc2\\xa[0d]|\\xe2\\x80\\x[89a][0-9a-f]|\\xe2\\x81\\xa0|\\xef\\xbb\\xbf"
)
_SPACE: Final = rf"(?:[{_BLANK}+-]|%20|%2D|%A0|%C2%A0|\\xa0|\\u00a0|&nbsp;|{_RARE}){{0,3}}"
_ONE: Final = "[1\uff11\u0661]"
_NO_DIGIT_BEFORE: Final = r"(?:(?<=%[0-9A-Fa-f]{2})|(?<=\\x[0-9a-f]{2})|(?<=\\u[0-9a-f]{4})|(?<!\d))"
_NO_ID_BEFORE: Final = r"(?:(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt])|(?<=\\x[0-9a-f]{2})|(?<![\w-]))"
_NUMBERS: Final = re.compile(
    # Not in one of our ids (a UUID), which is found first and stays.
    r"(?P<id>(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-]))|"
    # As it is written here: 613-555-0142, (613) 555 0142, +1.613.555.0142, %2B16135550142.
    rf"{_NO_DIGIT_BEFORE}(?:(?:\+|%2B)?{_ONE}{_GAP})?\(?\d{{3}}(?=\D){_GAP}\d{{3}}{_GAP}\d{{4}}(?![0-9A-Za-z_])"
    # Ten digits, or eleven from 1 on, in any groups, perhaps behind a word; no date; no part of an id, for a CAD may
    # number its calls with ten.
    rf"|{_NO_ID_BEFORE}[^\W\d]{{0,20}}(?!\d{{4}}-\d\d-\d\d)(?:(?:\+|%2B)?{_ONE}{_SPACE})?\d(?:{_SPACE}\d){{9}}(?![\w]|-\d)"
    # Any other country's, with its plus.
    rf"|(?:\+|%2B){_SPACE}\d(?:{_GAP}\d){{7,14}}(?![0-9A-Za-z_])",
    re.IGNORECASE,
)
_TOKENS: Final = re.compile(r"((?:/|%2F)s(?:/|%2F))[^\s\"'<>?#&/\\%]+", re.IGNORECASE)
_FEWEST_DIGITS: Final = re.compile(r"(?:\d\D{0,18}?){8}")
_LONG_NUMBERS: Final = range(10**9, 10**15)
_DEEPEST: Final = 8


def redact(text: str) -> str:
    """The text without what looks like a telephone number or the token of a survey's link."""
    if "/" in text or "%2" in text:
        text = _TOKENS.sub(rf"\g<1>{TOKEN}", text)
    return _NUMBERS.sub(_number_or_id, text) if _FEWEST_DIGITS.search(text) else text


def _number_or_id(found: re.Match[str]) -> str:
    return found["id"] or NUMBER


def redacted(value: object, *, depth: int = 0) -> Any:
    """The value in what JSON knows, every leaf of it redacted; what stands under a personal key is gone."""
    if value is None or isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        return value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, (int, float)):
        return NUMBER if abs(int(value)) in _LONG_NUMBERS else value
    if isinstance(value, (UUID, date, datetime)):
        return str(value)
    if depth > _DEEPEST:
        return redact(repr(value))
    if isinstance(value, Mapping):
        return {redact(str(key)): _under(key, item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, Set)):
        return _listed(value, depth + 1)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return redact(bytes(value).decode("utf-8", "backslashreplace"))
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {NOT_LOGGED}"
    return redact(str(value.value) if isinstance(value, Enum) else repr(value))


def redacted_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event of structlog's, every value of it redacted."""
    return {redact(str(key)): _under(key, value, 1) for key, value in event.items()}


def _under(key: object, value: object, depth: int) -> Any:
    name = str(key).lower().replace("-", "_")
    if name in _KEYS and value is not None:
        return PERSONAL
    return redacted(value, depth=depth)


def _listed(values: Any, depth: int) -> Any:
    """A number may stand in a list by its groups."""
    whole = " ".join(str(value) for value in values if isinstance(value, (int, str)))
    if redact(whole) != whole and all(redacted(value) == value for value in values if isinstance(value, (int, str))):
        return [NUMBER]
    return [redacted(value, depth=depth) for value in values]


def exception_lines(error: BaseException) -> str:
    """Where it happened and of what kind it and its causes are. Not a word of what they say: the errors of SQL, of
    HTTP and of validation repeat what was written, and any other may repeat theirs (R3)."""
    return "\n".join(_lines(error))


def _lines(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        kind = type(current)
        frames = traceback.extract_tb(current.__traceback__)
        yield f"{kind.__module__}.{kind.__qualname__}{_code_of(current)}"
        yield from (f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if current is not None:
            yield "because of"


def _code_of(error: BaseException) -> str:
    """What PostgreSQL calls it, five signs (`23505`), or the machine (`EADDRINUSE`): no words of anybody's."""
    if isinstance(error, OSError) and error.errno is not None:
        return f" ({errno.errorcode.get(error.errno, error.errno)})"
    code = getattr(getattr(error, "orig", error), "sqlstate", None)
    return f" ({code})" if isinstance(code, str) and len(code) == 5 else ""
