"""What stands behind the door: a service in this process, or one at an address. Both behave alike.

An upstream only carries; how long, how often and how many at once is the forwarder's business.
"""

import asyncio
import logging
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("puyou.gateway")

ROUTE_HEADER = b"x-route"


@dataclass(frozen=True, slots=True)
class Policy:
    """What calls to one upstream are held to; times in seconds."""

    connections: int = 100  # calls under way at once
    queue: float = 5.0  # wait for one of those places
    connect: float = 2.0  # wait for a connection
    first_byte: float = 30.0  # from the end of the request to the begin of the answer
    whole: float = 300.0  # the whole call, streams included
    retry: float = 0.5  # how long a call that reached nobody is tried again


class Unreachable(Exception):
    """Nobody took the call: nothing was sent."""


class Broken(Exception):
    """The call was sent and the answer did not come, or not whole."""


class ClientGone(Exception):
    """The caller left before the answer was whole."""


class Upstream(Protocol):
    """One service behind the door."""

    @property
    def policy(self) -> Policy | None:
        """Its own policy, or None for the gateway's."""
        ...

    async def open(self, policy: Policy) -> None:
        """Make ready to carry."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...

    async def carry(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one call, streaming both ways. Raises Unreachable, Broken or ClientGone.

        The answer may name its route template in the header `X-Route`.
        """
        ...


@dataclass
class AsgiUpstream:
    """A service mounted in this process: its app is called directly, nothing is copied or buffered.

    `state` is what the app's lifespan yielded; the composition root may fill it before the first call.
    """

    app: ASGIApp
    policy: Policy | None = None
    state: MutableMapping[str, Any] = field(default_factory=dict)

    async def open(self, policy: Policy) -> None:
        """Nothing to open: lifespans are the composition root's."""

    async def close(self) -> None:
        """Nothing to close."""

    async def carry(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the app. A crash is the answer a server would give for it: a bare 500, or a cut stream."""
        own = {**scope, "state": dict(self.state)}
        started = complete = gone = False

        async def hear() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or message["type"] == "http.disconnect"
            return message

        async def answer(message: Message) -> None:
            nonlocal started, complete
            if message["type"] == "http.response.start":
                started = True
                _name_route(message, own)
            elif message["type"] == "http.response.body":
                complete = not message.get("more_body", False)
            await send(message)

        try:
            await self.app(own, hear, answer)
        except Exception:
            if not gone:
                logger.exception("a service failed")
            if not started:
                await send({"type": "http.response.start", "status": 500, "headers": []})
                await send({"type": "http.response.body"})
                return
        if not complete:
            raise ClientGone if gone else Broken


def _name_route(start: Message, scope: Scope) -> None:
    """Say which route answered where the app did not, from what its router left in the scope."""
    headers = start.get("headers", ())
    template = getattr(scope.get("route"), "path", None)
    if template and not any(name == ROUTE_HEADER for name, _ in headers):
        start["headers"] = [*headers, (ROUTE_HEADER, template.encode())]


@dataclass(frozen=True, slots=True)
class Answer:
    """A small answer of an upstream, read whole."""

    status: int
    body: bytes


async def ask(
    upstream: Upstream, path: str, *, within: float, headers: Mapping[bytes, bytes], limit: int = 16_000_000
) -> Answer:
    """GET `path` for the door's own use. Raises TimeoutError after `within` seconds, else as `carry` does."""
    status, body, asked = 0, bytearray(), False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            body.extend(message.get("body", b""))
            if len(body) > limit:
                raise Broken

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"gateway"), *headers.items()],
        "client": None,
        "server": None,
    }
    async with asyncio.timeout(within):
        await upstream.carry(scope, receive, send)
    return Answer(status, bytes(body))
