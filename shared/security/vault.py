"""Sealed fields: SM4-GCM, bound to their place, with a keyed index for exact look-up.

A sealed value is `format (1) | key id (2) | nonce (12) | ciphertext | tag (16)`: 31 bytes more than the
text. It opens only in the same service, table, field and row, so values cannot be swapped between rows. An
index value is `key id (2) | HMAC-SM3 (32)`: equal texts of one field in one service give equal values,
elsewhere others. Grades L3 and L4 of personal information are kept this way (domain.md §1.6; 等保 8.1.4.8).
"""

import re
from functools import lru_cache
from typing import Final

from sqlmodel import SQLModel

from shared.security.crypto import (
    NONCE_BYTES,
    SM4_KEY_BYTES,
    TAG_BYTES,
    HmacSm3,
    Sm4Gcm,
    TamperedError,
    hmac_sm3,
)
from shared.security.keys import KeySet, ServiceKeys

_FORMAT: Final = 1
_PREFIX_BYTES: Final = 3
_SMALLEST: Final = _PREFIX_BYTES + NONCE_BYTES + TAG_BYTES
# No dot: the parts of a place are joined by dots and must stay tellable apart.
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Table = str | type[SQLModel]


class SealBrokenError(TamperedError):
    """A sealed value was changed, moved to another row, or sealed with a key this process does not hold."""


class Vault:
    """Seals and opens the fields of one service. Safe to share between tasks and threads."""

    def __init__(self, keys: ServiceKeys, service: str) -> None:
        if keys.service != service:
            raise ValueError(f"keys of {keys.service} given to {service}")
        self._service = service
        self._field_keys: KeySet = keys.field_keys
        self._index_keys: KeySet = keys.index_keys
        # One name per table and field; one cipher, one keyed digest per key and field: built at first use.
        self._place = lru_cache(maxsize=None)(self._make_place)
        self._cipher = lru_cache(maxsize=None)(self._make_cipher)
        self._digest = lru_cache(maxsize=None)(self._make_digest)

    def seal(self, table: Table, field: str, row_id: str, text: str) -> bytes:
        """Encrypt `text` for this one place."""
        return self.seal_bytes(table, field, row_id, text.encode())

    def open(self, table: Table, field: str, row_id: str, blob: bytes) -> str:
        """The text again; raises `SealBrokenError` when the value was changed or belongs elsewhere."""
        return self.open_bytes(table, field, row_id, blob).decode()

    def seal_bytes(self, table: Table, field: str, row_id: str, data: bytes) -> bytes:
        """`seal` for bytes (files, stored answers)."""
        place = self._place(table, field)
        key_id = self._field_keys.current
        sealed = self._cipher(key_id, place).seal(data, f"{place}.{row_id}".encode())
        return bytes((_FORMAT, *key_id.to_bytes(2))) + sealed

    def open_bytes(self, table: Table, field: str, row_id: str, blob: bytes) -> bytes:
        """`open` for bytes."""
        place = self._place(table, field)
        key_id = _key_id_of(blob)
        if key_id not in self._field_keys.keys:
            raise SealBrokenError(f"{place} was sealed with key {key_id}, which this process does not hold")
        try:
            return self._cipher(key_id, place).open(blob[_PREFIX_BYTES:], f"{place}.{row_id}".encode())
        except TamperedError:
            raise SealBrokenError(f"{place} of this row was changed or belongs to another row") from None

    def needs_reseal(self, blob: bytes) -> bool:
        """Whether the value still uses an older key."""
        return _key_id_of(blob) != self._field_keys.current

    def reseal(self, table: Table, field: str, row_id: str, blob: bytes) -> bytes:
        """The same text under the current key, for online rotation."""
        return self.seal_bytes(table, field, row_id, self.open_bytes(table, field, row_id, blob))

    def index(self, field: str, text: str) -> bytes:
        """The index value to store beside the sealed field. Normalise `text` first: equality is bytewise.

        While the index key is being rotated a number may stand under two values, so a unique constraint on
        the column says nothing; look for `indexes` under the person's lock.
        """
        return self._index_under(self._index_keys.current, field, text)

    def indexes(self, field: str, text: str) -> list[bytes]:
        """The values to look for, newest first: more than one only while the index key is being rotated."""
        return [self._index_under(key_id, field, text) for key_id in sorted(self._index_keys.keys, reverse=True)]

    def needs_reindex(self, value: bytes) -> bool:
        """Whether the index value still uses an older key."""
        return int.from_bytes(value[:2]) != self._index_keys.current

    def _index_under(self, key_id: int, field: str, text: str) -> bytes:
        return key_id.to_bytes(2) + self._digest(key_id, field)(text.encode())

    def _make_place(self, table: Table, field: str) -> str:
        name = table if isinstance(table, str) else str(table.__tablename__)
        return f"{self._service}.{name}.{field}"

    def _make_cipher(self, key_id: int, place: str) -> Sm4Gcm:
        if not all(_NAME.fullmatch(part) for part in place.split(".", 2)):
            raise ValueError(f"{place!r} is not service.table.field")
        return Sm4Gcm(hmac_sm3(self._field_keys.keys[key_id], place.encode())[:SM4_KEY_BYTES])

    def _make_digest(self, key_id: int, field: str) -> HmacSm3:
        if not _NAME.fullmatch(field):
            raise ValueError(f"{field!r} is not a field name")
        return HmacSm3(hmac_sm3(self._index_keys.keys[key_id], field.encode()))


def _key_id_of(blob: bytes) -> int:
    if len(blob) < _SMALLEST or blob[0] != _FORMAT:
        raise SealBrokenError("not a sealed value")
    return int.from_bytes(blob[1:_PREFIX_BYTES])
