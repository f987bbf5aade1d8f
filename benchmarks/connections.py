"""Connections to our own doors."""

from typing import Final

import aiohttp

_KEPT_FOR_SECONDS: Final = 3
"""Shorter than the five after which uvicorn hangs up: a request must not race the hang-up."""


def session_of(most: int) -> aiohttp.ClientSession:
    """So many at most, kept between requests."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=most, keepalive_timeout=_KEPT_FOR_SECONDS))
