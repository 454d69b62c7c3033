"""Who knocks. The composition root gives the verifier; this room reads the header and words refusals."""

import logging
import re
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from gateway.problems import Problem

logger = logging.getLogger("puyou.gateway")

_BEARER = re.compile(rb"(?i:bearer) +([A-Za-z0-9._~+/=-]{1,8192})")


class Claims(Protocol):
    """What the door reads from a token."""

    @property
    def account_id(self) -> str:
        """The account that is signed in."""
        ...


class TokenVerifier(Protocol):
    """Checks an access token. Refuses by an error whose `code` is token_expired or token_invalid."""

    def verify(self, token: str, now: datetime) -> Claims:
        """Claims of a token that holds at `now` (aware, UTC)."""
        ...


_REFUSALS = {
    "not_signed_in": "请先登录",
    "token_invalid": "登录凭证无效，请重新登录",
    "token_expired": "登录已过期，请刷新或重新登录",
}


def _refusal(code: str) -> Problem:
    # RFC 6750 §3: no error code when nothing was presented.
    challenge = b"Bearer" if code == "not_signed_in" else b'Bearer error="invalid_token"'
    return Problem(401, code, _REFUSALS[code], {b"www-authenticate": challenge})


class Doorkeeper:
    """Turns an Authorization header into an account, or a 401."""

    def __init__(self, verifier: TokenVerifier, now: Callable[[], datetime]) -> None:
        self._verifier = verifier
        self._now = now

    def identify(self, authorization: bytes | None) -> str:
        """Id of the account behind the header; anything but a valid token is a 401."""
        if authorization is None:
            raise _refusal("not_signed_in")
        match = _BEARER.fullmatch(authorization)
        if match is None:
            raise _refusal("token_invalid")
        try:
            return self._verifier.verify(match[1].decode(), self._now()).account_id
        except Exception as error:
            code = getattr(error, "code", None)
            if code not in _REFUSALS:
                logger.exception("token verifier failed")
                code = "token_invalid"  # a verifier in trouble lets nobody in
            raise _refusal(str(code)) from error
