"""A real provider of OpenID Connect in a box: Django with django-oauth-toolkit, a process of its own with its own
database, login pages, consent, PKCE, RS256 and sign-out. It knows nothing of the console but what a provider is told.

    with running_provider(console="http://127.0.0.1:8010") as provider: …
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.ports import free_port
from settings import child_environment, python
from web.staff.access.oidc_setup import OidcSetup
from web.staff.access.roles import Role

ROOT: Final = Path(__file__).parents[2]
CLIENT_ID: Final = "the-console"
CLIENT_SECRET: Final = "fictional-client-secret"
PASSWORD: Final = "fictional-password-of-the-provider"
NOBODY: Final = "visitor"
"""Somebody with an account and no role of ours."""
GROUPS: Final = {f"dispatch-{role}s": frozenset({role}) for role in Role}
_LOGIN_PAGE: Final = """<!doctype html><html lang="en"><title>Log in</title><h1>Log in</h1>
<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}">
<button>Log in</button></form></html>"""


@dataclass(frozen=True, kw_only=True)
class RunningProvider:
    """Where it is, and how the console is told of it."""

    issuer: str

    @property
    def setup(self) -> OidcSetup:
        return OidcSetup(
            issuer=self.issuer,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            roles_claim="realm_access.roles",
            groups=GROUPS,
            name="Example Police",
        )


@contextmanager
def running_provider(*, console: str) -> Iterator[RunningProvider]:
    """The provider, ready. `console`: the origin to which it sends people back."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="provider-") as folder:
        log = (Path(folder) / "log").open("w+")
        process = subprocess.Popen(
            [python(), "-m", "tests.console.provider", str(port), console, folder],
            cwd=ROOT,
            env=child_environment({}),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            issuer = f"http://127.0.0.1:{port}/o"
            _wait_for(issuer, process)
            yield RunningProvider(issuer=issuer)
        except AssertionError:
            log.seek(0)
            sys.stderr.write(log.read()[-4000:])
            raise
        finally:
            process.terminate()
            process.wait(timeout=10)
            log.close()


def _wait_for(issuer: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, "the provider has ended"
        assert time.monotonic() < deadline, "the provider does not answer"
        try:
            if requests.get(issuer + "/.well-known/openid-configuration", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)


def _configure(port: int, folder: str) -> None:
    """Django's settings."""
    from django.conf import settings

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    settings.configure(
        SECRET_KEY="fictional",
        DEBUG=False,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/provider.sqlite"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        # Cookies know no ports: without a name of its own it would share one with another site on this machine.
        SESSION_COOKIE_NAME="provider_session",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": ["django.template.context_processors.request"],
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"login.html": _LOGIN_PAGE}),
                        "django.template.loaders.app_directories.Loader",
                    ],
                },
            }
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
        STATIC_URL="/static/",
        LOGIN_URL="/login",
        USE_TZ=True,
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": f"http://127.0.0.1:{port}/o",
            "OIDC_RSA_PRIVATE_KEY": pem.decode(),
            "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
            "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "Know who you are", "profile": "Know your name"},
            "OAUTH2_VALIDATOR_CLASS": f"{__name__}.validator",
        },
    )


def _fill(console: str) -> None:
    """Tables, people with their groups, and the console as a client."""
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    for name, group in [*((role.value, f"dispatch-{role}s") for role in Role), (NOBODY, "parking")]:
        user = User.objects.create_user(name, password=PASSWORD, first_name=name.capitalize(), last_name="Example")
        user.groups.add(Group.objects.create(name=group))
    Application.objects.create(
        name="The console",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
        redirect_uris=f"{console}/sign-in/oidc/callback",
        post_logout_redirect_uris=f"{console}/sign-in",
    )


def __getattr__(name: str) -> Any:
    """Made when Django asks for them, when it is configured."""
    if name == "urlpatterns":
        from django.contrib.auth.views import LoginView
        from django.contrib.staticfiles.views import serve
        from django.urls import include, path

        return [
            path("login", LoginView.as_view(template_name="login.html")),
            path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
            path("static/<path:path>", serve, {"insecure": True}),
        ]
    if name == "validator":
        from oauth2_provider.oauth2_validators import OAuth2Validator

        class WithRoles(OAuth2Validator):  # type: ignore[misc]
            """Tells the name, and the groups where Keycloak has them."""

            oidc_claim_scope = None

            def get_additional_claims(self, request: Any) -> dict[str, object]:
                user = request.user
                groups = [group.name for group in user.groups.all()]
                return {
                    "name": user.get_full_name(),
                    "preferred_username": user.username,
                    "realm_access": {"roles": groups},
                }

        return WithRoles
    raise AttributeError(name)


def _serve(port: int, console: str, folder: str) -> None:
    import django
    from django.core.servers.basehttp import WSGIServer, run
    from django.core.wsgi import get_wsgi_application

    _configure(port, folder)
    django.setup()
    _fill(console)
    run("127.0.0.1", port, get_wsgi_application(), threading=True, server_cls=WSGIServer)


if __name__ == "__main__":
    from tests.console import provider

    provider._serve(int(sys.argv[1]), sys.argv[2], sys.argv[3])
