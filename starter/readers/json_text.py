"""JSON from outside, parsed with suspicion."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import JsonValue

_DEEPEST: Final = 100
"""An EIDO is ten deep. Far below Python's own limit, which moves with whoever calls: what was read here must be
written again by the next, or it would be refused as a fault of ours, and sent again for ever."""
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


class NotJson(ValueError):  # noqa: N818 - of the sender's making
    """The bytes are not JSON; the message says why, without what stands there (R3)."""


def parse(raw: bytes) -> JsonValue:
    """The value that the bytes are.

    Of a name that stands twice in an object parsers take the one or the other: `"in_progress": true, "in_progress":
    false` is refused (R1).

    Raises:
        NotJson: not UTF-8, not JSON, a name twice, nested too deeply, a character that nobody can write.
    """
    try:
        text = raw.decode("utf-8")
        value: JsonValue = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float)
    except UnicodeDecodeError:
        raise NotJson("the bytes are not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _too_deep() from None
    except NotJson:
        raise
    except ValueError:  # a number of more than 4,300 digits
        raise NotJson("a number is too long") from None
    if _is_too_deep(value):
        raise _too_deep()
    if "\\u" in text and _has_surrogate(value):
        raise NotJson("a \\u escape is half a character")
    return value


def _object(pairs: Sequence[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJson("an object has the same name twice")
    return found


def _float(text: str) -> float:
    """1e999 is JSON, and infinity to Python, which would write it as none."""
    value = float(text)
    if math.isinf(value):
        raise NotJson("a number is too large")
    return value


def _no_number(_text: str) -> JsonValue:
    raise NotJson("NaN and Infinity are not JSON")


def _too_deep() -> NotJson:
    return NotJson("not JSON that anybody needs: nested too deeply")


def _is_too_deep(value: JsonValue) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _has_surrogate(value: JsonValue) -> bool:
    return _SURROGATE.search(json.dumps(value, ensure_ascii=False)) is not None
