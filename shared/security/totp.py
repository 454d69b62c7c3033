"""The second factor: time-based one-time passwords, RFC 6238.

HMAC-SHA-1, 30 seconds, 6 digits: the only parameters every phone authenticator honours (most ignore what
the enrolment URI says). RFC 4226 does not rest on SHA-1's collision resistance. An SM3 token device would
come as a further sign-in adapter.

Phones keep real time: `now` must be real time too, also where the business clock of `dev` was moved.
"""

import hmac
import secrets
import unicodedata
from base64 import b32encode
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

STEP_SECONDS: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20  # the length of the digest, RFC 4226 §4 R6


def new_secret() -> bytes:
    """A fresh secret of 20 bytes. Store it sealed."""
    return secrets.token_bytes(SECRET_BYTES)


def step_at(now: datetime) -> int:
    """The number of the 30-second step `now` falls into."""
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """The code of one step (RFC 4226 §5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8), "sha1")
    offset = mac[-1] & 0xF
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def accepted_step(secret: bytes, code: str, now: datetime, *, last_step: int = -1, window: int = 1) -> int | None:
    """The step whose code this is, or None.

    Accepts `window` steps to either side and only steps after `last_step`. Store the result as the account's
    next `last_step`, in the same transaction, or a code could be used twice (RFC 6238 §5.2).
    """
    given = unicodedata.normalize("NFKC", code).replace(" ", "").encode(errors="replace")
    here = step_at(now)
    found = None
    for step in range(here - window, here + window + 1):
        same = hmac.compare_digest(code_at(secret, step).encode(), given)
        if same and step > last_step and found is None:
            found = step
    return found


def enrolment_uri(secret: bytes, account: str, issuer: str = "普有") -> str:
    """The `otpauth://` URI to show as a QR code at enrolment."""
    label = quote(f"{issuer}:{account}", safe="")
    key = b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/{label}?" + urlencode(
        {"secret": key, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS},
        quote_via=quote,
    )
