"""National cryptography: SM3, HMAC-SM3 and SM4-GCM, with the library `cryptography` underneath.

The only file that names the algorithms. A certified cipher machine would replace these three (design §9).
Standards: GB/T 32905-2016 (SM3), GB/T 32907-2016 (SM4), RFC 8998 (SM4-GCM).
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SM3, Hash
from cryptography.hazmat.primitives.hmac import HMAC

DIGEST_BYTES: Final = 32
SM4_KEY_BYTES: Final = 16
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


class TamperedError(ValueError):
    """The sealed bytes, their place or the key are not the ones they were sealed with."""


def sm3(data: bytes) -> bytes:
    """SM3 digest, 32 bytes (GB/T 32905-2016)."""
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """Keyed SM3, 32 bytes. For many messages under one key use `HmacSm3`."""
    mac = HMAC(key, SM3())
    mac.update(data)
    return mac.finalize()


class HmacSm3:
    """Keyed SM3 with the key absorbed once: about half the price of `hmac_sm3` a message."""

    def __init__(self, key: bytes) -> None:
        self._keyed = HMAC(key, SM3())

    def __call__(self, data: bytes) -> bytes:
        """The 32-byte code of `data`."""
        mac = self._keyed.copy()
        mac.update(data)
        return mac.finalize()


class Sm4Gcm:
    """Authenticated encryption under one 16-byte key.

    A sealed value is nonce (12) + ciphertext (as long as the text) + tag (16). The nonce is random, so one
    key must not seal more than 2^32 values (NIST SP 800-38D §8.3); the vault has a key per field.
    """

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def seal(self, plain: bytes, context: bytes, nonce: bytes | None = None) -> bytes:
        """Encrypt and bind to `context`. `nonce` is for test vectors only."""
        nonce = os.urandom(NONCE_BYTES) if nonce is None else nonce
        encryptor = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(context)
        return b"".join((nonce, encryptor.update(plain), encryptor.finalize(), encryptor.tag))

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt; raises `TamperedError` when value, context or key differ from those of `seal`."""
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise TamperedError("sealed value is too short")
        nonce, body, tag = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:-TAG_BYTES], sealed[-TAG_BYTES:]
        decryptor = Cipher(self._algorithm, modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(context)
        try:
            return decryptor.update(body) + decryptor.finalize()
        except InvalidTag:
            raise TamperedError("sealed value does not belong here or was changed") from None
