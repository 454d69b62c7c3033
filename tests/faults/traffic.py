"""Callers at the gateway's door, a bounded number, each with a kept connection: what fails is counted, not repeated."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

CALLERS = 4
_PAUSE = 0.02


@dataclass(slots=True)
class Call:
    """Something that always succeeds while the suite does."""

    method: str
    path: str
    body: Mapping[str, str] | None = None


@dataclass(slots=True)
class Traffic:
    """What came of it: answers by `"<status> <method> <path>"`, and what went wrong otherwise."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    async def call(self, session: aiohttp.ClientSession, call: Call, token: str) -> None:
        """One call, once."""
        what = f"{call.method} {call.path}"
        try:
            async with session.request(
                call.method, call.path, json=call.body, headers={"authorization": f"Bearer {token}"}
            ) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.failures[f"{type(error).__name__} {what}"] += 1
            return
        if answer.status < 400:
            self.answers[f"{answer.status} {what}"] += 1
        else:
            self.failures[f"{answer.status} {what}: {text[:200]}"] += 1


@asynccontextmanager
async def flowing(address: str, token: str, calls: Sequence[Call]) -> AsyncIterator[Traffic]:
    """Traffic as long as the block lasts."""
    traffic, stop = Traffic(), asyncio.Event()

    async def caller(number: int) -> None:
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(address, timeout=timeout, middlewares=(_once,)) as session:
            while not stop.is_set():
                await traffic.call(session, calls[number % len(calls)], token)
                number += 1
                await asyncio.sleep(_PAUSE)

    callers = [asyncio.create_task(caller(number)) for number in range(CALLERS)]
    try:
        yield traffic
    finally:
        stop.set()
        await asyncio.gather(*callers)


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The client would repeat some calls by itself; here nothing may be lost in the first place."""
    try:
        return await handler(request)
    except aiohttp.ServerDisconnectedError as error:
        raise aiohttp.ClientPayloadError("dropped") from error
