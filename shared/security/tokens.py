"""Access tokens, signed by brain and verified by everyone for themselves; refresh tokens, opaque.

An access token is a JWT signed with Ed25519 (RFC 8037; `alg` is `Ed25519` of RFC 9864, the older name
`EdDSA` is no longer accepted), lives five minutes at most and is not kept anywhere: taking rights away
earlier is the work of session revocation. A refresh token is 256 random bits; only its digest is stored,
and it is changed at each use.

`now` is an argument. Give the verifier and the signer the same clock.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OKPKey

from shared.db.principals import Role
from shared.db.problems import Unauthorised
from shared.security.crypto import sm3
from shared.security.keys import SigningKeys

LIFETIME: Final = timedelta(minutes=5)
ISSUER: Final = "puyou.brain"
AUDIENCE: Final = "puyou"
_ALGORITHM: Final = "Ed25519"
_TYPE: Final = "at+jwt"  # RFC 9068: no other token we may sign one day can be passed off as an access token
_SKEW: Final = timedelta(seconds=30)
_LONGEST: Final = 4096
_CACHED: Final = 4096


class TokenExpired(Unauthorised):
    """Ours, but its time is over: refresh it."""

    code = "token_expired"
    detail = "登录已过期，请刷新或重新登录"


class TokenInvalid(Unauthorised):
    """Not a token of ours, or not in a state we accept."""

    code = "token_invalid"
    detail = "登录凭证无效，请重新登录"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Who signed in, in which post, and until when. Times in UTC, whole seconds; "" for what is not there."""

    account_id: str
    session_id: str
    role: Role
    area_code: str = ""
    org_id: str = ""
    person_id: str = ""
    name: str = ""
    second_factor: bool = False
    issued_at: datetime
    expires_at: datetime
    token_id: str

    @classmethod
    def starting(
        cls,
        now: datetime,
        *,
        account_id: str,
        session_id: str,
        role: Role,
        area_code: str = "",
        org_id: str = "",
        person_id: str = "",
        name: str = "",
        second_factor: bool = False,
        lifetime: timedelta = LIFETIME,
    ) -> Self:
        """Claims of a token issued `now`."""
        issued_at = now.astimezone(UTC).replace(microsecond=0)
        return cls(
            account_id=account_id,
            session_id=session_id,
            role=role,
            area_code=area_code,
            org_id=org_id,
            person_id=person_id,
            name=name,
            second_factor=second_factor,
            issued_at=issued_at,
            expires_at=issued_at + lifetime,
            token_id=secrets.token_urlsafe(12),
        )


class TokenSigner:
    """Issues access tokens. Only brain holds the key for it."""

    def __init__(self, keys: SigningKeys) -> None:
        self._key = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(keys.current_private))
        self._header = {"alg": _ALGORITHM, "kid": keys.current, "typ": _TYPE}

    def issue(self, claims: Claims) -> str:
        """The signed token; ValueError for claims no verifier would accept."""
        if _refused(claims):
            raise ValueError("claims of a system actor, without an account or session, or with too long a life")
        return jwt.encode(self._header, _to_wire(claims), self._key, algorithms=[_ALGORITHM])


class TokenVerifier:
    """Verifies access tokens with the public keys alone; remembers the digests of those it has verified.

    For use in one event loop. A check from memory takes microseconds; the time is compared at every check.
    """

    def __init__(self, keys: SigningKeys, *, cached: int = _CACHED) -> None:
        self._keys = {
            kid: OKPKey.import_key(Ed25519PublicKey.from_public_bytes(key)) for kid, key in keys.public.items()
        }
        self._cached = cached
        self._verified: dict[bytes, Claims] = {}

    def verify(self, token: str, now: datetime) -> Claims:
        """The claims, if we signed them and they hold `now`; raises `TokenExpired` or `TokenInvalid`."""
        if len(token) > _LONGEST:
            raise TokenInvalid
        digest = sha256(token.encode(errors="replace")).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = self._check_signature(token)
            while len(self._verified) >= self._cached:  # all live equally long: the oldest entry ends first
                del self._verified[next(iter(self._verified))]
            self._verified[digest] = claims
        if now >= claims.expires_at:
            raise TokenExpired
        if now < claims.issued_at - _SKEW:
            raise TokenInvalid
        return claims

    def _check_signature(self, token: str) -> Claims:
        try:
            decoded = jwt.decode(token, self._find_key, algorithms=[_ALGORITHM])
            if decoded.header.get("typ") != _TYPE:
                raise TokenInvalid
            claims = _from_wire(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError, OverflowError):
            raise TokenInvalid from None
        if _refused(claims):
            raise TokenInvalid
        return claims

    def _find_key(self, token: GuestProtocol) -> OKPKey:
        return self._keys[token.headers()["kid"]]


def new_refresh_token() -> str:
    """256 random bits as 43 URL-safe characters. Give it to the caller, store only its digest."""
    return secrets.token_urlsafe(32)


def refresh_digest(token: str) -> bytes:
    """What is stored and looked up in place of a refresh token: 32 bytes."""
    return sm3(token.encode(errors="replace"))


def _refused(claims: Claims) -> bool:
    return (
        claims.role is Role.SYSTEM
        or not (claims.account_id and claims.session_id and claims.token_id)
        or not timedelta() < claims.expires_at - claims.issued_at <= LIFETIME
    )


# The wire name of each text claim: registered ones of RFC 7519 where there are any.
_TEXTS: Final = {
    "sub": "account_id",
    "sid": "session_id",
    "role": "role",
    "area": "area_code",
    "org": "org_id",
    "person": "person_id",
    "name": "name",
    "jti": "token_id",
}


def _to_wire(claims: Claims) -> dict[str, Any]:
    wire: dict[str, Any] = {key: str(value) for key, name in _TEXTS.items() if (value := getattr(claims, name))}
    return wire | {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "amr": ["pwd", "otp"] if claims.second_factor else ["pwd"],  # RFC 8176
        "iat": int(claims.issued_at.timestamp()),
        "exp": int(claims.expires_at.timestamp()),
    }


def _from_wire(wire: dict[str, Any]) -> Claims:
    if wire["iss"] != ISSUER or wire["aud"] != AUDIENCE:
        raise ValueError("made by or for someone else")
    texts = {name: wire.get(key, "") for key, name in _TEXTS.items()}
    if not all(isinstance(text, str) for text in texts.values()):
        raise TypeError("a text claim is not a text")
    if type(wire["iat"]) is not int or type(wire["exp"]) is not int:
        raise TypeError("a time claim is not a whole number")
    return Claims(
        **{**texts, "role": Role(texts["role"])},
        second_factor="otp" in wire["amr"],
        issued_at=datetime.fromtimestamp(wire["iat"], UTC),
        expires_at=datetime.fromtimestamp(wire["exp"], UTC),
    )
