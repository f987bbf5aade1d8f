"""What is wrong with an agency's file, in words for people who never saw the program: what stands there, what may."""

import difflib
import types
import typing
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_PATTERNS: Final = {
    r"^[a-z][a-z0-9-]*$": "small letters, digits and hyphens, a letter first, as in ottawa",
    r"^\+1\d{10}$": "+1 and ten digits, as in +16135550100",
    r"^[A-Z]{3}$": "a currency's three capital letters, as in CAD",
    r"^[A-Z]{2}$": "a country's two capital letters, as in CA",
    r"^[a-z0-9_]{1,32}$": "small letters, digits and _, at most 32",
    r"^[A-Z][0-9]{1,2}$": "a capital letter and one or two digits, as in Q1",
    r"^[0-9A-Za-z.-]{1,32}$": "letters, digits, full stops and hyphens, at most 32",
    r"^[0-9A-Za-z.-]{0,32}$": "letters, digits, full stops and hyphens, at most 32",
    r"^https://[^\s<>{}|^`]+$": "an address that begins with https://, as in https://example.org/licence",
    r'^[^\s,"][^,"\r\n]{0,63}$': "at most 64 signs, without commas and quotes, as in 14",
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$": "an e-mail address, as in data@example.org",
}
"""The patterns of our models, in words."""
_NUMBER: Final = "{found} is not a number"
_TEXT: Final = "a text has to stand here, in quotes where it looks like something else; here is {found}"
_BLOCK: Final = "keys with values have to stand here (`key: value`); here is {found}"
_LIST: Final = "a list has to stand here, as in [a, b]; here is {found}"
_HOUR: Final = '{found} is no hour of the day; write it as in "09:00"'
_YES_OR_NO: Final = "{found} is neither true nor false; write true or false"

_WORDS: Final[Mapping[str, str]] = {
    "missing": "this key is missing",
    "int_parsing": "{found} is not a whole number",
    "int_type": "{found} is not a whole number",
    "int_from_float": "{found} is not a whole number",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "bool_parsing": _YES_OR_NO,
    "bool_type": _YES_OR_NO,
    "time_parsing": _HOUR,
    "time_type": _HOUR,
    "string_type": _TEXT,
    "model_type": _BLOCK,
    "model_attributes_type": _BLOCK,
    "dict_type": _BLOCK,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "enum": "{found} is not known here; allowed are: {expected}",
    "literal_error": "{found} is not known here; allowed are: {expected}",
    "greater_than": "{found} is too little; more than {gt} is allowed",
    "greater_than_equal": "{found} is too little; {ge} or more is allowed",
    "less_than": "{found} is too much; less than {lt} is allowed",
    "less_than_equal": "{found} is too much; {le} or less is allowed",
    "too_short": "nothing is listed here; at least {min_length} has to be",
    "string_too_short": "nothing stands here; at least {min_length} sign has to",
    "string_too_long": "{found} is too long; {max_length} signs are allowed",
}
_LONGEST_QUOTE: Final = 60


def in_words(error: ErrorDetails, model: type[BaseModel]) -> str:
    """One error of pydantic's, in words, for a file that is read as `model`."""
    context = dict(error.get("ctx", {}))
    found = _quoted(error["input"])
    if error["type"] == "extra_forbidden":
        return _no_such_key(str(error["loc"][-1]), _keys_at(model, error["loc"][:-1]))
    if error["type"] == "string_pattern_mismatch":
        form = _PATTERNS.get(str(context["pattern"]), f"the pattern {context['pattern']}")
        return f"{found} is not written as it has to be: {form}"
    if error["type"] in _WORDS:
        if "expected" in context:
            context["expected"] = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return _WORDS[error["type"]].format(found=found, **context)
    return " ".join(error["msg"].removeprefix("Value error, ").split())


def _quoted(found: object) -> str:
    """What stands there, as its author knows it: texts, since nothing but texts is read from a file."""
    if isinstance(found, Mapping):
        return "a block of keys"
    if isinstance(found, list | tuple):
        return "a list"
    text = " ".join(str(found).split())
    if not text:
        return "nothing"
    return repr(text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…")


def _no_such_key(key: str, allowed: list[str]) -> str:
    if not allowed:
        return "there is no such key"
    near = difflib.get_close_matches(key, allowed, n=1)
    meant = f" (is {near[0]} meant?)" if near else ""
    return f"there is no such key{meant}; there are: {', '.join(allowed)}"


def _keys_at(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand at a place of the file; none where that cannot be told."""
    kind: Any = model
    for part in place:
        kind = _inside(_bare(kind), part)
    kind = _bare(kind)
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _inside(kind: Any, part: str | int) -> Any:
    """The type of what stands under a key, or in a list."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(part))
        return None if field is None else field.annotation
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is dict:
        return arguments[1]
    return arguments[0] if arguments else None


def _bare(kind: Any) -> Any:
    """The type without `Annotated` and `| None`."""
    while True:
        origin = typing.get_origin(kind)
        if origin is typing.Annotated:
            kind = typing.get_args(kind)[0]
        elif origin in {typing.Union, types.UnionType}:
            rest = [one for one in typing.get_args(kind) if one is not types.NoneType]
            if len(rest) != 1:
                return None
            kind = rest[0]
        else:
            return kind
