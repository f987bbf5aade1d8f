"""Reads posted forms: bounded in size and time, blank fields kept, never an error of the server's."""

import asyncio
from typing import Final
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import ClientDisconnect
from starlette.types import Scope

Form = ImmutableMultiDict[str, str]

_MOST_BYTES: Final = 64 * 1024
_MOST_FIELDS: Final = 200
_GRACE_SECONDS: Final = 60.0
"""A phone may be in a tunnel. Whoever sends nothing holds a connection so long, and no thread."""
_LEAST_BYTES_A_SECOND: Final = 250
"""A fifth of the slowest data line that phones ever had. With the most bytes: nobody takes longer than six minutes."""


async def posted_form(request: Request) -> Form:
    """The fields of a URL-encoded body, in order. The request keeps them: see `form_of`.

    Raises:
        HTTPException: 413 for more than 64 kB, 408 for less than 250 bytes a second after
            the first minute, 400 for what is not a form.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(_GRACE_SECONDS) as limit:
            until = limit.when() or 0.0
            async for chunk in request.stream():
                body += chunk
                limit.reschedule(until + len(body) / _LEAST_BYTES_A_SECOND)
                if len(body) > _MOST_BYTES:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    except ClientDisconnect:
        raise HTTPException(400) from None
    try:
        # Twilio signs blank fields too (FromZip is often blank): they are kept.
        pairs = parse_qsl(bytes(body).decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise HTTPException(400) from None
    form = Form(pairs)
    request.state.form = form
    return form


def form_of(scope: Scope) -> Form | None:
    """What was posted, if it could be read: whoever is told that nothing could be done need not type it again."""
    form = scope.get("state", {}).get("form")
    return form if isinstance(form, ImmutableMultiDict) else None
