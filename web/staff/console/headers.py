"""What every answer of the console tells the browser besides: scripts are our own, nothing is framed or listed."""

from collections.abc import Mapping
from typing import Final

CONSOLE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
