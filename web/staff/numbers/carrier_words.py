"""Twilio's error codes in the words of the people who read them."""

from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[int, str]] = {
    21211: "the number does not exist",
    21408: "no texts to this country: a permission of our account",
    21610: "opted out at the carrier (STOP)",
    21612: "no way from our number to this one",
    21614: "a landline",
    21635: "a landline",
    30001: "our queue at the carrier was full",
    30002: "our account is suspended",
    30003: "the phone could not be reached: off, or out of range",
    30004: "blocked, by the phone or by its carrier",
    30005: "the number is not known, or not in service",
    30006: "a landline, or its carrier cannot be reached",
    30007: "filtered as spam: look at the wording, do not send it again",
    30008: "the carrier does not say why",
    30017: "the phone's carrier was congested",
    30032: "our toll-free number is not verified",
    30034: "our number is not registered for the United States",
    30036: "the carrier could not send it in time",
    30410: "the phone's carrier did not answer: it may have arrived",
    30450: "stopped by the carrier's protection against fraud",
    30500: "trouble within Twilio",
}


def known_errors() -> list[int]:
    """The codes that have words, by number."""
    return sorted(_WORDS)


def in_words(error_code: int | None) -> str:
    """What the code means, with the code."""
    if error_code is None:
        return "the carrier gives no reason"
    return f"{_WORDS.get(error_code, 'see twilio.com/docs/api/errors')} ({error_code})"
