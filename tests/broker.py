"""A RabbitMQ for tests: a private node where its programs are installed, else the address in PUYOU_TEST_BROKER.

Without both, tests that need one are skipped; with PUYOU_REQUIRE_BROKER=1 they fail.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aio_pika
import pytest

from shared.events.rabbit import exchange_name, queue_name
from suite.rabbitmq import RabbitNode, find_programs


@dataclass(frozen=True, slots=True)
class Broker:
    """Where it is. `own` is the node when it is ours to kill."""

    url: str
    own: RabbitNode | None

    @property
    def node(self) -> RabbitNode:
        """The node of a test that does something to it; such a test is skipped on a broker of others."""
        if self.own is None:
            pytest.skip("needs a RabbitMQ node of its own; PUYOU_TEST_BROKER is only lent")
        return self.own

    async def drop(self, prefix: str, services: Sequence[str]) -> None:
        """Remove what a test has declared."""
        connection = await aio_pika.connect(self.url, timeout=10)
        channel = await connection.channel()
        for service in services:
            await channel.queue_delete(queue_name(prefix, service))
        await channel.exchange_delete(exchange_name(prefix))
        await connection.close()

    async def waiting(self, prefix: str, service: str) -> int:
        """How many messages wait in a queue for a consumer."""
        connection = await aio_pika.connect(self.url, timeout=10)
        try:
            channel = await connection.channel()
            queue = await channel.declare_queue(queue_name(prefix, service), passive=True)
            return queue.declaration_result.message_count or 0
        finally:
            await connection.close()

    async def send(self, prefix: str, routing_key: str, *bodies: bytes) -> None:
        """Publish anything, as no service of ours would."""
        connection = await aio_pika.connect(self.url, timeout=10)
        exchange = await (await connection.channel()).get_exchange(exchange_name(prefix), ensure=False)
        for body in bodies:
            await exchange.publish(aio_pika.Message(body), routing_key)
        await connection.close()


@pytest.fixture(scope="session")
def broker_server(scratch: Path) -> Iterator[Broker]:
    """One broker for the whole run."""
    if find_programs():
        node = RabbitNode(scratch / "rabbit")
        node.start()
        yield Broker(node.url, node)
        node.stop()
    elif given := os.environ.get("PUYOU_TEST_BROKER", ""):
        yield Broker(given, None)
    elif os.environ.get("PUYOU_REQUIRE_BROKER") == "1":
        pytest.fail("PUYOU_REQUIRE_BROKER=1, but there is neither a RabbitMQ installed nor PUYOU_TEST_BROKER given")
    else:
        pytest.skip("no RabbitMQ: neither installed nor named in PUYOU_TEST_BROKER")


@pytest.fixture
def broker(broker_server: Broker) -> Iterator[Broker]:
    """The broker, running again after a test that ended it."""
    yield broker_server
    if broker_server.own and not broker_server.own.is_running:
        broker_server.own.start()


async def eventually(what: Callable[[], Awaitable[object] | object], *, seconds: float = 30) -> None:
    """Wait until it is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = what()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return
        assert asyncio.get_running_loop().time() < deadline, "it did not come true in time"
        await asyncio.sleep(0.02)
