"""Twilio, through its own library, with every outcome told apart where it arises.

Only status and code of an error leave this module: Twilio's error texts hold phone numbers (R3).
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol

from twilio.base import values
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.rest import Client

from activities import error_codes
from activities.carrier_http import CarrierHttp, NeverConnected, NoAnswer, TooLate
from activities.carrier_messages import Message, WholeMessage, read_message, read_whole

_REFUSALS: Final = (TwilioRestException, TwilioServiceException)
"""What the library makes of a refusal; the second of one that is written as RFC 9457 has it."""
_NO_SUCH_MESSAGE = 20404
_LIST_LENGTH = 20
_PAGE_SIZE = 1000  # the most that Twilio gives
_QUEUED_AT_MOST = timedelta(hours=11)


class NotProcessed(Exception):  # noqa: N818 - an outcome, not a fault
    """Nothing was sent, and trying again later is right. `cause` is short and holds nothing personal."""

    def __init__(self, cause: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.retry_after_seconds = retry_after_seconds


class Busy(NotProcessed):
    """Too much at once: every text of ours has to wait a moment."""


class Misconfigured(NotProcessed):
    """Nothing can be sent to anyone until a person mends the account or the settings."""


class CountryClosed(NotProcessed):
    """Nothing can be sent to that country until a person switches it on."""


class WordsRefused(NotProcessed):
    """These words go to nobody: a person must change them. What waits for that is not lost."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the carrier refuses these words, code {code}")
        self.code = code


