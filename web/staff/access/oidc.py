"""Sign-in with OpenID Connect: authorization code with PKCE, state and nonce; the ID token is believed when it is
verified. What a sign-in must remember until the provider sends the browser back is sealed in that browser's cookie:
any console process can go on with it, and no other browser."""

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlencode

from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jws import JWSRegistry
from pydantic import BaseModel, ConfigDict, ValidationError

from database.encryption import Keyring, KeyringError
from web.staff.access.oidc_provider import SCOPE, Provider, ProviderAway, Refused
from web.staff.access.oidc_setup import OidcSetup
from web.staff.access.roles import Member

LONGEST_SECONDS: Final = 600
"""From the button to the way back: time for a password and a second factor."""
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""All with a key that only the provider has: never `none`, never one that we could sign with ourselves."""
_CLOCKS_DIFFER_SECONDS: Final = 60
_LONGEST_SUBJECT: Final = 255
_LONGEST_NAME: Final = 100
PREFIX: Final = "oidc:"


class _Way(BaseModel):
    """A sign-in on its way, in the browser's cookie."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Literal["oidc sign-in"] = "oidc sign-in"
    state: str
    nonce: str
    verifier: str
    back: str
    until: float


@dataclass(frozen=True, kw_only=True)
class Begun:
    """`address`: where the provider asks who it is; `sealed`: for the cookie."""

    address: str
    sealed: str


class OpenIDConnect:
    """`origin`: scheme and host under which staff reach the console."""

    def __init__(self, setup: OidcSetup, *, keyring: Keyring, origin: str) -> None:
        self.setup = setup
        self._keyring = keyring
        self._provider = Provider(setup)
        self._redirect_uri = f"{origin}/sign-in/oidc/callback"
        self._after_sign_out = f"{origin}/sign-in"

    def begin(self, *, back: str) -> Begun:
        """A new sign-in that leads to `back`, a path of ours.

        Raises:
            ProviderAway: there is nobody to ask.
        """
        way = _Way(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            back=back,
            until=time.time() + LONGEST_SECONDS,
        )
        with OAuth2Session(
            client_id=self.setup.client_id,
            scope=SCOPE,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        ) as session:
            address, _ = session.create_authorization_url(
                self._provider.metadata().authorization_endpoint,
                state=way.state,
                code_verifier=way.verifier,
                nonce=way.nonce,
            )
        return Begun(address=str(address), sealed=self._keyring.encrypt(way.model_dump_json()))

    def finish(self, sealed: str | None, answer: Mapping[str, str]) -> tuple[Member, str]:
        """Who it is, with the roles of ours that they have, none perhaps; and where they wanted to go.

        Raises:
            Refused: this browser began no such sign-in, the provider says no, or its ID token is not to be believed.
            ProviderAway: the provider does not answer.
        """
        way = self._unsealed(sealed)
        if not hmac.compare_digest(answer.get("state", "").encode(), way.state.encode()):
            raise Refused("another state")
        issuer = answer.get("iss")
        if issuer is None and self._provider.metadata().authorization_response_iss_parameter_supported:
            raise Refused("the answer names no issuer")
        if issuer not in (None, self.setup.issuer):
            raise Refused("the answer is another issuer's")
        if "error" in answer:
            raise Refused("the provider says no")
        if not answer.get("code"):
            raise Refused("no code")
        id_token, access_token = self._provider.id_token(
            code=answer["code"], verifier=way.verifier, redirect_uri=self._redirect_uri
        )
        return self._member(self._verified(id_token, nonce=way.nonce, access_token=access_token)), way.back

    def sign_out_address(self) -> str | None:
        """Where the provider ends its own session, if it has such a place. The ID token is not sent along, as it could
        be: addresses stand in logs (R3). The provider may ask whether it is meant."""
        try:
            endpoint = self._provider.metadata().end_session_endpoint
        except ProviderAway:
            return None
        if endpoint is None:
            return None
        query = urlencode({"client_id": self.setup.client_id, "post_logout_redirect_uri": self._after_sign_out})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    def _unsealed(self, sealed: str | None) -> _Way:
        try:
            way = _Way.model_validate_json(self._keyring.decrypt(sealed or ""))
        except (KeyringError, ValidationError, ValueError):
            raise Refused("no sign-in was begun in this browser") from None
        if way.until < time.time():
            raise Refused("it took too long")
        return way

    def _verified(self, id_token: str, *, nonce: str, access_token: str | None) -> Mapping[str, Any]:
        try:
            token = self._decoded(id_token)
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": self.setup.issuer},
                    "aud": {"essential": True, "value": self.setup.client_id},
                },
                params={"nonce": nonce, "client_id": self.setup.client_id, "access_token": access_token},
            )
            claims.validate(leeway=_CLOCKS_DIFFER_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Refused(f"the ID token is not to be believed: {type(error).__name__}") from None
        return dict(claims)

    def _decoded(self, id_token: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=list(_ALGORITHMS), strict_check_header=False)
        try:
            return jwt.decode(id_token, self._provider.keys(), registry=registry)
        except InvalidKeyIdError:  # the provider has changed its keys
            return jwt.decode(id_token, self._provider.keys(anew=True), registry=registry)

    def _member(self, claims: Mapping[str, Any]) -> Member:
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
            raise Refused("a subject that is none")
        names = (claims.get(claim) for claim in ("name", "preferred_username"))
        name = next((name for name in names if isinstance(name, str) and name.strip() and name.isprintable()), subject)
        return Member(subject=PREFIX + subject, name=name.strip()[:_LONGEST_NAME], roles=self.setup.roles_of(claims))
