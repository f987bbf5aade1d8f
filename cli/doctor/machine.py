"""This machine: room on its disks, and a port for the metrics."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import requests

from cli.finding import Finding
from settings import Settings

_LEAST: Final = 500 * 1024**2
"""Bytes. The service writes little: temporary files, what CAD drops. PostgreSQL's own disk cannot be seen from here."""
_OURS: Final = ("temporal_", "communityconnect_")


def disk(settings: Settings) -> Iterator[Finding]:
    """Room where the service writes."""
    places = {"temporary files": Path(tempfile.gettempdir())}
    if settings.cad_folder is not None and settings.cad_folder.is_dir():
        places["what CAD drops"] = settings.cad_folder
    for what, place in places.items():
        free = shutil.disk_usage(place).free
        detail = f"{free // 1024**2:,} MB free for {what} in {place}"
        mend = f"make room: {_LEAST // 1024**2} MB are wanted" if free < _LEAST else ""
        yield Finding(what="disk", detail=detail, mend=mend)


def metrics_port(settings: Settings) -> Iterator[Finding]:
    """It is free, or one of our own processes serves there."""
    port = settings.metrics_port
    if port is None:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            yield _taken(port)
        else:
            yield Finding(what="metrics port", detail=f"{port} is free")


def _taken(port: int) -> Finding:
    try:
        said = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except requests.RequestException:
        said = ""
    if any(f"\n{name}" in f"\n{said}" for name in _OURS):
        return Finding(what="metrics port", detail=f"a process of ours serves on {port}")
    detail = f"{port} is taken by something else: worker and starter would not start"
    return Finding(what="metrics port", detail=detail, mend="set COMMUNITYCONNECT_METRICS_PORT to a free one")
