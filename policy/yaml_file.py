"""One YAML file into one typed value, with errors that name file, line, what is wrong and what is allowed."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError


class AgencyError(Exception):
    """An agency's folder cannot be used; the message is one line that says where and why."""


Model = TypeVar("Model", bound=BaseModel)
_Place = tuple[str | int, ...]


def read_yaml(path: Path, model: type[Model]) -> Model:
    """The file's content as `model`.

    Raises:
        AgencyError: the file is missing, is not YAML, or does not fit.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AgencyError(f"{path}: this file is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise AgencyError(f"{path}: cannot be read ({type(error).__name__})") from None
    try:
        # BaseLoader: every scalar stays the text that was written (no 20:00 = 1200, no NO = false); the model decides.
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - builds nothing but texts, lists and mappings
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise AgencyError(f"{path} line {line}: not YAML: {error.problem}") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = first["loc"]
        name = ".".join(str(part) for part in place if part != "[key]") or "the file"
        message = first["msg"].removeprefix("Value error, ")
        raise AgencyError(f"{path} line {_line(node, place)}: {name}: {message}") from None


def _line(node: yaml.Node | None, place: _Place) -> int:
    """The line (from 1) of the value at a place; of the nearest enclosing one where the value is missing."""
    line = 1 if node is None else node.start_mark.line + 1
    for part in place:
        child = _child(node, part)
        if child is None:
            break
        node = child
        line = node.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: yaml.Node = node.value[part]
        return item
    return None
