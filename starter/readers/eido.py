"""Stands in until the reader is there."""

from pydantic import JsonValue

from policy.cad_mapping import CadMapping
from starter.readers.told import Told, Unreadable


def read_eido(document: JsonValue, mapping: CadMapping) -> Told | Unreadable:
    """One EIDO."""
    return Unreadable(what=f"EIDO is not read yet ({type(document).__name__}, {mapping.zone})")
