"""The person key: the same opaque `person_id` for a number in every service, with no call to anyone.

`p1` and 26 base32 characters: the first 128 bits of HMAC-SM3 over the checked number (design §4). Whoever
holds the key can list a county's numbers in minutes, so only processes that take ID numbers hold it, and
what calls `id_for` on behalf of a person is rate-limited and audited. The form is checked by
`shared.ids.is_person_id`.
"""

import secrets
from base64 import b32encode
from typing import Final

from shared.china import resident_id
from shared.china.resident_id import ResidentId
from shared.security.crypto import HmacSm3

_BYTES: Final = 16


class PersonKey:
    """Derives person ids. The key is 32 bytes and is never changed."""

    def __init__(self, key: bytes) -> None:
        self._digest = HmacSm3(key)

    def id_for(self, number: str | ResidentId) -> str:
        """The person id of a resident ID number; a text is checked first (NumberError when it is wrong)."""
        checked = number if isinstance(number, ResidentId) else resident_id.parse(number)
        return _written(self._digest(checked.number.encode())[:_BYTES])


def random_person_id() -> str:
    """The id of a person who has no number (yet); a later number is joined to it by an alias."""
    return _written(secrets.token_bytes(_BYTES))


def _written(bits: bytes) -> str:
    return "p1" + b32encode(bits).decode().rstrip("=").lower()
