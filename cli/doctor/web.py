"""The residents' pages and Twilio's webhooks, as they are reached from outside."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import requests
from twilio.request_validator import RequestValidator

from cli.finding import Finding
from settings import Settings, SettingsError, networks

_LOCAL: Final = frozenset({"localhost", "127.0.0.1"})
_ASKED: Final = "/twilio/voice"
"""It needs no database and changes nothing."""


def public_origin(settings: Settings) -> Iterator[Finding]:
    """It is https, it is our web that answers, and it takes what is signed and nothing else."""
    parts = urlsplit(settings.origin)
    if parts.scheme != "https" and parts.hostname not in _LOCAL:
        mend = "set COMMUNITYCONNECT_PUBLIC_ORIGIN=https://…: Twilio and residents need it"
        yield Finding(what="public origin", detail=f"{settings.origin} is not https", mend=mend)
        return
    try:
        answer = requests.get(f"{settings.origin}/healthz", timeout=5)
    except requests.exceptions.SSLError:
        mend = "mend the certificate of the proxy: Twilio and phones refuse it, too"
        yield Finding(
            what="public origin", detail=f"the certificate of {settings.origin} is not to be trusted", mend=mend
        )
        return
    except requests.RequestException:
        answer = None
    if answer is None or answer.status_code != requests.codes.ok:
        mend = "start the web (communityconnect web), or mend COMMUNITYCONNECT_PUBLIC_ORIGIN"
        yield Finding(what="public origin", detail=f"{settings.origin}/healthz does not answer", mend=mend)
        return
    if answer.text != "ok":
        mend = "mend COMMUNITYCONNECT_PUBLIC_ORIGIN, or where the proxy leads"
        yield Finding(what="public origin", detail=f"at {settings.origin} something else answers", mend=mend)
        return
    yield Finding(what="public origin", detail=f"{settings.origin} answers")
    yield _webhooks(settings)


def _webhooks(settings: Settings) -> Finding:
    """As Twilio would ask, and as anybody else would."""
    form = {"AccountSid": settings.twilio_account_sid}
    url = settings.origin + _ASKED
    validator = RequestValidator(settings.twilio_auth_token.get_secret_value())
    signed = {"X-Twilio-Signature": str(validator.compute_signature(url, form))}
    try:
        ours = requests.post(url, data=form, headers=signed, timeout=5).status_code
        anybodys = requests.post(url, data=form, timeout=5).status_code
    except requests.RequestException:
        ours = anybodys = 0
    if anybodys not in (0, requests.codes.forbidden):
        detail = f"{url} takes what nobody signed"
        return Finding(what="webhooks", detail=detail, mend="something else than our web answers there: mend the proxy")
    if ours != requests.codes.ok:
        detail = f"{url} refuses what is signed with our token (HTTP {ours})"
        mend = "start the web with these TWILIO_… and this COMMUNITYCONNECT_PUBLIC_ORIGIN; no proxy may change the path"
        return Finding(what="webhooks", detail=detail, mend=mend)
    return Finding(what="webhooks", detail="what is signed is taken, what is not is refused")


def web_proxies(settings: Settings) -> Finding:
    """Are the proxies before the residents' pages named? The web itself speaks plain HTTP, so an https origin has one.

    Nothing else would tell: the pages answer, until wrong codes of one resident keep all others from checking theirs.
    """
    what, mend = "web proxies", "set COMMUNITYCONNECT_WEB_PROXIES to the proxy's address or network, as in 10.0.0.0/24"
    try:
        named = networks(settings.web_proxies, variable="WEB_PROXIES")
    except SettingsError as error:
        return Finding(what=what, detail=str(error), mend=mend)
    everybody = [str(network) for network in named if not network.prefixlen]
    if everybody:
        detail = f"{everybody[0]} is everybody: anybody may say that he is another, and no limit on guessing holds"
        return Finding(what=what, detail=detail, mend=mend)
    if named:
        return Finding(what=what, detail=", ".join(str(network) for network in named))
    if urlsplit(settings.origin).scheme != "https":
        return Finding(what=what, detail=f"none, {settings.origin} is not behind one")
    detail = f"none is named, and {settings.origin} is behind one: this web speaks plain HTTP"
    so = "all residents count as one client, and the wrong codes of one stop all (docs/was-it-you.md)"
    return Finding(what=what, detail=f"{detail}; {so}", mend=mend)
