"""The provider of OpenID Connect, asked over HTTP: what it says of itself, its keys, a code for an ID token."""

import threading
import time
from collections.abc import Callable
from typing import Annotated, Any, Final, Generic, TypeVar

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from web.staff.access.oidc_setup import OidcSetup, is_safe

SCOPE: Final = "openid profile"
_TIMEOUT: Final = (3.05, 5.0)
"""Seconds to connect, and between two bytes."""
_KEPT_SECONDS: Final = 3600.0
_ASK_AGAIN_SECONDS: Final = 5.0
"""After it was away."""

_T = TypeVar("_T")


class ProviderAway(Exception):  # noqa: N818 - an outcome
    """The provider does not answer, or not as one. `cause` names nobody."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Refused(Exception):  # noqa: N818 - an outcome
    """This sign-in is none. `cause` is for the log and names nobody."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def _safe(address: str) -> str:
    if not is_safe(address):
        raise ValueError("not https")
    return address


_Address = Annotated[str, AfterValidator(_safe)]


class Metadata(BaseModel):
    """What we need of what a provider says of itself (OpenID Connect Discovery 1.0)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: _Address
    token_endpoint: _Address
    jwks_uri: _Address
    end_session_endpoint: _Address | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Provider:
    """One provider. Metadata and keys are kept for an hour in each process; the threads share them."""

    def __init__(self, setup: OidcSetup) -> None:
        self._setup = setup
        self._metadata = _Kept(self._discover)
        self._keys = _Kept(self._fetch_keys)

    def metadata(self) -> Metadata:
        """What it says of itself.

        Raises:
            ProviderAway: it has not answered, now or within the last hour.
        """
        return self._metadata.get()

    def keys(self, *, anew: bool = False) -> KeySet:
        """The keys that it signs with. `anew`: a token names one that we do not know. ID tokens come from the provider
        itself, so nobody else can make us ask again and again.

        Raises:
            ProviderAway: as above.
        """
        return self._keys.get(anew=anew)

    def id_token(self, *, code: str, verifier: str, redirect_uri: str) -> tuple[str, str | None]:
        """The ID token, still to be verified, and the access token that came with it.

        Raises:
            Refused: the provider does not take this code.
            ProviderAway: it does not answer as it should.
        """
        metadata = self.metadata()
        try:
            with OAuth2Session(
                client_id=self._setup.client_id,
                client_secret=self._setup.client_secret or None,
                token_endpoint_auth_method=self._how_we_say_who_we_are(metadata),
                redirect_uri=redirect_uri,
            ) as session:
                token: dict[str, Any] = session.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
        except OAuthError as error:
            raise Refused(f"the provider refuses the code: {_word(error.error)}") from None
        except (requests.RequestException, ValueError) as error:
            raise ProviderAway(f"token: {type(error).__name__}") from None
        id_token, access_token = token.get("id_token"), token.get("access_token")
        if not isinstance(id_token, str):
            raise Refused("the provider gave no ID token")
        return id_token, access_token if isinstance(access_token, str) else None

    def _how_we_say_who_we_are(self, metadata: Metadata) -> str:
        if not self._setup.client_secret:
            return "none"
        is_basic = "client_secret_basic" in metadata.token_endpoint_auth_methods_supported
        return "client_secret_basic" if is_basic else "client_secret_post"

    def _discover(self) -> Metadata:
        found = _json(self._setup.issuer.rstrip("/") + "/.well-known/openid-configuration")
        try:
            metadata = Metadata.model_validate(found)
        except ValidationError:
            raise ProviderAway("discovery cannot be understood") from None
        if metadata.issuer != self._setup.issuer:
            raise ProviderAway(f"it says that it is {metadata.issuer}")
        return metadata

    def _fetch_keys(self) -> KeySet:
        try:
            return KeySet.import_key_set(_json(self.metadata().jwks_uri))
        except (JoseError, ValueError, TypeError, KeyError):
            raise ProviderAway("its keys cannot be understood") from None


class _Kept(Generic[_T]):
    """Asked for once an hour; while the provider is away the old answer is as good as before. One thread asks; those
    who waited for it in vain do not ask again: a provider that hangs must not keep the threads of those who are in."""

    def __init__(self, ask: Callable[[], _T]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._value: _T | None = None
        self._good_until = 0.0
        self._away: ProviderAway | None = None
        self._not_before = 0.0

    def get(self, *, anew: bool = False) -> _T:
        with self._lock:
            now = time.monotonic()
            if self._value is not None and now < self._good_until and not anew:
                return self._value
            if self._away is None or now >= self._not_before:
                self._ask_now()
            if self._away is not None and (self._value is None or anew):
                raise ProviderAway(self._away.cause)
            if self._value is None:
                raise ProviderAway("nothing was said")
            return self._value

    def _ask_now(self) -> None:
        try:
            self._value, self._away = self._ask(), None
        except ProviderAway as away:
            self._away = away
        now = time.monotonic()
        self._good_until, self._not_before = now + _KEPT_SECONDS, now + _ASK_AGAIN_SECONDS
        if self._away is not None:
            self._good_until = self._not_before


def _json(address: str) -> Any:
    try:
        answer = requests.get(address, timeout=_TIMEOUT, allow_redirects=False, headers={"Accept": "application/json"})
    except requests.RequestException as error:
        raise ProviderAway(type(error).__name__) from None
    if answer.status_code != requests.codes.ok:
        raise ProviderAway(f"status {answer.status_code}")
    try:
        return answer.json()
    except ValueError:
        raise ProviderAway("no JSON") from None


def _word(error: object) -> str:
    """An error's name in OAuth, and nothing else that somebody may have written there."""
    text = str(error)
    return text if len(text) <= 40 and text.replace("_", "").isascii() and text.replace("_", "").isalpha() else "?"
