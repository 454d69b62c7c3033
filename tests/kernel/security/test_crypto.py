"""The standards' own vectors, and what authenticated encryption must refuse."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from shared.security.crypto import HmacSm3, Sm4Gcm, TamperedError, hmac_sm3, sm3

pytestmark = pytest.mark.unit

# RFC 8998 appendix A.2.1
KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")
NONCE = bytes.fromhex("00001234567800000000abcd")
CONTEXT = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
PLAIN = bytes.fromhex("aa" * 8 + "bb" * 8 + "cc" * 8 + "dd" * 8 + "ee" * 8 + "ff" * 8 + "ee" * 8 + "aa" * 8)
CIPHERTEXT = bytes.fromhex(
    "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
    "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
)
TAG = bytes.fromhex("83de3541e4c2b58177e065a9bf7b62ec")


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_of_the_standard(data: bytes, digest: str) -> None:
    assert sm3(data).hex() == digest


def test_the_cipher_underneath_is_sm4() -> None:
    encryptor = Cipher(algorithms.SM4(KEY), modes.ECB()).encryptor()  # noqa: S305 — the standard's own vector
    assert encryptor.update(KEY).hex() == "681edf34d206965e86b3e94f536e4246"


def test_gcm_of_rfc_8998() -> None:
    assert Sm4Gcm(KEY).seal(PLAIN, CONTEXT, NONCE) == NONCE + CIPHERTEXT + TAG
    assert Sm4Gcm(KEY).open(NONCE + CIPHERTEXT + TAG, CONTEXT) == PLAIN


def hmac_by_definition(key: bytes, data: bytes) -> bytes:
    """RFC 2104 over SM3, block size 64."""
    key = (sm3(key) if len(key) > 64 else key).ljust(64, b"\0")
    inner = sm3(bytes(byte ^ 0x36 for byte in key) + data)
    return sm3(bytes(byte ^ 0x5C for byte in key) + inner)


@given(st.binary(min_size=1, max_size=130), st.binary(max_size=300), st.binary(max_size=20))
def test_hmac_is_that_of_the_definition(key: bytes, data: bytes, other: bytes) -> None:
    keyed = HmacSm3(key)
    assert keyed(data) == hmac_sm3(key, data) == hmac_by_definition(key, data)
    assert keyed(other) == hmac_by_definition(key, other)  # the keyed state is not used up


@given(st.binary(max_size=200), st.binary(max_size=50), st.data())
def test_any_changed_bit_is_refused(plain: bytes, context: bytes, data: st.DataObject) -> None:
    cipher = Sm4Gcm(KEY)
    sealed = cipher.seal(plain, context)
    assert cipher.open(sealed, context) == plain
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TamperedError):
        cipher.open(bytes(changed), context)
    with pytest.raises(TamperedError):
        cipher.open(sealed, context + b"x")
    with pytest.raises(TamperedError):
        cipher.open(sealed[: data.draw(st.integers(0, len(sealed) - 1))], context)


def test_equal_texts_are_sealed_differently() -> None:
    cipher = Sm4Gcm(KEY)
    assert len({cipher.seal(b"330999195001010017", b"") for _ in range(1000)}) == 1000
