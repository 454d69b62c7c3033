"""The proxy passes everything on, and does to a line what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from tests.broker import eventually
from tests.faults.proxy import Proxy

pytestmark = pytest.mark.unit


@asynccontextmanager
async def echoing() -> AsyncIterator[Proxy]:
    """A proxy before a server that sends back what it gets."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
        server.close()
        await server.wait_closed()


async def connect(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def test_everything_arrives_and_the_end_too() -> None:
    sent = bytes(range(256)) * 20_000
    async with echoing() as proxy:
        reader, writer = await connect(proxy)
        writer.write(sent)
        assert await reader.readexactly(len(sent)) == sent
        writer.close()
        assert await reader.read() == b""
        await eventually(lambda: not proxy.lines)


async def test_a_cut_resets_who_is_connected_and_lets_the_next_in() -> None:
    async with echoing() as proxy:
        reader, writer = await connect(proxy)
        writer.write(b"a")
        await reader.readexactly(1)
        assert proxy.cut() == 1
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        reader, writer = await connect(proxy)
        writer.write(b"b")
        assert await reader.readexactly(1) == b"b"
        writer.close()


async def test_nobody_gets_in_while_it_refuses() -> None:
    async with echoing() as proxy:
        proxy.refuses = True
        reader, writer = await connect(proxy)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_what_is_late_comes_in_order_also_when_the_delay_ends() -> None:
    async with echoing() as proxy:
        reader, writer = await connect(proxy)
        proxy.delay = 0.05
        begun = monotonic()
        for number in range(10):
            writer.write(b"%d" % number)
            await asyncio.sleep(0.002)
        proxy.delay = 0.0
        writer.write(b"x")
        assert await reader.readexactly(11) == b"0123456789x"
        assert monotonic() - begun >= 0.05
        writer.close()
