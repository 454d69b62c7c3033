"""Access tokens: ours, in time, and nothing else."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from shared.db.principals import Role
from shared.security.crypto import sm3
from shared.security.keys import Keyring, KeysUnusableError
from shared.security.tokens import (
    LIFETIME,
    Claims,
    TokenExpired,
    TokenInvalid,
    TokenSigner,
    TokenVerifier,
    new_refresh_token,
    refresh_digest,
)

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC)
RING = Keyring.generate(dev=True)
SIGNING = RING.for_service("brain", signs_tokens=True).token_keys
VERIFYING = RING.for_service("relief").token_keys
KEY = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(SIGNING.current_private))


def a_clerk(now: datetime = NOW, **changes: Any) -> Claims:
    fields: dict[str, Any] = {
        "account_id": "0197a2f4-0000-7000-8000-000000000001",
        "session_id": "0197a2f4-0000-7000-8000-000000000002",
        "role": Role.TOWN_CLERK,
        "area_code": "330903100000",
        "org_id": "town-6",
        "name": "测试员",
        "second_factor": True,
    }
    return Claims.starting(now, **(fields | changes))


def a_token(**changes: Any) -> str:
    return TokenSigner(SIGNING).issue(a_clerk(**changes))


def forged(claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, key: Any = KEY) -> str:
    """A token signed with `key`: a good one but for the changes; None removes an entry."""
    good = jwt.decode(a_token(), KEY, algorithms=["Ed25519"])
    changed = {k: v for k, v in (good.claims | (claims or {})).items() if v is not None}
    head = {k: v for k, v in (good.header | (header or {})).items() if v is not None}
    return jwt.encode(head, changed, key, algorithms=[head["alg"]], default_type=None)


def test_what_was_signed_comes_back() -> None:
    claims = a_clerk()
    assert TokenVerifier(VERIFYING).verify(TokenSigner(SIGNING).issue(claims), NOW) == claims
    assert claims.expires_at - claims.issued_at == timedelta(minutes=5)
    assert claims.issued_at == NOW.replace(microsecond=0)


def test_a_post_without_area_or_person_has_none() -> None:
    claims = a_clerk(role=Role.SYSTEM_ADMIN, area_code="", org_id="", name="", second_factor=False)
    assert TokenVerifier(VERIFYING).verify(TokenSigner(SIGNING).issue(claims), NOW) == claims


def test_the_forgery_helper_forges_nothing_by_itself() -> None:
    TokenVerifier(VERIFYING).verify(forged(), NOW)


@pytest.mark.parametrize("known", [False, True])
def test_expiry_is_checked_also_from_memory(known: bool) -> None:
    verifier, token = TokenVerifier(VERIFYING), a_token()
    issued = NOW.replace(microsecond=0)
    if known:
        verifier.verify(token, NOW)
    verifier.verify(token, issued + LIFETIME - timedelta(microseconds=1))
    for late in (timedelta(), timedelta(days=90)):
        with pytest.raises(TokenExpired) as caught:
            verifier.verify(token, issued + LIFETIME + late)
        assert (caught.value.status, caught.value.code) == (401, "token_expired")
    verifier.verify(token, issued - timedelta(seconds=30))  # clocks of hosts differ a little
    with pytest.raises(TokenInvalid):
        verifier.verify(token, issued - timedelta(seconds=31))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "someone"},
        {"iss": None},
        {"aud": "elsewhere"},
        {"aud": ["puyou"]},
        {"sub": None},
        {"sub": 7},
        {"sid": None},
        {"jti": None},
        {"role": "SYSTEM"},
        {"role": "KING"},
        {"role": None},
        {"role": ["TOWN_CLERK"]},
        {"area": 330903},
        {"exp": None},
        {"iat": None},
        {"exp": "2026-03-02"},
        {"exp": True},
        {"exp": NOW.timestamp() + 60.5},
        {"exp": 10**20},
        {"exp": int(NOW.timestamp()) + 301},
        {"exp": int(NOW.timestamp()) - 1},
        {"amr": None},
        {"amr": 1},
    ],
)
def test_wrong_claims_are_refused_though_signed_by_us(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid) as caught:
        TokenVerifier(VERIFYING).verify(forged(claims), NOW)
    assert (caught.value.status, caught.value.code) == (401, "token_invalid")


@pytest.mark.parametrize(
    "header",
    [{"typ": "JWT"}, {"typ": None}, {"kid": None}, {"kid": "another"}, {"crit": ["exp"], "exp": 1}],
)
def test_wrong_headers_are_refused_though_signed_by_us(header: dict[str, Any]) -> None:
    try:
        token = forged(header=header)
    except Exception:  # noqa: BLE001 — the library will not even write it
        head, rest = forged().split(".", 1)
        changed = json.loads(base64.urlsafe_b64decode(head + "==")) | header
        token = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=") + "." + rest
    with pytest.raises(TokenInvalid):
        TokenVerifier(VERIFYING).verify(token, NOW)


def test_the_public_key_is_no_shared_secret() -> None:
    """The classic confusion: sign with HMAC, the secret being our published key."""
    public = VERIFYING.public[VERIFYING.current]
    with pytest.raises(TokenInvalid):
        TokenVerifier(VERIFYING).verify(forged(header={"alg": "HS256"}, key=OctKey.import_key(public)), NOW)


def test_no_signature_is_no_token() -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": SIGNING.current}).encode()).decode()
    body = a_token().split(".")[1]
    for token in (f"{head.rstrip('=')}.{body}.", f"{a_token().rsplit('.', 1)[0]}."):
        with pytest.raises(TokenInvalid):
            TokenVerifier(VERIFYING).verify(token, NOW)


def test_a_stranger_key_under_our_kid_is_refused() -> None:
    with pytest.raises(TokenInvalid):
        TokenVerifier(VERIFYING).verify(forged(key=OKPKey.generate_key("Ed25519")), NOW)


@given(st.data())
def test_any_changed_character_is_refused(data: st.DataObject) -> None:
    token = a_token()
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_.=é "))
    changed = token[:place] + letter + token[place + 1 :]
    # The last letter of a part carries unused bits: another letter there may be the same bytes.
    if changed != token and place + 1 < len(token) and token[place + 1] != ".":
        with pytest.raises(TokenInvalid):
            TokenVerifier(VERIFYING).verify(changed, NOW)


@given(st.one_of(st.text(max_size=60), st.from_regex(r"[\w-]{0,30}(\.[\w-]{0,30}){2}")))
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(TokenInvalid):
        TokenVerifier(VERIFYING).verify(text, NOW)


def test_an_endless_token_is_refused_unread() -> None:
    with pytest.raises(TokenInvalid):
        TokenVerifier(VERIFYING).verify(a_token(name="名" * 3000), NOW)


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    verifier = TokenVerifier(VERIFYING, cached=3)
    tokens = [a_token() for _ in range(5)]
    for token in tokens:
        verifier.verify(token, NOW)
    assert len(verifier._verified) == 3
    all(verifier.verify(token, NOW) for token in tokens)


def test_refused_tokens_are_not_remembered() -> None:
    verifier = TokenVerifier(VERIFYING)
    with pytest.raises(TokenInvalid):
        verifier.verify("a.b.c", NOW)
    assert not verifier._verified


def test_a_known_token_is_not_verified_twice() -> None:
    verifier, token = TokenVerifier(VERIFYING), a_token()
    verifier.verify(token, NOW)
    verifier._keys.clear()  # no key any more: only memory can answer
    verifier.verify(token, NOW)


def test_rotating_the_signing_key() -> None:
    ring = RING.added("token_keys")
    learnt = TokenVerifier(ring.for_service("relief").token_keys)
    switched = TokenSigner(ring.switched("token_keys").for_service("brain", signs_tokens=True).token_keys)
    new = switched.issue(a_clerk())
    learnt.verify(new, NOW)
    learnt.verify(a_token(), NOW)
    with pytest.raises(TokenInvalid):
        TokenVerifier(VERIFYING).verify(new, NOW)


@pytest.mark.parametrize(
    "changes", [{"role": Role.SYSTEM}, {"account_id": ""}, {"session_id": ""}, {"lifetime": timedelta(minutes=6)}]
)
def test_what_no_verifier_accepts_is_not_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        a_token(**changes)


def test_without_the_private_key_nobody_signs() -> None:
    with pytest.raises(KeysUnusableError):
        TokenSigner(VERIFYING)


def test_refresh_tokens_are_random_and_stored_as_digests() -> None:
    tokens = {new_refresh_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(base64.urlsafe_b64decode(token + "=")) for token in tokens} == {32}
    token = tokens.pop()
    assert refresh_digest(token) == sm3(token.encode())
    assert refresh_digest("\ud800") != refresh_digest(token)  # rubbish from outside does not crash
