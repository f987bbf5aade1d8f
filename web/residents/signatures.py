"""Is a request really Twilio's? Its signature says so, and nothing else does."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import structlog
from fastapi import Depends, HTTPException, Request
from twilio.request_validator import RequestValidator

from web.serving.forms import Form, posted_form

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def signed_form(
    *, origin: str, auth_tokens: Sequence[str], account_sid: str
) -> Callable[[Request, Form], Awaitable[Form]]:
    """A dependency that gives the form of a request signed by Twilio with one of the tokens (two while they rotate).

    What was signed is our address as configured, with path and query as they arrived: headers that a proxy or an
    attacker can set are not asked. A request for another account is refused as well.
    """
    # Anybody can sign with an empty token.
    validators = [RequestValidator(token) for token in auth_tokens if token]

    async def dependency(request: Request, form: Annotated[Form, Depends(posted_form)]) -> Form:
        url = origin + _raw_target(request)
        signature = request.headers.get("X-Twilio-Signature", "")
        if not any(validator.validate(url, form, signature) for validator in validators):
            _log.warning("webhook refused", path=request.url.path, reason="signature")
            raise HTTPException(403)
        if form.get("AccountSid", account_sid) != account_sid:
            _log.warning("webhook refused", path=request.url.path, reason="account")
            raise HTTPException(403)
        return form

    return dependency


def _raw_target(request: Request) -> str:
    """Path and query as they came over the wire, percent-encoding untouched."""
    raw_path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    target = raw_path + (b"?" + query if query else b"")
    return target.decode("latin-1")
