"""Personal data at rest: encrypted with a key id, found by keyed hash (R3)."""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from cryptography.fernet import Fernet, InvalidToken

from settings import Settings

_TOKEN_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # noqa: S105 - Crockford's base 32: no letter that looks like a digit
_TOKEN_LENGTH = 12  # 60 bits
_CODE_ALPHABET = "0123456789bcdfghjkmnpqrstvwxyz"  # without vowels, too: no code is a word that nobody should be sent
_CODE_LENGTH = 6  # 29 bits
_ALIKE = str.maketrans({"o": "0", "i": "1", "l": "1", "u": "v"})  # as people misread; none of the four is ever used
_KEY_BYTES = 32
_BETWEEN = re.compile(r"[\s._/-]+")


class KeyringError(Exception):
    """A key is missing or malformed; the message says which and how to make one."""


@dataclass(frozen=True)
class Keyring:
    """The service's keys. `encryption` maps key ids to Fernet keys; the first encrypts, all decrypt. `other_lookup`:
    while the key that finds is being changed, the one before or the one after (docs/keys.md)."""

    encryption: Mapping[str, Fernet]
    lookup: bytes
    other_lookup: bytes | None = None

    @property
    def rings(self) -> tuple["Keyring", ...]:
        """This one, and the same with the other key to find by."""
        if self.other_lookup is None:
            return (self,)
        return self, Keyring(encryption=self.encryption, lookup=self.other_lookup)

    @property
    def fingerprint(self) -> str:
        """By which the key that finds is told from others; it tells nothing of the key."""
        return self._hash("fingerprint", "").hex()[:16]

    def encrypt(self, text: str) -> str:
        """The text as `key id:token`, different each time."""
        key_id, fernet = next(iter(self.encryption.items()))
        return f"{key_id}:{fernet.encrypt(text.encode()).decode()}"

    def encrypt_without_time(self, text: str) -> str:
        """As `encrypt`, whose tokens tell everybody the second in which they were made. These tell nothing (R7)."""
        key_id, fernet = next(iter(self.encryption.items()))
        return f"{key_id}:{fernet.encrypt_at_time(text.encode(), 0).decode()}"

    def decrypt(self, stored: str) -> str:
        """The text behind a value of `encrypt`.

        Raises:
            KeyringError: the key with the value's id is not here, or it is not the key that encrypted the value.
        """
        key_id, _, token = stored.partition(":")
        fernet = self.encryption.get(key_id)
        if fernet is None:
            raise KeyringError(f"the encryption key {key_id!r} is not among COMMUNITYCONNECT_ENCRYPTION_KEYS")
        try:
            return fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise KeyringError(
                f"the encryption key {key_id!r} is not the one that this value was encrypted with"
            ) from None

    def phone_hash(self, number: str) -> str:
        """By which a phone number (E.164) is found without being readable. What is written down goes by
        `database.lookup_keys.number_hash`."""
        return self._hash("phone", number).hex()

    def phone_hashes(self, number: str) -> tuple[str, ...]:
        """What a number that is there may be found by, whichever key was in force."""
        return tuple(ring.phone_hash(number) for ring in self.rings)

    def member_hash(self, *, agency: str, role: str, key: str) -> str:
        """By which what was said of a member is found: CAD's own key of the person, a badge number say, is not kept.
        One key in two roles may be two people's."""
        return self._hash("member", f"{agency}\n{role}\n{key}").hex()

    def recipient_version(self, *, call: str, number: str) -> int:
        """The mark of a number (E.164) within a call: the same for both the same, from 1 to 2^31 - 1, and of another
        call's mark of the same number nobody can tell that they are one caller's (R3)."""
        return 1 + int.from_bytes(self._hash("recipient", f"{call}\n{number}")[:8], "big") % (2**31 - 1)

    def survey_token(self, invitation_id: str) -> str:
        """The token in an invitation's link: the same for the same invitation, 60 bits, easy to read aloud."""
        bits = int.from_bytes(self._hash("survey", invitation_id), "big")
        return "".join(_TOKEN_ALPHABET[bits >> (5 * place) & 31] for place in range(_TOKEN_LENGTH))

    def token_hash(self, token: str) -> str:
        """By which an invitation is found: the database holds no token that would open a survey."""
        return self._hash("token", token).hex()

    def token_hashes(self, token: str) -> tuple[str, ...]:
        """Likewise, whichever key it was made with."""
        return tuple(ring.token_hash(token) for ring in self.rings)

    def token_behind(self, token_hash: str, *, invitation_id: str) -> str:
        """The token of an invitation that is there, whichever key it was made with."""
        tokens = {_own_hash(ring, invitation_id): ring.survey_token(invitation_id) for ring in self.rings}
        return tokens.get(token_hash) or self.survey_token(invitation_id)

    def text_code(self, text_id: str) -> str:
        """The code that a text of ours shows: the same for the same text. A letter is always in it: digits alone are no
        code, they may be a case number."""
        for attempt in count():
            rest, code = int.from_bytes(self._hash("code", f"{text_id}\n{attempt}"), "big"), ""
            while len(code) < _CODE_LENGTH:
                rest, place = divmod(rest, len(_CODE_ALPHABET))
                code += _CODE_ALPHABET[place]
            if not code.isdecimal():
                break
        return code.upper()

    def code_hash(self, code: str) -> str:
        """By which a text is known by its code; `code` as `plain_code` gives it, or as it is printed."""
        return self._hash("code of a text", code.lower()).hex()

    def code_hashes(self, code: str) -> tuple[str, ...]:
        """Likewise, whichever key it was made with."""
        return tuple(ring.code_hash(code) for ring in self.rings)

    def content_hash(self, content: bytes) -> str:
        """By which bytes that may hold something personal are known again."""
        return hmac.new(self.lookup, b"content\n" + content, hashlib.sha256).hexdigest()

    def _hash(self, purpose: str, value: str) -> bytes:
        return hmac.new(self.lookup, f"{purpose}\n{value}".encode(), hashlib.sha256).digest()


