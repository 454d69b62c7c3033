"""The sending end: batches in order on one channel, many confirms in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from aiormq import spec

from shared.events.rabbit.link import PREPARE_SECONDS, Link
from shared.events.rabbit.topology import declare_exchange, exchange_name
from shared.events.transport import Message, TransportAway
from shared.observability import metrics

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection
    from aiormq.channel import Channel

_PERSISTENT = 2
_CONFIRM_SECONDS = 10.0  # the relay's transaction may stand idle for 30


class Publisher:
    """Publishes for one service. Without a connection it refuses at once."""

    def __init__(self, url: str, prefix: str, service: str) -> None:
        self._service = service
        self._prefix = prefix
        self._exchange = exchange_name(prefix)
        self._link = Link(url, f"{prefix}.{service}.publisher", self._hold)
        self._channel: Channel | None = None
        self._given_up = asyncio.Event()

    @property
    def is_up(self) -> bool:
        """Whether there is a channel to publish on."""
        return self._channel is not None

    def start(self) -> None:
        """Begin to connect."""
        self._link.start()

    async def stop(self) -> None:
        """Close the connection."""
        await self._link.stop()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Send in order; raises `TransportAway` unless the broker has taken every one. What it may have taken
        nevertheless is sent again on a new connection, behind the first copies."""
        channel = self._channel
        if channel is None:
            raise TransportAway("no connection")
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS):
                results = await asyncio.gather(
                    *[self._send(channel, message) for message in messages], return_exceptions=True
                )
        except TimeoutError:
            self._give_up()
            raise TransportAway("no confirmation in time") from None
        for result in results:
            if isinstance(result, BaseException):
                self._give_up()
                raise TransportAway(type(result).__name__) from result
        metrics.PUBLISHED.labels(self._service).inc(len(messages))

    async def _send(self, channel: Channel, message: Message) -> None:
        properties = spec.Basic.Properties(
            message_id=message.id, content_type="application/cloudevents+json", delivery_mode=_PERSISTENT
        )
        await channel.basic_publish(
            message.envelope.encode(),
            exchange=self._exchange,
            routing_key=message.type,
            properties=properties,
            wait=False,
        )

    def _give_up(self) -> None:
        self._channel = None
        self._given_up.set()

    async def _hold(self, connection: AbstractConnection) -> None:
        """Keep a channel ready for as long as the connection lives."""
        channel = connection.channel(publisher_confirms=True)
        async with asyncio.timeout(PREPARE_SECONDS):
            await channel.initialize()
            await declare_exchange(channel, self._prefix)
        channel.close_callbacks.add(lambda *_: self._give_up())
        self._given_up.clear()
        self._channel = cast("Channel", await channel.get_underlay_channel())
        metrics.BROKER_UP.labels(self._service).set(1)
        try:
            await self._link.until(self._given_up)
        finally:
            self._channel = None
            metrics.BROKER_UP.labels(self._service).set(0)