class Refused(Exception):  # noqa: N818
    """Nothing was sent, and trying again would change nothing for this number or this text."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Twilio refused with code {code}")
        self.code = code

    @property
    def is_opt_out(self) -> bool:
        return self.code == error_codes.OPTED_OUT


class OutcomeUnknown(Exception):  # noqa: N818
    """The text may be on its way: the answer was lost. Never send again without finding out (R2)."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """Twilio took the text."""

    sid: str


@dataclass(frozen=True, kw_only=True)
class OwnNumber:
    """A number of the account, and where its texts and calls go; empty: nowhere."""

    can_text: bool
    sms_url: str
    voice_url: str


class Carrier(Protocol):
    """What the activities need of a carrier. A simulation has one of its own, that texts nobody."""

    @property
    def timeout_seconds(self) -> float: ...

    def send(
        self, *, to: str, sender: str, body: str, callback: str, valid_for_seconds: int, begun_by: float = math.inf
    ) -> Accepted: ...

    def find(self, *, to: str, sender: str, body: str, since: datetime, known: Collection[str]) -> Accepted | None: ...

    def fetch(self, sid: str) -> Message | None: ...

    def sent_between(self, since: date, until: date, *, sender: str) -> Iterator[Message]: ...

    def forget(self, sid: str) -> None: ...


class CarrierClient:
    """Sends and looks up texts. Synchronous; safe to share between threads."""

    def __init__(self, *, account_sid: str, auth_token: str, address: str, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        self._http = CarrierHttp(address=address, timeout=timeout_seconds)
        self._client = Client(account_sid, auth_token, http_client=self._http)
        # Whatever TWILIO_EDGE and TWILIO_REGION say: the library would put them into our address.
        self._client.edge = self._client.region = None

    def send(
        self, *, to: str, sender: str, body: str, callback: str, valid_for_seconds: int, begun_by: float = math.inf
    ) -> Accepted:
        """Hand one text to Twilio. Times out after `timeout_seconds`; `valid_for_seconds` bounds Twilio's own queue.
        The POST begins until `begun_by` (time.monotonic()), or not at all.

        Raises:
            NotProcessed, Misconfigured, Refused, OutcomeUnknown: see there.
        """
        try:
            with self._http.begun_by(begun_by):
                message = self._client.messages.create(
                    to=to,
                    from_=sender,
                    body=body,
                    status_callback=callback,
                    validity_period=max(5, min(valid_for_seconds, 36_000)),
                )
        except _REFUSALS as error:
            after = self._http.retry_after_seconds
            raise _classified(_code(error), status=self._http.status, retry_after_seconds=after) from None
        except TooLate:  # again, while the connection stands
            raise NotProcessed("the check was too old when the text was to be sent", retry_after_seconds=1.0) from None
        except NeverConnected:
            raise NotProcessed("no connection to Twilio") from None
        except (NoAnswer, TwilioException, ValueError, AttributeError, TypeError):
            raise OutcomeUnknown from None  # the last three: an answer that is not a message
        if not message.sid:
            raise OutcomeUnknown
        return Accepted(sid=message.sid)

    def find(self, *, to: str, sender: str, body: str, since: datetime, known: Collection[str]) -> Accepted | None:
        """A text that Twilio has and our ledger has not: same numbers and words, made at `since` (real) or later.

        No date filter: a text that is still queued has no date of sending, the only date that Twilio filters by.

        Raises:
            NotProcessed: the list could not be had now.
        """
        try:
            messages = self._client.messages.list(to=to, from_=sender, limit=_LIST_LENGTH)
        except (NoAnswer, TwilioException, ValueError, AttributeError, TypeError):
            raise NotProcessed("Twilio's list of messages cannot be had") from None
        for message in messages:
            created = message.date_created
            if message.body == body and message.sid and message.sid not in known and created and created >= since:
                return Accepted(sid=message.sid)
        return None

    def check(self) -> None:
        """Ask for one message of the account: address and credentials are right if this returns.

        Raises:
            NotProcessed, Misconfigured: they are not; the cause says which.
        """
        try:
            self._client.messages.list(limit=1)
        except NoAnswer as error:
            raise NotProcessed(error.cause) from None
        except TwilioException:
            kind = Misconfigured if self._http.status in (401, 403, 404) else NotProcessed
            raise kind(f"HTTP {self._http.status}") from None
        except (ValueError, AttributeError, TypeError):
            raise NotProcessed("no answer of Twilio's") from None

    def own_number(self, number: str) -> OwnNumber | None:
        """The number (E.164) as the account has it; `None`: it has no such number.

        Raises:
            NotProcessed: Twilio cannot say it now.
        """
        try:
            found = self._client.incoming_phone_numbers.list(phone_number=number, limit=1)
        except (NoAnswer, TwilioException, ValueError, AttributeError, TypeError):
            raise NotProcessed("the account's numbers cannot be had") from None
        for one in found:
            able: Mapping[str, object] = one.capabilities if isinstance(one.capabilities, Mapping) else {}
            can_text = bool(able.get("sms") or able.get("SMS"))
            return OwnNumber(can_text=can_text, sms_url=one.sms_url or "", voice_url=one.voice_url or "")
        return None

    def fetch(self, sid: str) -> Message | None:
        """The message with this sid; `None`: Twilio does not know it.

        Raises:
            NotProcessed: Twilio cannot say it now.
        """
        try:
            return read_message(self._client.messages(sid).fetch())
        except _REFUSALS as error:
            if self._http.status == 404 and _code(error) == _NO_SUCH_MESSAGE:
                return None
            raise NotProcessed(f"a message cannot be had, HTTP {self._http.status}, code {_code(error)}") from None
        except (NoAnswer, TwilioException, ValueError, AttributeError, TypeError):
            raise NotProcessed("a message cannot be had") from None

    def sent_between(self, since: date, until: date, *, sender: str) -> Iterator[Message]:
        """What `sender` sent on the days from `since` to `until` (UTC, both included), a page at a time.

        One that is queued, or failed before it was sent, has no date of sending and is not among them.

        Raises:
            NotProcessed: the list, or the rest of it, could not be had now.
        """
        try:
            messages = self._client.messages.stream(
                from_=sender,
                date_sent_after=datetime.combine(since, time.min, UTC),
                date_sent_before=datetime.combine(until + timedelta(days=1), time.min, UTC),
                page_size=_PAGE_SIZE,
            )
            for message in messages:
                yield read_message(message)
        except (NoAnswer, TwilioException, ValueError, AttributeError, TypeError):
            raise NotProcessed("Twilio's list of messages cannot be had") from None

    def made_since(self, since: datetime, *, sender: str = "", to: str = "") -> Iterator[WholeMessage]:
        """What was sent from, or to, a number of ours since then (real time), the newest first, words and all.

        Without a filter of dates: one that is queued has no date of sending. The list is in order of creation or of
        sending, which lie ten hours apart at most: so much further back it is read.

        Raises:
            NotProcessed: the list, or the rest of it, could not be had now.
        """
        try:
            for message in self._client.messages.stream(
                from_=sender or values.unset, to=to or values.unset, page_size=_PAGE_SIZE
            ):
                whole = read_whole(message)
                if whole.message.created < since - _QUEUED_AT_MOST:
                    return
                if whole.message.created >= since:
                    yield whole
        except (NoAnswer, TwilioException, ValueError, AttributeError, TypeError):
            raise NotProcessed("Twilio's list of messages cannot be had") from None

    def forget(self, sid: str) -> None:
        """Delete the message at Twilio, number and words; one that it does not know is deleted already.

        Raises:
            NotProcessed: not now: it is still on its way (20009), or Twilio does not answer.
        """
        try:
            self._client.messages(sid).delete()
        except _REFUSALS as error:
            if self._http.status == 404 and _code(error) == _NO_SUCH_MESSAGE:
                return
            raise NotProcessed(f"a message is not deleted, HTTP {self._http.status}, code {_code(error)}") from None
        except (NoAnswer, TwilioException, ValueError, AttributeError, TypeError):
            raise NotProcessed("a message is not deleted") from None


def _classified(code: int, *, status: int, retry_after_seconds: float | None) -> Exception:
    """The code says more than the status: an opt-out may come with 400 or 403."""
    said = f"HTTP {status}, code {code}"
    if code == error_codes.OPTED_OUT:
        return Refused(code)
    if status == 429 or code in error_codes.LATER:
        return Busy(f"Twilio is busy, {said}", retry_after_seconds=retry_after_seconds)
    if status >= 500 or status == 408:
        return OutcomeUnknown()
    if code in error_codes.COUNTRY:
        return CountryClosed(f"texts to that country are not switched on, {said}")
    is_twilios = code >= error_codes.FIRST  # a proxy, or whoever is at a wrong address, says nothing of this text
    if status in (401, 403, 404, 407) or not is_twilios or code in error_codes.CONFIGURATION:
        return Misconfigured(said)
    return WordsRefused(code) if code in error_codes.CONTENT else Refused(code)


def _code(error: TwilioRestException | TwilioServiceException) -> int:
    """Twilio's, a number, in quotes or not; 0: whoever answered has none, as a proxy may."""
    written = str(error.code)
    return int(written) if re.fullmatch(r"\d{1,6}", written, re.ASCII) else 0
