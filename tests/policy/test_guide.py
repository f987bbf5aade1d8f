"""The guide to an agency's folder is complete: whoever has nothing else can write one."""

import re
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from calls.facts import CancelReason, Language, Outcome, Source
from calls.policy import TypeRule
from policy.agency import FILES
from policy.cad_feeds import SinceWritten
from policy.cad_mapping import ENCODINGS, CadMapping
from policy.cad_times import NAMED_FORMATS, SIGNS
from policy.yaml_file import read_yaml
from survey.questions import QuestionKind
from tests.conftest import AGENCIES
from texts.wording import ALLOWED, Piece

GUIDE = (AGENCIES.parent / "docs" / "agency-folder.md").read_text(encoding="utf-8")


def keys_of(kind: Any, place: str = "") -> Iterator[str]:
    """Every key that a file may have, with its way: `groups.NAME.codes`."""
    for model, way in models_in(kind, place):
        fields = model.model_fields
        if set(fields) == set(Language):  # words in both languages
            continue
        for name, field in fields.items():
            yield f"{way}{name}"
            yield from keys_of(field.annotation, f"{way}{name}.")


def models_in(kind: Any, way: str) -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind, way
        return
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {dict, Mapping}:
        yield from models_in(arguments[1], f"{way}NAME.")
    elif origin in {typing.Union, types.UnionType, list, tuple, frozenset, set, typing.Annotated}:
        for argument in arguments:
            yield from models_in(argument, way)


def section(file: str) -> str:
    return GUIDE.partition(f"\n## `{file}`\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("file", FILES)
def test_every_key_of_a_file_stands_in_its_section(file: str) -> None:
    keys = list(dict.fromkeys(keys_of(FILES[file])))
    assert len(keys) >= 3
    rows = set(re.findall(r"^\| `([^`]+)` \|", section(file), flags=re.MULTILINE))
    assert [key for key in keys if key not in rows] == []


@pytest.mark.parametrize("file", FILES)
def test_no_key_stands_there_that_a_file_cannot_have(file: str) -> None:
    rows = re.findall(r"^\| `([a-z_.A-Z]+)` \|", section(file), flags=re.MULTILINE)
    words = {*CancelReason, *Outcome}
    assert [row for row in rows if row not in set(keys_of(FILES[file])) | words] == []


@pytest.mark.parametrize(
    "words",
    [
        *(Source, CancelReason, Outcome, TypeRule, QuestionKind, Language, Piece, SinceWritten),
        *(ENCODINGS, NAMED_FORMATS, SIGNS),
    ],
)
def test_every_allowed_word_stands_in_the_guide(words: Any) -> None:
    assert [word for word in words if f"`{word}`" not in GUIDE] == []


def test_the_fields_that_a_text_may_ask_for_are_those_that_the_service_gives() -> None:
    given = frozenset[str]().union(*ALLOWED.values())
    assert set(re.findall(r"`\{([a-z_]+)\}`", section("texts/en.po` and `texts/fr.po"))) == given


def test_its_example_of_a_cad_mapping_can_be_read(tmp_path: Path) -> None:
    example = section("cad.yaml").partition("    columns:\n")[2].partition("\n### ")[0]
    path = tmp_path / "cad.yaml"
    path.write_text("columns:\n" + re.sub("(?m)^    ", "", example), encoding="utf-8")
    mapping = read_yaml(path, CadMapping)
    assert mapping.columns.received == ("Call_Date", "Call_Time")
    assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) == set(CadMapping.model_fields)
