"""What a connection writes goes out at the end of the round, whole and in order, whatever ends it."""

import asyncio
from typing import Any, cast

import pytest

from gateway.http1.connection import Connection

pytestmark = pytest.mark.unit


class Line:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def write(self, data: bytes) -> None:
        self.heard.append(data)

    def close(self) -> None:
        self.heard.append("close")

    def abort(self) -> None:
        self.heard.append("abort")

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.heard.append("eof")


def connected() -> tuple[Connection, Line]:
    connection, line = Connection(), Line()
    connection.connection_made(cast("asyncio.Transport", line))
    return connection, line


async def test_a_round_is_one_piece() -> None:
    connection, line = connected()
    connection.write(b"head")
    connection.write(b" body")
    assert line.heard == []
    await asyncio.sleep(0)
    assert line.heard == [b"head body"]
    connection.write(b"next")
    await asyncio.sleep(0)
    assert line.heard == [b"head body", b"next"]


async def test_much_is_not_kept_back() -> None:
    connection, line = connected()
    connection.write(b"head")
    connection.write(b"x" * 40_000)
    assert line.heard == [b"head" + b"x" * 40_000]
    connection.write(b"rest")
    await asyncio.sleep(0)
    assert line.heard[1:] == [b"rest"]


@pytest.mark.parametrize(("end", "told"), [("close", "close"), ("close_writing", "eof"), ("cut", "abort")])
async def test_what_was_written_goes_before_the_end(end: str, told: str) -> None:
    connection, line = connected()
    connection.write(b"last words")
    getattr(connection, end)()
    await asyncio.sleep(0)
    assert line.heard == [b"last words", told]


async def test_nothing_is_sent_to_nobody() -> None:
    connection, line = connected()
    connection.write(b"for nobody")
    connection.connection_lost(None)
    connection.write(b"nor this")
    connection.cut()
    await asyncio.sleep(0)
    assert line.heard == []
