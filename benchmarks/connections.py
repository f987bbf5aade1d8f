"""Connections to our own doors."""

import aiohttp

from local.carrier.callbacks import KEEP_ALIVE_SECONDS


def session_of(most: int) -> aiohttp.ClientSession:
    """So many at most, kept between requests for less long than the server keeps them."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=most, keepalive_timeout=KEEP_ALIVE_SECONDS))
