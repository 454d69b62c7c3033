"""A service at an address, over HTTP/1.1 (aiohttp): streamed both ways, bytes passed as they are."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from multidict import CIMultiDict
from starlette.types import Receive, Scope, Send
from yarl import URL

from gateway.upstreams import Broken, ClientGone, Policy, Unreachable

# Shorter than any server's, or a call would meet a connection just being closed.
KEEP_ALIVE_SECONDS = 4.0
# A caller who leaves sooner than this is answered into the void: watching every call would cost more.
WATCH_AFTER_SECONDS = 0.05

_NOT_PASSED = frozenset(
    b"connection keep-alive proxy-authenticate trailer upgrade transfer-encoding date server".split()
)


@dataclass
class HttpUpstream:
    """A service at `base`, for example `http://127.0.0.1:9001`."""

    base: str
    policy: Policy | None = None
    _session: ClientSession | None = field(default=None, repr=False)

    async def open(self, policy: Policy) -> None:
        """Make the connection pool. Places are the forwarder's to give, so the pool itself has no limit."""
        self._session = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
            timeout=ClientTimeout(total=None, sock_connect=policy.connect),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            middlewares=(_once,),
        )

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def carry(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the call on, answer as it comes; give up when the caller leaves."""
        if self._session is None:
            raise Unreachable
        headers, has_body = _headers(scope)
        async with _Departure(receive) as departure:
            upload = None
            if has_body:
                upload = _upload(receive, departure.watch)
            else:
                departure.watch()
            response = await self._session.request(
                scope["method"], self._url(scope), headers=headers, data=upload, allow_redirects=False
            )
            try:
                await _pass_on(response, send)
            except (ClientError, OSError) as error:
                raise Broken from error
            finally:
                if departure.watched:
                    response.release()
                else:
                    response.close()  # answered before the upload ended: the rest is not wanted

    def _url(self, scope: Scope) -> URL:
        target = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("ascii")
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("ascii")
        return URL(self.base + target, encoded=True)


async def _once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Name what went wrong in our words. (By its own errors aiohttp would repeat PUT and DELETE.)"""
    try:
        return await handler(request)
    except (ClientConnectorError, ConnectionTimeoutError) as error:
        raise Unreachable from error
    except (ClientError, OSError) as error:
        raise Broken from error


def _headers(scope: Scope) -> tuple[CIMultiDict[str], bool]:
    """(headers, whether a body follows). aiohttp frames it: by length where one is told, else in chunks."""
    headers: CIMultiDict[str] = CIMultiDict()
    has_body = False
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            has_body = True
            continue
        if name == b"content-length":
            has_body = value != b"0"
        headers.add(name.decode("ascii"), value.decode())
    return headers, has_body


async def _upload(receive: Receive, ended: Callable[[], None]) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if body := message.get("body"):
            yield body
        if not message.get("more_body", False):
            ended()
            return


async def _pass_on(response: ClientResponse, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [
                (lowered, value) for name, value in response.raw_headers if (lowered := name.lower()) not in _NOT_PASSED
            ],
        }
    )
    content, more = response.content, True
    while more:
        body = await content.readany()
        more = not content.at_eof()
        await send({"type": "http.response.body", "body": body, "more_body": more})


class _Departure:
    """Ends the call when the caller leaves. Looks only after the request has been read whole."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._gone = False
        self.watched = False

    def watch(self) -> None:
        """The request is whole: from now on, the next thing heard from the caller is that they left."""
        self.watched = True
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER_SECONDS, self._start)

    def _start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._call.cancel()

    async def __aenter__(self) -> "_Departure":
        task = asyncio.current_task()
        assert task is not None
        self._call = task
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        if self._gone and kind is not None and issubclass(kind, asyncio.CancelledError):
            self._call.uncancel()
            raise ClientGone
