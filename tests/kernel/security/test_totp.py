"""RFC 6238 appendix B, the window, and no code twice."""

from base64 import b32decode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.security.totp import accepted_step, code_at, enrolment_uri, new_secret, step_at

pytestmark = pytest.mark.unit

SECRET = b"12345678901234567890"
NOW = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    step = step_at(datetime.fromtimestamp(seconds, UTC))
    assert code_at(SECRET, step, digits=8) == code
    assert code_at(SECRET, step) == code[2:]


@pytest.mark.parametrize(
    ("off", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False), (-100, False)]
)
def test_one_step_to_either_side(off: int, accepted: bool) -> None:
    step = step_at(NOW) + off
    assert accepted_step(SECRET, code_at(SECRET, step), NOW) == (step if accepted else None)


def test_a_code_is_accepted_once() -> None:
    step = step_at(NOW)
    code = code_at(SECRET, step)
    assert accepted_step(SECRET, code, NOW, last_step=step - 1) == step
    assert accepted_step(SECRET, code, NOW, last_step=step) is None
    assert accepted_step(SECRET, code_at(SECRET, step - 1), NOW, last_step=step) is None  # nor an older one
    later = NOW + timedelta(seconds=30)
    assert accepted_step(SECRET, code_at(SECRET, step + 1), later, last_step=step) == step + 1


@given(st.integers(1, 2**32), st.integers(0, 29))
def test_the_code_of_a_moment_is_accepted_throughout_its_step(step: int, into: int) -> None:
    moment = datetime.fromtimestamp(step * 30 + into, UTC)
    assert accepted_step(SECRET, code_at(SECRET, step), moment) in {step - 1, step, step + 1}
    assert step_at(moment) == step


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "-12345", "١٢٣٤٥٦", "\ud80012345"])
def test_rubbish_is_refused(code: str) -> None:
    assert accepted_step(SECRET, code, NOW) is None


def test_written_with_a_blank_or_full_width() -> None:
    code = code_at(SECRET, step_at(NOW))
    assert accepted_step(SECRET, f"{code[:3]} {code[3:]}", NOW)
    assert accepted_step(SECRET, "".join(chr(ord(digit) + 0xFEE0) for digit in code), NOW)


def test_another_secret_has_other_codes() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {20}
    assert accepted_step(secrets.pop(), code_at(SECRET, step_at(NOW)), NOW) is None


def test_enrolment_uri() -> None:
    uri = urlsplit(enrolment_uri(SECRET, "town clerk/六横"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/普有:town clerk/六横"
    asked = {name: values[0] for name, values in parse_qs(uri.query).items()}
    assert b32decode(asked.pop("secret")) == SECRET
    assert asked == {"issuer": "普有", "algorithm": "SHA1", "digits": "6", "period": "30"}
    assert "+" not in uri.query  # phones read it as a plus
