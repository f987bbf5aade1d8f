"""An approved bundle into the public folder: all of it or nothing, and never over one that is there."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from database.open_data import BundleState, OpenDataBundleRow, OpenDataFileRow
from database.tables import real_now
from web.staff.open_data.bundles import Bundle

INDEX: Final = "index.json"
_FORMAT: Final = 1
_LOCK: Final = ".lock"
_UNFINISHED: Final = ".unfinished-"


class NotApproved(Exception):  # noqa: N818 - an outcome
    """Nobody has approved this bundle: it stays where it is."""


class PublishingError(Exception):
    """The public folder cannot take it; the message says why. Nothing was published, and it can be tried again."""


def publish(engine: Engine, bundle: Bundle, *, root: Path, by: str) -> datetime:
    """Copy it into `root`, and name it in the index there. When it was published, real time; one that is published
    already is left, and put back into the index where that lacks it.

    Raises:
        NotApproved: it was declined, or nobody has decided yet.
        PublishingError: the folder cannot be written, or something else stands in the bundle's place.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _alone(root), Session(engine) as session, session.begin():
            of_id = select(OpenDataBundleRow).where(col(OpenDataBundleRow.id) == bundle.id).with_for_update()
            row = session.exec(of_id).one()
            if row.state not in {BundleState.APPROVED, BundleState.PUBLISHED}:
                raise NotApproved
            at = row.published_real or real_now()
            of_bundle = col(OpenDataFileRow.bundle_id) == row.id
            files = {one.name: one.body for one in session.exec(select(OpenDataFileRow).where(of_bundle))}
            _refuse_others(row, files)
            place = root / path_of(row.agency, row.period, row.version)
            _place(root, place, files)
            _name_in_index(root, _entry(row, at))
            row.state, row.published_real = BundleState.PUBLISHED.value, at
            row.published_by = row.published_by or by
            session.add(row)
            return at
    except OSError as error:
        raise PublishingError(f"{root}: {error.strerror or 'cannot be written'}; nothing was published") from None


def path_of(agency: str, period: str, version: int) -> str:
    """Where a bundle lies under the public folder: `ottawa/2026-q3/v1/`."""
    return f"{agency}/{period}/v{version}/"


def _refuse_others(row: OpenDataBundleRow, files: Mapping[str, bytes]) -> None:
    """What was approved is what is published, byte for byte."""
    there = {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}
    if there != {one["name"]: one["sha256"] for one in row.files}:
        raise PublishingError(f"{row.period} v{row.version}: the files are not those that were approved")


def _place(root: Path, place: Path, files: Mapping[str, bytes]) -> None:
    if place.exists():  # a run before this one was cut off after the copy
        if {path.name: path.read_bytes() for path in place.iterdir()} == files:
            return
        raise PublishingError(f"{place}: something else is there, and a published version never changes")
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(prefix=_UNFINISHED, dir=root))
    try:
        for name, body in files.items():
            _write(unfinished / name, body)
        unfinished.chmod(0o755)
        unfinished.rename(place)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    _flush(place.parent)


def _name_in_index(root: Path, entry: Mapping[str, Any]) -> None:
    path = root / INDEX
    try:
        there: Sequence[Mapping[str, Any]] = json.loads(path.read_bytes())["bundles"] if path.exists() else []
    except (ValueError, KeyError, TypeError):
        raise PublishingError(f"{path} is damaged; restore it from a copy, and publish again") from None

    def place(one: Mapping[str, Any]) -> tuple[str, str, int]:
        return one["agency"], one["period"], one["version"]

    entries = {place(one): dict(one) for one in [*there, entry]}
    newest = {at[:2]: at for at in sorted(entries)}
    for at, one in entries.items():
        one["is_latest"] = newest[at[:2]] == at
    index = {"format": _FORMAT, "bundles": [entries[at] for at in sorted(entries)]}
    unfinished = root / f"{_UNFINISHED}{INDEX}"
    _write(unfinished, (json.dumps(index, ensure_ascii=False, indent=1) + "\n").encode())
    unfinished.replace(path)
    _flush(root)


def _entry(row: OpenDataBundleRow, at: datetime) -> dict[str, Any]:
    """`report["published_as"]`: names and licence, as they were when the bundle was prepared."""
    return {
        "agency": row.agency,
        **row.report["published_as"],
        "period": row.period,
        "period_start": row.period_start.isoformat(),
        "period_end": row.period_end.isoformat(),
        "version": row.version,
        "is_latest": True,
        "reason": row.reason,
        "base": row.base,
        "published_at": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "path": path_of(row.agency, row.period, row.version),
        "files": row.files,
    }


def _write(path: Path, body: bytes) -> None:
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """A rename lasts once its folder is on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One publishes at a time, of whatever process and agency: the index is everybody's."""
    with (root / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
