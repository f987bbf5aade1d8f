"""The body of a push, cut into its records; each stands for itself."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from policy.cad_mapping import CadMapping
from starter.readers.eido import read_eido
from starter.readers.json_text import NotJson, parse
from starter.readers.record import read_record
from starter.readers.told import Told, Unreadable
from starter.rejected import Shape

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_RECORDS: Final = 1_000
"""A batch is over within the sender's patience: some 3 s at 3 ms a record."""


class BadBody(Exception):  # noqa: N818 - of the sender's making
    """The body as a whole is none; the message says why. `too_large`: it is too much of a good thing."""

    def __init__(self, what: str, *, too_large: bool = False) -> None:
        super().__init__(what)
        self.too_large = too_large


@dataclass(frozen=True, kw_only=True)
class Part:
    """One record of a body, read. `raw`: its bytes, asked for where it is kept."""

    read: Told | Unreadable
    raw: Callable[[], bytes]
    shape: Shape


def records_in(body: bytes, mapping: CadMapping) -> Iterator[Part]:
    """The records of a body of `POST /cad/v1/calls`: one, or a batch, `{"records": […]}`.

    Raises:
        BadBody: it is neither.
    """
    document = _parsed(body)
    if not isinstance(document, dict):
        raise BadBody('the body is neither a record nor a batch, {"records": […]}')
    if "records" not in document:
        yield Part(read=read_record(document, mapping), raw=lambda: body, shape=Shape.RECORD)
        return
    batch = document["records"]
    if len(document) > 1 or not isinstance(batch, list):
        raise BadBody('a batch is {"records": […]} and nothing besides')
    for one in _not_too_many(batch):
        yield Part(read=read_record(one, mapping), raw=_bytes_of(one), shape=Shape.RECORD)


def eidos_in(body: bytes, mapping: CadMapping) -> Iterator[Part]:
    """The snapshots of a body of `POST /cad/v1/eido`: one EIDO, or a list of them.

    Raises:
        BadBody: it is neither.
    """
    document = _parsed(body)
    if isinstance(document, dict):
        yield Part(read=read_eido(document, mapping), raw=lambda: body, shape=Shape.EIDO)
        return
    if not isinstance(document, list):
        raise BadBody("the body is neither an EIDO nor a list of them")
    for one in _not_too_many(document):
        yield Part(read=read_eido(one, mapping), raw=_bytes_of(one), shape=Shape.EIDO)


def _parsed(body: bytes) -> JsonValue:
    try:
        return parse(body)
    except NotJson as error:
        raise BadBody(str(error)) from None


def _not_too_many(batch: Sequence[JsonValue]) -> Sequence[JsonValue]:
    if not batch:
        raise BadBody("there is no record in the batch")
    if len(batch) > MOST_RECORDS:
        raise BadBody(f"a batch has at most {MOST_RECORDS} records", too_large=True)
    return batch


def _bytes_of(document: JsonValue) -> Callable[[], bytes]:
    return lambda: json.dumps(document, ensure_ascii=False).encode()
