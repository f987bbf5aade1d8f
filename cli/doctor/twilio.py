"""Twilio: does it know us, is the number ours, and do its texts and calls come here?"""

from collections.abc import Iterator

from activities.carrier_client import CarrierClient, Misconfigured, NotProcessed, OwnNumber
from cli.finding import Finding
from settings import Settings


def twilio(settings: Settings, *, sender: str | None) -> Iterator[Finding]:
    """Credentials, then the number that our texts come from; `sender` from the agency's folder."""
    address = str(settings.twilio_address)
    token = settings.twilio_auth_token.get_secret_value()
    if not settings.twilio_account_sid or not token:
        yield Finding(what="twilio", detail="no credentials", mend="set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
        return
    try:
        carrier = CarrierClient(
            account_sid=settings.twilio_account_sid, auth_token=token, address=address, timeout_seconds=5
        )
    except (OSError, ValueError) as error:
        mend = "check HTTPS_PROXY, REQUESTS_CA_BUNDLE and their like in the environment"
        yield Finding(what="twilio", detail=f"{address} cannot be asked ({type(error).__name__})", mend=mend)
        return
    try:
        carrier.check()
        number = None if sender is None else carrier.own_number(sender)
    except Misconfigured as error:
        mend = "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
        yield Finding(what="twilio", detail=f"{address} refuses us ({error.cause})", mend=mend)
        return
    except NotProcessed as error:
        mend = "check the network, or COMMUNITYCONNECT_TWILIO_ADDRESS"
        yield Finding(what="twilio", detail=f"{address} does not answer ({error.cause})", mend=mend)
        return
    yield Finding(what="twilio", detail=f"{address} accepts our credentials")
    if sender is not None:
        yield from _number(settings, sender, number)


def _number(settings: Settings, sender: str, number: OwnNumber | None) -> Iterator[Finding]:
    what = "our number"
    if number is None:
        mend = "buy it there, take that account's credentials, or mend `sender` in agency.yaml"
        yield Finding(what=what, detail=f"{sender} is not a number of this account", mend=mend)
        return
    if not number.can_text:
        yield Finding(
            what=what, detail=f"{sender} cannot send texts", mend="take a number with SMS, or have it enabled"
        )
        return
    yield Finding(what=what, detail=f"{sender} is this account's and can send texts")
    for kind, goes, so in (
        ("messaging", f"{settings.origin}/twilio/inbound", "a STOP would be lost (R6)"),
        ("voice", f"{settings.origin}/twilio/voice", "whoever calls the number hears nothing of ours"),
    ):
        at = number.sms_url if kind == "messaging" else number.voice_url
        if at.partition("#")[0] != goes:
            detail = f"{kind} goes to {at.partition('?')[0] or 'nowhere'} instead of us: {so}"
            mend = f"set the number's {kind} address at Twilio to {goes} (a Messaging Service must defer to the number)"
            yield Finding(what=what, detail=detail, mend=mend, works=kind == "voice")
