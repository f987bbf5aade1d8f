"""One YAML file into one typed value, with errors that name file, line, what is wrong and what is allowed."""

from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from policy.error_words import in_words


class AgencyError(Exception):
    """An agency's folder cannot be used; the message is one line that says where and why.

    `problems`: where more than one is wrong with a file, a line for each, the message first.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(problems[0])
        self.problems = problems


_MOST_PARTS: Final = 100_000
"""A hundred times what the largest of our files has. A few lines of & and * can stand for more than a machine holds."""
Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]


class ErrorAt(ValueError):  # noqa: N818 - it is one
    """What a model's own check found wrong, and where inside the model."""

    def __init__(self, message: str, *, place: Place) -> None:
        super().__init__(message)
        self.place = place


def read_yaml(path: Path, model: type[Model]) -> Model:
    """The file's content as `model`.

    Raises:
        AgencyError: the file is missing, is not YAML, or does not fit.
    """
    text = read_text(path)
    try:
        # BaseLoader: every scalar stays the text that was written (no 20:00 = 1200, no NO = false); the model decides.
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        if node is not None and _parts(node, {}) > _MOST_PARTS:
            raise AgencyError(f"{path}: with every * written out it has more than {_MOST_PARTS:,} parts")
        _refuse_twice(path, node)
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - builds nothing but texts, lists and mappings
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise AgencyError(f"{path} line {line}: not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise AgencyError(
            f"{path} line {line}: not YAML: the character {error.character!r} may not stand there"
        ) from None
    except RecursionError:
        raise AgencyError(f"{path}: nested too deeply, or a part of it that is named with & holds itself") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise AgencyError(*_refusals(path, node, error, model)) from None


def read_text(path: Path) -> str:
    """The file's text.

    Raises:
        AgencyError: it is missing, cannot be read, or is not text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AgencyError(f"{path}: this file is missing") from None
    except UnicodeDecodeError:
        raise AgencyError(f"{path}: not a text file in UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise AgencyError(f"{path}: cannot be read ({error.strerror})") from None


def line_of(path: Path, place: Place) -> int:
    """The line (from 1) of a place in a file that `read_yaml` has read."""
    return _line(yaml.compose(read_text(path), Loader=yaml.BaseLoader), place)


def _refusals(path: Path, node: yaml.Node | None, error: ValidationError, model: type[BaseModel]) -> list[str]:
    """A line for each thing that is wrong, from top to bottom."""
    found = [_refusal(path, node, details, model) for details in error.errors(include_url=False)]
    return [text for _, text in sorted(found, key=lambda one: one[0])]


def _refusal(path: Path, node: yaml.Node | None, error: ErrorDetails, model: type[BaseModel]) -> tuple[int, str]:
    cause = error.get("ctx", {}).get("error")
    place: Place = error["loc"] + getattr(cause, "place", ())  # of an ErrorAt, or of an error like it
    name = ".".join(str(part) for part in place if part != "[key]") or "the file"
    line = _line(node, place)
    return line, f"{path} line {line}: {_in_one_line(name)}: {in_words(error, model)}"


def _in_one_line(name: str) -> str:
    """Quoted, a key may hold a line's end, or signs that steer a terminal."""
    return name if name.isprintable() else repr(name)


def _parts(node: yaml.Node, known: dict[int, int]) -> int:
    """How many parts it has with every alias written out; each node is counted once, in `known`."""
    if id(node) not in known:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        inside = node.value if isinstance(node, yaml.SequenceNode) else [one for pair in pairs for one in pair]
        known[id(node)] = 1 + sum(_parts(one, known) for one in inside)
    return known[id(node)]


def _refuse_twice(path: Path, node: yaml.Node | None) -> None:
    """YAML takes the last of two equal keys in silence: then a group of exclusions could go missing."""
    if isinstance(node, yaml.MappingNode):
        seen: set[object] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):  # no other can be a key: the loader says so
                if key.value in seen:
                    line, name = key.start_mark.line + 1, _in_one_line(key.value)
                    raise AgencyError(f"{path} line {line}: {name}: this stands here a second time")
                seen.add(key.value)
            _refuse_twice(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_twice(path, item)


def _line(node: yaml.Node | None, place: Place) -> int:
    """The line (from 1) on which a place begins; of the nearest enclosing one where it is missing."""
    line = 1 if node is None else node.start_mark.line + 1
    for part in place:
        found = _child(node, part)
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Where it begins (in a mapping: the key) and what it is."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None
