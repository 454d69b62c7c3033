"""The side of a connection that is written to, with its back-pressure; and what both sides know of HTTP/1.1."""

import asyncio
from typing import cast

from gateway.http1.headers import Headers

# A head may have this many bytes, request line and all headers together.
MOST_HEAD = 65_536
# More than this of a body that nobody reads yet waits in the kernel.
HIGH_WATER = 262_144


class Connection(asyncio.Protocol):
    """A TCP connection: writing waits for the other end, reading can be held."""

    def __init__(self) -> None:
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
        """Send; nobody hears it when the connection is gone."""
        if not self.lost:
            self.transport.write(data)

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
