"""A provider that says whatever a test lets it say, for attacks: no honest one signs what these need."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from web.staff.access.oidc_setup import OidcSetup
from web.staff.access.roles import Role

CLIENT_ID: Final = "the-console"
CLIENT_SECRET: Final = "fictional-client-secret"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _part(content: Mapping[str, Any]) -> str:
    return _base64(json.dumps(content).encode())


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, private=True)


@dataclass
class Forged:
    """What it answers next, and what it was asked."""

    issuer: str
    key: RSAKey
    published: list[RSAKey]
    discovery: dict[str, Any] = field(default_factory=dict)
    """Laid over what an honest one says of itself."""
    id_token: str = ""
    token_status: int = 200
    delay_seconds: float = 0.0
    asked: list[str] = field(default_factory=list)
    token_requests: list[Mapping[str, list[str]]] = field(default_factory=list)

    def claims(self, nonce: str, /, **changes: object) -> dict[str, Any]:
        """Of an honest ID token, with changes; `None` leaves a claim out."""
        now = int(time.time())
        honest: dict[str, Any] = {
            "iss": self.issuer,
            "sub": "4711",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "name": "Ada Example",
            "roles": ["supervisor"],
        }
        return {name: value for name, value in {**honest, **changes}.items() if value is not None}

    def signed(self, claims: Mapping[str, Any], *, key: RSAKey | None = None, **header: str) -> str:
        key = key or self.key
        return jwt.encode({"alg": "RS256", "kid": str(key.kid), **header}, dict(claims), key, algorithms=["RS256"])

    def unsigned(self, claims: Mapping[str, Any]) -> str:
        return f"{_part({'alg': 'none', 'kid': self.key.kid})}.{_part(claims)}."

    def signed_with_the_public_key(self, claims: Mapping[str, Any]) -> str:
        """HS256 with what everybody can read as the secret."""
        signed = f"{_part({'alg': 'HS256', 'kid': self.key.kid})}.{_part(claims)}"
        code = hmac.new(self.key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{_base64(code)}"

    @property
    def setup(self) -> OidcSetup:
        return OidcSetup(
            issuer=self.issuer,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            roles_claim="roles",
            groups={role.value: frozenset({role}) for role in Role},
            name="",
        )

    def answer(self, path: str, form: str) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        time.sleep(self.delay_seconds)
        if path == "/.well-known/openid-configuration":
            honest = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
            return 200, honest | self.discovery
        if path == "/keys":
            return 200, {"keys": [key.as_dict(private=False) for key in self.published]}
        self.token_requests.append(parse_qs(form))
        if self.token_status != 200:
            return self.token_status, {"error": "invalid_grant"}
        return 200, {"access_token": "fictional", "token_type": "Bearer", "id_token": self.id_token}


@contextmanager
def forged_provider() -> Iterator[Forged]:
    """Listening, and honest until a test changes it."""
    key = new_key("first")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
            pass

        def _answer(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            status, body = forged.answer(urlsplit(self.path).path, form)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        forged = Forged(issuer=f"http://127.0.0.1:{server.server_port}", key=key, published=[key])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield forged
        server.shutdown()
        thread.join()
