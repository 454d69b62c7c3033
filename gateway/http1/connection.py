"""The side of a connection that is written to, with its back-pressure; and what both sides know of HTTP/1.1."""

import asyncio
from typing import cast

from gateway.http1.headers import Headers

# A head may have this many bytes, request line and all headers together.
MOST_HEAD = 65_536
# More than this of a body that nobody reads yet waits in the kernel.
HIGH_WATER = 262_144
# More than this is not kept back for the end of the round.
_AT_ONCE = 32_768


class Connection(asyncio.Protocol):
    """A TCP connection: writing waits for the other end, reading can be held.

    What is written goes out at the end of the event loop's round, one connection after the other. Sent one by one
    between the calls, each piece would wake a process at the other end that has just gone to sleep, which on a virtual
    machine took two fifths of a call (docs/performance.md).
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self.transport = cast("asyncio.Transport", None)  # from connection_made on
        self.lost = False
        self.choked = False  # the other end does not keep up
        self._may_write = asyncio.Event()
        self.holding = False  # not reading

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Gone, whoever ended it."""
        self.lost = True
        self.resume_writing()

    def pause_writing(self) -> None:
        """The other end does not keep up."""
        self.choked = True
        self._may_write.clear()

    def resume_writing(self) -> None:
        """It does again."""
        if self.choked:
            self.choked = False
            self._may_write.set()

    def write(self, data: bytes) -> None:
        """Send at the end of this round; nobody hears it when the connection is gone."""
        if self.lost:
            return
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent.append(data)
        self._unsent_bytes += len(data)
        if self._unsent_bytes > _AT_ONCE:
            self._send()

    def _send(self) -> None:
        if self._unsent and not self.lost:
            data = self._unsent[0] if len(self._unsent) == 1 else b"".join(self._unsent)
            self._unsent.clear()
            self._unsent_bytes = 0
            self.transport.write(data)

    def close(self) -> None:
        """End once what was written is sent."""
        self._send()
        self.transport.close()

    def close_writing(self) -> None:
        """Nothing more will be written; reading goes on."""
        self._send()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def cut(self) -> None:
        """End at once; what the kernel has not taken is lost."""
        if not self.lost:
            self._send()
            self.transport.abort()

    async def drain(self) -> None:
        """Wait until the other end keeps up, or is gone."""
        if self.choked:
            await self._may_write.wait()

    def hold(self) -> None:
        """Read no more for now."""
        if not self.holding and not self.lost:
            self.holding = True
            self.transport.pause_reading()

    def read_on(self) -> None:
        """Read again."""
        if self.holding and not self.lost:
            self.holding = False
            self.transport.resume_reading()


def is_too_large(arrived: int, headers: Headers) -> bool:
    """Whether a head of which `arrived` bytes came, perhaps with some of what follows, is larger than allowed."""
    return arrived > MOST_HEAD and sum(len(name) + len(value) + 4 for name, value in headers) > MOST_HEAD


def has_no_body(method: str, status: int) -> bool:
    """Answers that end with their head, whatever their headers say (RFC 9112 §6.3)."""
    return method == "HEAD" or status in {204, 304}


def chunk(body: bytes) -> bytes:
    """`body`, which is not empty, as a chunk."""
    return b"%x\r\n%b\r\n" % (len(body), body)


LAST_CHUNK = b"0\r\n\r\n"
