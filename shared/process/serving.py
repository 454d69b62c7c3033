"""One HTTP server a process, which comes and goes without a caller noticing.

Coming: the listening socket may be inherited (`PUYOU_LISTEN_FD`); whoever started the process holds it too, so
connections queue in the kernel while nobody takes them. When everything stands, `ready` is written to
`PUYOU_STATUS_FD`.

Leaving (SIGTERM, SIGINT): `leaving` is written, /health/ready answers 503, every answer from now on ends its
connection, and idle connections are given the time after which either side would have closed them anyway: closing
one at the moment its owner sends the next request would lose that request. Then whatever is under way is finished,
and the exit code is 0.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Awaitable, Coroutine, Iterator
from typing import Any, TypeVar

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.process.http import StrictProtocol
from shared.settings import Settings

T = TypeVar("T")

KEEP_ALIVE_SECONDS = 5
"""An idle connection is closed after this; the gateway's pool lets go of it earlier."""
FINISH_SECONDS = 20
_LOOK_SECONDS = 0.05


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on the event loop uvicorn would choose (uvloop where there is one)."""
    with asyncio.Runner(loop_factory=uvicorn.Config(_nothing, log_config=None).get_loop_factory()) as runner:
        return runner.run(main)


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """An app for a configuration that serves nothing."""


async def serve(app: ASGIApp, settings: Settings) -> None:
    """Serve until told to leave."""
    await _Server(app, settings).serve_here()


class _Entrance:
    """The app, and the one answer that changes when the process leaves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.leaving = False

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self.leaving and scope.get("path") == "/health/ready":
            return JSONResponse({"status": "draining"}, 503)(scope, receive, send)
        return self._app(scope, receive, send)


class _Server(uvicorn.Server):
    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._entrance = _Entrance(app)
        super().__init__(
            uvicorn.Config(
                self._entrance,
                interface="asgi3",
                http=StrictProtocol,
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # who calls is the gateway's to find out
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=FINISH_SECONDS,
            )
        )
        self._is_inherited = settings.listen_fd is not None
        self._listener = listener(settings)
        self._status = settings.status_fd

    async def serve_here(self) -> None:
        """Serve on the listener, in the running loop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._leave)
        await self.serve([self._listener])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ours: uvicorn's would end the process by the signal again, and its exit code would not be 0."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Lifespan and listener, then say so."""
        await super().startup(sockets)
        gc.freeze()  # what is there by now stays; looking through it again and again would hold up callers
        self._say("ready")

    def _leave(self) -> None:
        """From this moment on every answer is its connection's last."""
        if self.should_exit:
            return
        self.should_exit = self._entrance.leaving = True
        self._say("leaving")
        close = (b"connection", b"close")
        self.config.encoded_headers.append(close)  # for the list uvicorn makes anew each second
        self.server_state.default_headers.append(close)
        for connection in self.server_state.connections:
            cycle = getattr(connection, "cycle", None)
            if cycle is not None and not cycle.response_complete and not cycle.response_started:
                connection.shutdown()  # once it is answered; an answer on its way out keeps what it has said

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let callers go first, then finish."""
        if self._is_inherited:  # somebody else takes the new ones; our own listener stays open for the time being
            for server in self.servers:
                server.close()
        waited = 0.0
        while self.server_state.connections and waited < KEEP_ALIVE_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        await super().shutdown(sockets)

    def _say(self, word: str) -> None:
        say(self._status, word)


def say(status_fd: int | None, word: str) -> None:
    """Tell whoever started the process how far it is."""
    if status_fd is not None:
        with contextlib.suppress(OSError):  # nobody listens any more
            os.write(status_fd, f"{word}\n".encode("ascii"))


def listener(settings: Settings) -> socket.socket:
    """The inherited socket, or one of our own."""
    if settings.listen_fd is not None:
        return socket.socket(fileno=settings.listen_fd)
    return socket.create_server((settings.host, settings.port))
