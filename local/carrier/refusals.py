"""What Twilio says when it refuses a request, or when a text does not arrive."""

from collections.abc import Mapping

from fastapi.responses import JSONResponse

# What Twilio says about a text that did not arrive.
ERROR_MESSAGES = {
    30001: "Queue overflow",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30036: "Validity period expired",
    30410: "Provider timeout",
    30500: "Message delivery failed",
    21610: "Attempt to send to unsubscribed recipient",
}

# What Twilio says when it does not take a text on. As Twilio's own, many of them hold a number: a client that writes
# them down has written down a resident's number.
REFUSALS = {
    20003: "Authenticate",
    21211: "The 'To' number {to} is not a valid phone number.",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}",
    21606: "The From phone number {from_} is not a valid, SMS-capable inbound phone number for your account.",
    21608: "The number {to} is unverified. Trial accounts cannot send messages to unverified numbers.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "The 'From' number {from_} has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number: {to}, is not currently reachable using the 'From' phone number: {from_} via SMS.",
    21614: "To number: {to}, is not a mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21635: "The 'To' number {to} cannot be a landline",
}
_ANY_OTHER = "The message from {from_} to {to} was refused"

# Where only the HTTP status is chosen.
_BY_STATUS = {
    401: (20003, "Authenticate"),
    404: (20404, "The requested resource was not found"),
    429: (20429, "Too Many Requests"),
    500: (20500, "An internal server error has occurred"),
}
_BAD, _UNAVAILABLE = (20001, "Invalid parameter"), (20503, "An internal server error has occurred")


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of ours
    """An error as Twilio answers it."""

    def __init__(self, code: int, message: str, *, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.headers = code, message, status, headers

    def response(self) -> JSONResponse:
        content = {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        return JSONResponse(content, self.status, self.headers)


def refused(code: int, *, status: int, to: str, from_: str) -> Refusal:
    """A text is not taken on, in the words that belong to the code."""
    return Refusal(code, REFUSALS.get(code, _ANY_OTHER).format(to=to, from_=from_), status=status)


def out_of_order(status: int) -> Refusal:
    """The request fails, and not because of what it asked for."""
    code, message = _BY_STATUS.get(status, _BAD if status < 500 else _UNAVAILABLE)
    return Refusal(code, message, status=status)
