"""People at the gateway while things break: each call is made until it is answered, always as the same request."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import aiohttp

from shared.settings import Settings

_PATIENCE = 120.0
_LONGEST_PAUSE = 2.0
_TOKEN_SECONDS = 200.0
_PASSING = {502, 503, 504}


class NotAnswered(AssertionError):
    """A call got an answer that no fault excuses, or none at all for long."""


@dataclass
class Callers:
    """Lines to the gateway. `trouble` counts the answers that made a caller try again, `slowest` is the longest a
    call has taken with all its tries."""

    session: aiohttp.ClientSession
    trouble: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    slowest: float = 0.0
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    _signing_in: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, account: str, path: str) -> Any:
        """Read."""
        return await self._until_answered("GET", path, None, account, "")

    async def send(self, account: str, path: str, body: dict[str, Any], key: str, *, method: str = "POST") -> Any:
        """Act, once, however often it takes."""
        return await self._until_answered(method, path, body, account, key)

    async def _until_answered(self, method: str, path: str, body: Any, account: str, key: str) -> Any:
        begun, pause = monotonic(), 0.1
        self.calls += 1
        while True:
            headers = {"idempotency-key": key} if key else {}
            if account:
                headers["authorization"] = f"Bearer {await self._token(account)}"
            status, answer = await self._once(method, path, body, headers)
            if 200 <= status < 300:
                self.slowest = max(self.slowest, monotonic() - begun)
                return answer
            if status and status not in _PASSING and not (status == 409 and answer["code"] == "request_in_progress"):
                raise NotAnswered(f"{status} {method} {path}: {answer}")
            if monotonic() - begun > _PATIENCE:
                raise NotAnswered(f"{method} {path}: no answer in {_PATIENCE:.0f} s, last {status} {answer}")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _once(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        """Status and body; 0 and the reason when the connection broke."""
        try:
            async with self.session.request(method, path, json=body, headers=headers) as answer:
                found = await answer.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.trouble[type(error).__name__] += 1
            return 0, repr(error)
        if answer.status >= 300:
            self.trouble[f"{answer.status} {found.get('code', '')}"] += 1
        return answer.status, found

    async def _token(self, account: str) -> str:
        """A token with some life left: they end after five minutes of real time."""
        async with self._signing_in:
            token, until = self._tokens.get(account, ("", 0.0))
            if monotonic() > until:
                body = {"provider": "local", "username": account, "password": Settings(env="test").demo_password}
                found = await self._until_answered("POST", "/api/brain/auth/sign-in", body, "", "")
                token = str(found["accessToken"])
                self._tokens[account] = token, monotonic() + _TOKEN_SECONDS
        return token


@asynccontextmanager
async def calling(address: str) -> AsyncIterator[Callers]:
    """Callers of this gateway; the client repeats nothing by itself."""
    timeout = aiohttp.ClientTimeout(total=40)
    async with aiohttp.ClientSession(address, timeout=timeout, middlewares=(_once,)) as session:
        yield Callers(session)


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except aiohttp.ServerDisconnectedError as error:
        raise aiohttp.ClientPayloadError("dropped") from error
