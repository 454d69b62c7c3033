"""The receiving end: what has arrived goes into the inbox as one batch and is acknowledged as one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from shared.events.rabbit.link import PREPARE_SECONDS, Link, NotStored
from shared.events.rabbit.reading import read
from shared.events.rabbit.topology import declare_queue, queue_name
from shared.observability import metrics

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection
    from aiormq.abc import DeliveredMessage
    from aiormq.channel import Channel

    from shared.events.transport import Message, Receiver

_PREFETCH = 500
_CHECK_SECONDS = 10.0
_MANY = 10
_GATHER_SECONDS = 0.01  # where many have come more follow, and a transaction costs as much for one as for a hundred


class Consumer:
    """Brings one service its events. While they cannot be stored nothing is taken: they wait in the queue."""

    def __init__(self, url: str, prefix: str, receiver: Receiver) -> None:
        self._receiver = receiver
        self._prefix = prefix
        self._link = Link(url, f"{prefix}.{receiver.service}.consumer", self._consume)
        self._news = asyncio.Event()
        self._up = metrics.BROKER_UP.labels(receiver.service, "consume")
        self.is_up = False

    def start(self) -> None:
        """Begin to connect."""
        self._link.start()

    async def stop(self) -> None:
        """Store and acknowledge the batch in hand; what came after it returns to the queue."""
        self._link.stopping.set()
        self._news.set()
        await self._link.stop()

    async def _consume(self, connection: AbstractConnection) -> None:
        await self._store([])
        name = queue_name(self._prefix, self._receiver.service)
        arrived: list[DeliveredMessage] = []

        async def take(message: DeliveredMessage) -> None:
            arrived.append(message)
            self._news.set()

        opened = connection.channel(publisher_confirms=False)  # kept, or its callbacks would go
        async with asyncio.timeout(PREPARE_SECONDS):
            await declare_queue(connection, self._prefix, self._receiver.service, self._receiver.types)
            await opened.initialize()
            await opened.set_qos(prefetch_count=_PREFETCH)
            opened.close_callbacks.add(lambda *_: self._news.set())
            channel = cast("Channel", await opened.get_underlay_channel())
            channel.on_consumer_cancel_callbacks.add(lambda _: self._news.set())
            begun = await channel.basic_consume(name, take)
        tag = str(begun.consumer_tag)
        self.is_up = True
        self._up.set(1)
        try:
            while not self._link.stopping.is_set():
                await self._wait()
                await self._work_off(channel, arrived)
                if channel.is_closed or tag not in channel.consumers:
                    return  # the broker has ended it, for instance because the queue was deleted
            # No basic.cancel here: a broker gives back what was on its way at once, what had arrived before only when
            # the channel closes, and so out of order (seen on 3.10). Closing gives all of it back together.
        finally:
            self.is_up = False
            self._up.set(0)

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), _CHECK_SECONDS)
        except TimeoutError:
            return
        finally:
            self._news.clear()

    async def _work_off(self, channel: Channel, arrived: list[DeliveredMessage]) -> None:
        while arrived and not channel.is_closed:
            if len(arrived) >= _MANY:
                await asyncio.sleep(_GATHER_SECONDS)
            batch = arrived.copy()
            arrived.clear()
            await self._store([read(bytes(message.body)) for message in batch])
            last = batch[-1].delivery_tag
            if last is not None:
                await channel.basic_ack(last, multiple=True)
            if self._link.stopping.is_set():
                return

    async def _store(self, messages: list[Message]) -> None:
        """An empty batch only asks whether the inbox is there."""
        service = self._receiver.service
        try:
            await self._receiver.receive(messages)
        except Exception as error:
            raise NotStored(type(error).__name__) from error
        if messages:
            metrics.CONSUMED.labels(service).inc(len(messages))
            metrics.BATCHES.labels(service).inc()
            metrics.UNREADABLE.labels(service).inc(sum(1 for message in messages if message.fault))
