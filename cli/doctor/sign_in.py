"""What `communityconnect doctor` looks at for the console: can staff sign in, and only they?"""

from typing import Final

from cli.finding import Finding
from settings import Settings, SettingsError
from web.staff.access.oidc_provider import Provider, ProviderAway
from web.staff.access.oidc_setup import is_safe, oidc_setup_of

_WHAT: Final = "console's sign-in"


def sign_in(settings: Settings) -> Finding:
    """The provider of OpenID Connect answers, and can be believed; or it is a demonstration."""
    try:
        setup = oidc_setup_of(settings)
    except SettingsError as error:
        return Finding(what=_WHAT, detail=str(error), mend="mend that setting (docs/console.md)")
    if setup is None:
        return _without_a_provider(settings)
    if not is_safe(str(settings.console_origin)):
        return Finding(
            what=_WHAT,
            detail=f"{settings.console_origin} is not https: sessions could be read on the way",
            mend="set COMMUNITYCONNECT_CONSOLE_ORIGIN=https://…",
        )
    provider = Provider(setup)
    try:
        provider.metadata()
        provider.keys()
    except ProviderAway as away:
        return Finding(
            what=_WHAT,
            detail=f"the provider {setup.issuer} does not answer as one ({away.cause})",
            mend="check COMMUNITYCONNECT_OIDC_ISSUER: exactly as its own /.well-known/openid-configuration says it",
        )
    return Finding(what=_WHAT, detail=f"{setup.issuer} answers; we are {setup.client_id} there")


def _without_a_provider(settings: Settings) -> Finding:
    if settings.console_demo_password.get_secret_value():
        return Finding(what=_WHAT, detail="the accounts of a demonstration, on this machine only")
    return Finding(
        what=_WHAT,
        detail="nobody can sign in",
        mend="set COMMUNITYCONNECT_OIDC_ISSUER and COMMUNITYCONNECT_OIDC_CLIENT_ID (docs/console.md)",
    )
