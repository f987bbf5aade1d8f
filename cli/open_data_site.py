"""`communityconnect open-data site` and `serve`: the portal, as files in a folder or as a server."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from policy.agency import load_agency
from web.public.app import create_portal_app
from web.public.bundles import BundleError, published
from web.public.site import Site
from web.serving.listening import listen

_MARK: Final = ".communityconnect-site"
"""In a folder that this command wrote: it may be written again."""


def write_site(bundles: Path, out: Path, *, agency: Path, say: Callable[[str], None]) -> None:
    """Write all files anew, beside `out`, and put them in its place only when all are there.

    Raises:
        BundleError: a bundle is damaged, or `out` holds something else. What was there stays as it was.
    """
    begun = time.monotonic()
    _may_be_written(bundles, out)
    site = Site(published(bundles, (loaded := load_agency(agency)).key), loaded)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(prefix=".unfinished-", dir=out.parent))
    try:
        size = _write(site, unfinished)
        unfinished.chmod(0o755)
        if out.exists():
            out.rename(unfinished / ".before")
        unfinished.rename(out)
        shutil.rmtree(out / ".before", ignore_errors=True)
    except BaseException:
        if (unfinished / ".before").exists() and not out.exists():
            (unfinished / ".before").rename(out)
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    took = time.monotonic() - begun
    say(f"{out}: {len(site.addresses)} files, {size / 1_000_000:.1f} MB, in {took:.1f} s. Open {out / 'index.html'}")


def _write(site: Site, folder: Path) -> int:
    """How many bytes they are."""
    size = 0
    (folder / _MARK).touch()
    for address in site.addresses:
        body = site.file(address) or b""
        path = folder / address
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        size += len(body)
    return size


def _may_be_written(bundles: Path, out: Path) -> None:
    inside, root = out.resolve(), bundles.resolve()
    if inside == root or inside in root.parents or root in inside.parents:
        raise BundleError(
            f"{out} and {bundles} lie one in the other: the bundles stay as they are; choose another --out"
        )
    if out.exists() and not (out / _MARK).exists() and (not out.is_dir() or any(out.iterdir())):
        raise BundleError(f"{out} holds something else, which would be lost; choose another --out, or empty it")


def serve_site(bundles: Path, *, agency: Path, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; nothing is written down about who asks."""
    listen(create_portal_app(bundles=bundles, agency=load_agency(agency)), host=host, port=port)
