"""The sending end: batches in order on one channel, many confirms in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from aiormq import spec
from aiormq.abc import ChannelFrame
from pamqp.body import ContentBody
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from shared.events.rabbit.link import LOST, PREPARE_SECONDS, Link
from shared.events.rabbit.topology import declare_exchange, exchange_name
from shared.events.transport import Message, TransportAway
from shared.observability import metrics

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection
    from aiormq.channel import Channel

_PERSISTENT = 2
_LOOK_SECONDS = 0.2
_CONFIRM_SECONDS = 10.0  # the relay's transaction may stand idle for 30


class Publisher:
    """Publishes for one service. Without a connection, or while the broker takes nothing, it refuses at once."""

    def __init__(self, url: str, prefix: str, service: str) -> None:
        self._service = service
        self._prefix = prefix
        self._exchange = exchange_name(prefix)
        self._link = Link(url, f"{prefix}.{service}.publisher", self._hold)
        self._channel: Channel | None = None
        self._given_up = asyncio.Event()
        self._why_not = "no connection"
        self._up = metrics.BROKER_UP.labels(service, "publish")
        self._blocked = metrics.BROKER_BLOCKED.labels(service)

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
            raise TransportAway(self._why_not)
        sending = asyncio.create_task(self._send_all(channel, messages))
        given_up = asyncio.create_task(self._given_up.wait())
        try:
            await asyncio.wait([sending, given_up], timeout=_CONFIRM_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                self._give_up("no confirmation in time")
                raise TransportAway(self._why_not)
        finally:
            given_up.cancel()
            sending.cancel()
        for result in sending.result():
            if isinstance(result, BaseException):
                self._give_up(type(result).__name__)
                raise TransportAway(type(result).__name__) from result
        metrics.PUBLISHED.labels(self._service).inc(len(messages))

    async def _send_all(self, channel: Channel, messages: Sequence[Message]) -> list[object]:
        try:
            confirmations = await self._send(channel, messages)
        except LOST as error:
            return [error]
        return await asyncio.gather(*confirmations, return_exceptions=True)

    async def _send(self, channel: Channel, messages: Sequence[Message]) -> list[asyncio.Future[object]]:
        """Hand the batch over in one piece; returns what is to be confirmed. `Channel.basic_publish` does the same with
        a task, a lock, a timer and a write for each message: three times the processor."""
        number, longest = channel.number, channel.max_content_size
        confirmations: list[asyncio.Future[object]] = []
        pieces: list[bytes] = []
        heads: dict[str, bytes] = {}
        async with channel.lock:
            for message in messages:
                if message.type not in heads:
                    head = spec.Basic.Publish(exchange=self._exchange, routing_key=message.type)
                    heads[message.type] = marshal(head, number)
                body = message.envelope.encode()
                properties = spec.Basic.Properties(
                    message_id=message.id, content_type="application/cloudevents+json", delivery_mode=_PERSISTENT
                )
                pieces += (
                    heads[message.type],
                    marshal(ContentHeader(properties=properties, body_size=len(body)), number),
                )
                pieces += (marshal(ContentBody(body[at : at + longest]), number) for at in range(0, len(body), longest))
                channel.delivery_tag += 1
                confirmation = channel.confirmations[channel.delivery_tag] = channel.create_future()
                confirmations.append(confirmation)
            await channel.write_queue.put(ChannelFrame(b"".join(pieces), should_close=False))
        return confirmations

    def _give_up(self, why: str) -> None:
        if self._channel is not None:
            self._why_not = why
        self._channel = None
        self._up.set(0)
        self._given_up.set()

    async def _hold(self, connection: AbstractConnection) -> None:
        """Keep a channel ready for as long as the connection lives and the broker takes something."""
        lost = asyncio.Event()
        channel = connection.channel(publisher_confirms=True)
        async with asyncio.timeout(PREPARE_SECONDS):
            await channel.initialize()
            await declare_exchange(channel, self._prefix)
        channel.close_callbacks.add(lambda *_: lost.set())
        self._given_up.clear()
        self._channel = cast("Channel", await channel.get_underlay_channel())
        self._up.set(1)
        try:
            while not (lost.is_set() or self._given_up.is_set() or self._link.stopping.is_set()):
                if await _is_blocked(connection):
                    self._give_up("the broker is blocked: short of disk or memory")
                    await self._sit_out(connection, lost)
                    return
                await self._link.until(lost, self._given_up, within=_LOOK_SECONDS)
        finally:
            self._give_up("no connection")
            self._why_not = "no connection"

    async def _sit_out(self, connection: AbstractConnection, lost: asyncio.Event) -> None:
        """A new connection would be blocked like this one, which also learns when it is over."""
        self._blocked.set(1)
        try:
            while await _is_blocked(connection) and not (lost.is_set() or self._link.stopping.is_set()):
                await self._link.until(lost, within=_LOOK_SECONDS)
        finally:
            self._blocked.set(0)


async def _is_blocked(connection: AbstractConnection) -> bool:
    """Whether the broker has said connection.blocked. aiormq keeps it to itself, but makes `ready` wait for the end."""
    if connection.transport is None:
        return False
    try:
        async with asyncio.timeout(0):
            await connection.transport.connection.ready()
    except TimeoutError:
        return True
    return False
