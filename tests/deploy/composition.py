"""docker-compose.yml and the Dockerfile, read as Docker reads them, as far as that goes without its engine."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
CLOUD = ROOT / "docker-compose.cloud.yml"
Service = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Compose's own tags `!override` and `!reset` are of no account for the form."""


def _as_it_is(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else None


_Loader.add_constructor("!override", _as_it_is)
_Loader.add_constructor("!reset", _as_it_is)


@cache
def composed(path: Path = COMPOSE) -> dict[str, Any]:
    """The file, with its anchors resolved. Read once: change a copy."""
    read: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
    return read


def services() -> dict[str, Service]:
    found: dict[str, Service] = composed()["services"]
    return found


def ours() -> dict[str, Service]:
    """Those of our own image."""
    return {name: service for name, service in services().items() if "build" in service}


def schema() -> dict[str, Any]:
    """The specification's own JSON schema, from the package check-jsonschema, which keeps a copy."""
    place = files("check_jsonschema").joinpath("builtin_schemas", "vendor", "compose-spec.json")
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found


def seconds(duration: str) -> float:
    """Of compose: `1m30s`, `90s`."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([0-9.]+)([hms])", duration))


@dataclass(frozen=True)
class Step:
    """One line of the Dockerfile."""

    word: str
    rest: str


def stages() -> list[list[Step]]:
    """The Dockerfile's stages, each from its FROM on."""
    found: list[list[Step]] = []
    for step in _steps((ROOT / "Dockerfile").read_text(encoding="utf-8")):
        if step.word == "FROM":
            found.append([])
        found[-1].append(step)
    return found


def _steps(text: str) -> Iterator[Step]:
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield Step(word, rest.strip())


def let_in(path: Path) -> bool:
    """.dockerignore lets the file (relative to the root) into the image: the last line that fits counts."""
    verdict = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        fits = any(_fits(part, pattern.removeprefix("!")) for part in (path, *path.parents) if part.name)
        verdict = pattern.startswith("!") if fits else verdict
    return verdict


def _fits(path: Path, pattern: str) -> bool:
    expression = re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(expression, path.as_posix()) is not None


def words(command: str | list[str]) -> list[str]:
    return shlex.split(command) if isinstance(command, str) else command