def _own_hash(ring: Keyring, invitation_id: str) -> str:
    return ring.token_hash(ring.survey_token(invitation_id))


def plain_token(typed: str) -> str:
    """A token or code as it was made, however people write it down: capitals, groups, 0 or o, 1 or l or i."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", typed)).lower().translate(_ALIKE)


def plain_code(typed: str) -> str | None:
    """A code as it was made; `None`: what was typed cannot be one."""
    code = plain_token(typed)
    is_one = len(code) == _CODE_LENGTH and set(code) <= set(_CODE_ALPHABET) and not code.isdecimal()
    return code if is_one else None


def load_keyring(*, encryption_keys: str, lookup_key: str, other_lookup_key: str = "") -> Keyring:
    """The keyring from the settings' texts: `id:key[,id:key …]`, a key, and perhaps another.

    Raises:
        KeyringError: a key is missing or is not 32 bytes in URL-safe base64.
    """
    pairs = [part.strip().partition(":") for part in encryption_keys.split(",") if part.strip()]
    if not pairs:
        raise KeyringError(f"COMMUNITYCONNECT_ENCRYPTION_KEYS is not set; {_HOW}")
    ring: dict[str, Fernet] = {}
    for key_id, _, key in pairs:
        try:
            ring[key_id] = Fernet(key)
        except ValueError:
            raise KeyringError(
                f"the key {key_id!r} in COMMUNITYCONNECT_ENCRYPTION_KEYS is not usable; {_HOW}"
            ) from None
    lookup, other = _key_of(lookup_key), _key_of(other_lookup_key) if other_lookup_key else None
    if len(lookup) < _KEY_BYTES:
        raise KeyringError(f"COMMUNITYCONNECT_LOOKUP_KEY is missing or shorter than 32 bytes; {_HOW}")
    if other is not None and len(other) < _KEY_BYTES:
        raise KeyringError(f"COMMUNITYCONNECT_OTHER_LOOKUP_KEY is shorter than 32 bytes; {_HOW}")
    if other == lookup:
        raise KeyringError("COMMUNITYCONNECT_LOOKUP_KEY and COMMUNITYCONNECT_OTHER_LOOKUP_KEY are the same key")
    return Keyring(encryption=ring, lookup=lookup, other_lookup=other)


def _key_of(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text)
    except ValueError:
        return b""


def keyring_of(settings: Settings) -> Keyring:
    """The keyring that the settings name.

    Raises:
        KeyringError: see `load_keyring`.
    """
    return load_keyring(
        encryption_keys=settings.encryption_keys.get_secret_value(),
        lookup_key=settings.lookup_key.get_secret_value(),
        other_lookup_key=settings.other_lookup_key.get_secret_value(),
    )


def new_key() -> str:
    """A fresh key: 32 random bytes in URL-safe base64."""
    return Fernet.generate_key().decode()


_HOW = "make one with: communityconnect new-key"
