"""A message as Twilio writes it in JSON, refuses it, and filters lists of it."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from local.carrier import numbers
from local.carrier.callbacks import API_VERSION
from local.carrier.entries import Entry
from local.carrier.network import Network
from local.carrier.refusals import ERROR_MESSAGES, Refusal

LONGEST_BODY = 1600
LONGEST_VALIDITY_SECONDS = 36000


def message_json(entry: Entry, account_sid: str) -> dict[str, object]:
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{entry.sid}"
    failed = entry.error_code is not None
    return {
        "sid": entry.sid,
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": "" if entry.redacted else entry.body,
        "date_created": _rfc2822(entry.created),
        "date_sent": _rfc2822(entry.created if entry.direction == "inbound" else entry.sent),
        "date_updated": _rfc2822(entry.updated),
        "direction": entry.direction,
        "error_code": entry.error_code,
        "error_message": ERROR_MESSAGES.get(entry.error_code or 0, "Unknown error") if failed else None,
        "from": entry.from_,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(entry.segments),
        "price": None,
        "price_unit": "USD",
        "status": entry.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": entry.to,
        "uri": f"{uri}.json",
    }


def check(form: Mapping[str, str], senders: tuple[str, ...]) -> None:
    """Refuses what Twilio refuses, in Twilio's order: first what is missing, then what is wrong."""
    to, from_, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
    callback, validity = form.get("StatusCallback", ""), form.get("ValidityPeriod", str(LONGEST_VALIDITY_SECONDS))
    whole = validity.isascii() and validity.isdigit()
    refusals = (
        (not to, 21604, "A 'To' phone number is required."),
        (not from_, 21603, "A 'From' phone number is required."),
        (not body, 21602, "Message body is required."),
        (len(body) > LONGEST_BODY, 21617, f"The concatenated message body exceeds the {LONGEST_BODY} character limit."),
        (not numbers.is_number(to), 21211, f"The 'To' number {to} is not a valid phone number."),
        (to == from_, 21266, "'To' and 'From' number cannot be the same."),
        (
            not numbers.is_number(from_) or (bool(senders) and from_ not in senders),
            21212,
            f"The 'From' number {from_} is not a valid phone number, shortcode, or alphanumeric sender ID.",
        ),
        (
            bool(callback) and not _is_callback(callback),
            21609,
            f"The StatusCallback URL {callback} is not a valid URL.",
        ),
        (
            not whole or not 1 <= int(validity) <= LONGEST_VALIDITY_SECONDS,
            21624,
            "The ValidityPeriod is not an integer between 1 and 36000.",
        ),
    )
    for wrong, code, message in refusals:
        if wrong:
            raise Refusal(code, message)


def _is_callback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and "_" not in host and " " not in url


def conditions(query: Mapping[str, str], network: Network, hidden: Collection[str]) -> tuple[str, list[str | float]]:
    """Twilio's filters as SQL. A number is a phone's or the service's own, whichever way the text went.

    `hidden` are the sids of texts that the list does not have yet.
    """
    condition, values = "", list[str | float]()
    if hidden:
        condition += " AND sid NOT IN (SELECT value FROM json_each(?))"  # thousands of them are one value
        values.append(json.dumps(list(hidden)))
    for name, inbound_if_phone in (("To", False), ("From", True)):
        if number := query.get(name, ""):
            is_phone = network.has_phone(number)
            condition += f" AND {'phone' if is_phone else 'sender'} = ? AND (direction = 'inbound') = ?"
            values += [number, inbound_if_phone == is_phone]
    sent = "coalesce(sent, iif(direction = 'inbound', created, NULL))"  # unknown while queued: then no filter matches
    day = 86400
    for name, sql, after in (
        ("DateSent", f" AND {sent} >= ? AND {sent} < ?", (0, day)),
        ("DateSent<", f" AND {sent} < ?", (day,)),
        ("DateSent>", f" AND {sent} >= ?", (0,)),
    ):
        if date := query.get(name, ""):
            start = _instant(date)
            whole_day = len(date) == len("2026-07-14")
            condition += sql
            values += [start + (seconds if whole_day or name == "DateSent" else 0) for seconds in after]
    return condition, values


def _instant(date: str) -> float:
    try:
        instant = datetime.fromisoformat(date)
    except ValueError as error:
        raise Refusal(20001, "Invalid date: use YYYY-MM-DD") from error
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def whole_number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise Refusal(20001, f"Invalid {name}")
    return int(text)


def _rfc2822(stamp: float | None) -> str | None:
    return None if stamp is None else format_datetime(datetime.fromtimestamp(stamp, UTC))


def own_number_json(number: str, account_sid: str, goes_to: Mapping[str, str]) -> dict[str, object]:
    """A number of the account. `goes_to`: the addresses that are told of its texts and calls."""
    return {
        "sid": f"PN{number.removeprefix('+'):0>32}",
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "phone_number": number,
        "friendly_name": number,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "status": "in-use",
        **goes_to,
    }
