"""How staff sign in with OpenID Connect: at which provider, who we are there, which of its groups are roles of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from settings import Settings, SettingsError
from web.staff.access.roles import Role

_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class OidcSetup:
    """`roles_claim` is a dotted path into the ID token; `groups` maps what stands there to roles; `name` is the
    provider's for the button, or empty."""

    issuer: str
    client_id: str
    client_secret: str
    roles_claim: str
    groups: Mapping[str, frozenset[Role]]
    name: str

    def roles_of(self, claims: Mapping[str, object]) -> frozenset[Role]:
        """The roles of whoever an ID token is about. What cannot be read is no role."""
        found = _at(claims, self.roles_claim)
        names = found if isinstance(found, list) else [found]
        return frozenset(role for name in names if isinstance(name, str) for role in self.groups.get(name, ()))


def oidc_setup_of(settings: Settings) -> OidcSetup | None:
    """What the settings say; `None`: nobody signs in this way.

    Raises:
        SettingsError: they contradict each other, or what the provider says could be forged on the way.
    """
    if not settings.oidc_issuer:
        return None
    if not is_safe(settings.oidc_issuer):
        raise SettingsError("COMMUNITYCONNECT_OIDC_ISSUER cannot be used: it must be an address that begins https://")
    if not settings.oidc_client_id:
        raise SettingsError("COMMUNITYCONNECT_OIDC_CLIENT_ID is not set: the provider gives it when you register us")
    return OidcSetup(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        roles_claim=settings.oidc_roles_claim,
        groups=_groups(settings.oidc_roles),
        name=settings.oidc_name.strip(),
    )


def is_safe(address: str) -> bool:
    """What is read there is what was written there: https, or this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_plain = parts.hostname is not None and address.isascii() and address.isprintable()
    return is_plain and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE))


def _groups(text: str) -> Mapping[str, frozenset[Role]]:
    """`operator:group-a,supervisor:group-b`; a role or a group may stand there more than once."""
    pairs = [part.strip().partition(":") for part in text.split(",") if part.strip()]
    if not pairs:
        return {role.value: frozenset({role}) for role in Role}
    groups: dict[str, frozenset[Role]] = {}
    for role, _, group in pairs:
        if role.strip() not in set(Role) or not group.strip():
            roles = ", ".join(Role)
            raise SettingsError(
                f"COMMUNITYCONNECT_OIDC_ROLES cannot be used: {role!r} with {group!r}; write role:group,role:group; "
                f"the roles are {roles}"
            )
        groups[group.strip()] = groups.get(group.strip(), frozenset()) | {Role(role.strip())}
    return groups


def _at(claims: Mapping[str, object], path: str) -> object:
    """What stands at a dotted path. A claim whose own name has dots (`https://…/roles`) is found first."""
    if path in claims:
        return claims[path]
    first, _, rest = path.partition(".")
    inner = claims.get(first)
    return _at(inner, rest) if rest and isinstance(inner, dict) else None
