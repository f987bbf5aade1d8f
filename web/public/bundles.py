"""The published bundles in their folder: what `index.json` names, and nothing that lies beside it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from survey.questions import Localized
from web.public.tables import ACTIVITY, RESULTS, TableError, Tables, read_tables

INDEX: Final = "index.json"
_MEND: Final = "restore the bundle from a copy"


class BundleError(Exception):
    """The bundles cannot be shown; the message says what is wrong and where."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class File(_Value):
    """A file of a bundle, as it was when the bundle was published. `size` in bytes."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Licence(_Value):
    """Under which the files may be used."""

    title: Localized
    address: Localized


class Entry(_Value):
    """What the index says of one bundle. Counts are rounded to multiples of `base`. `published_at` of a bundle that is
    not public yet: `None`."""

    agency: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
    period: Annotated[str, StringConstraints(pattern=r"^\d{4}-q[1-4]$")]
    version: Annotated[int, Field(ge=1)]
    reason: Localized | None = None
    """Of a second version and later: why."""
    base: Annotated[int, Field(ge=1)]
    published_at: AwareDatetime | None
    licence: Licence
    files: tuple[File, ...]

    @property
    def address(self) -> str:
        """Where its files stand under the public folder, and on the site."""
        return f"{self.agency}/{self.period}/v{self.version}"


class _Index(_Value):
    format: Literal[1]
    bundles: tuple[Entry, ...]


@dataclass(frozen=True)
class Bundle:
    """A bundle. `bytes_of`: of one of its files, by name; OSError where it cannot be read."""

    entry: Entry
    bytes_of: Callable[[str], bytes]

    def has(self, name: str) -> bool:
        return any(file.name == name for file in self.entry.files)

    def read(self, name: str) -> bytes:
        """The bytes of one of its files.

        Raises:
            BundleError: it is not there, or not what was published.
        """
        known = next((file for file in self.entry.files if file.name == name), None)
        if known is None:
            raise BundleError(f"{self}: the index names no {name}")
        try:
            data = self.bytes_of(name)
        except OSError as error:
            raise BundleError(f"{self}: {name} cannot be read ({error.strerror}); {_MEND}") from None
        if hashlib.sha256(data).hexdigest() != known.sha256:
            raise BundleError(f"{self}: {name} is not the file that was published; {_MEND}")
        return data

    @cached_property
    def tables(self) -> Tables:
        """What it tells.

        Raises:
            BundleError: a table is not there, changed, or not as the codebook says.
        """
        try:
            return read_tables(self.read(ACTIVITY).decode("utf-8-sig"), self.read(RESULTS).decode("utf-8-sig"))
        except (TableError, UnicodeDecodeError) as error:
            raise BundleError(f"{self}: {error}") from None

    def __str__(self) -> str:
        return self.entry.address


def published(root: Path, agency: str) -> Sequence[Bundle]:
    """All published bundles of an agency, the latest period and version first.

    Raises:
        BundleError: there is no index, or it cannot be read.
    """
    path = root / INDEX
    try:
        index = _Index.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}): nothing was published there yet") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BundleError(f"{path}: {place}: {first['msg']}") from None
    bundles = [
        Bundle(entry, partial(_bytes_of, root / entry.address)) for entry in index.bundles if entry.agency == agency
    ]
    return sorted(bundles, key=lambda bundle: (bundle.entry.period, bundle.entry.version), reverse=True)


def _bytes_of(folder: Path, name: str) -> bytes:
    return (folder / name).read_bytes()
