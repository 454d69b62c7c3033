"""Exchange, queues and bindings: one topic exchange, one quorum queue per consuming service.

Valid from RabbitMQ 3.10 to 4. Only one consumer of a queue is active, so that order survives a second worker. There
is no delivery limit: a lost connection counts as a delivery, and after the limit a message would be gone. Brokers
before 4 have none unless told; newer ones have 20 unless told otherwise.
"""

import contextlib
from collections.abc import Collection, Mapping

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue, ExchangeType
from aio_pika.exceptions import ChannelNotFoundEntity

from shared.events.contract import contracts

_NO_LIMIT = -1


def exchange_name(prefix: str) -> str:
    """`puyou.events`."""
    return f"{prefix}.events"


def queue_name(prefix: str, service: str) -> str:
    """`puyou.relief`."""
    return f"{prefix}.{service}"


async def declare_all(url: str, prefix: str, subscribers: Mapping[str, Collection[str]]) -> None:
    """Declare everything for these services and their event types, before any of them publishes (deployment):
    what is published while a subscriber has no queue would never reach it. May be run any number of times."""
    connection = await aio_pika.connect(url, timeout=10)
    try:
        for service, types in subscribers.items():
            await declare_queue(connection, prefix, service, types)
    finally:
        await connection.close()


async def declare_exchange(channel: AbstractChannel, prefix: str) -> None:
    """The exchange all events go through."""
    await channel.declare_exchange(exchange_name(prefix), ExchangeType.TOPIC, durable=True)


async def declare_queue(connection: AbstractConnection, prefix: str, service: str, types: Collection[str]) -> None:
    """The queue of one service, bound to exactly these types.

    A broker does not list bindings over AMQP: those of types this code knows and the service has given up are taken
    away, others stay, and the inbox lets pass what nobody handles.
    """
    async with connection.channel(publisher_confirms=False) as channel:
        await declare_exchange(channel, prefix)
    if not await _exists(connection, queue_name(prefix, service)):
        await _create(connection, queue_name(prefix, service))
    async with connection.channel(publisher_confirms=False) as channel:
        queue = await channel.get_queue(queue_name(prefix, service), ensure=False)
        for event_type in sorted(types):
            await queue.bind(exchange_name(prefix), event_type)
        for event_type in sorted(contracts().keys() - types):
            await queue.unbind(exchange_name(prefix), event_type)


async def _exists(connection: AbstractConnection, name: str) -> bool:
    """Asked first: a queue made under an older broker has other arguments, and stays as it is."""
    with contextlib.suppress(ChannelNotFoundEntity):
        async with connection.channel(publisher_confirms=False) as channel:  # the broker closes it when there is none
            await channel.declare_queue(name, passive=True)
            return True
    return False


async def _create(connection: AbstractConnection, name: str) -> AbstractQueue:
    arguments: dict[str, str | int | bool] = {"x-queue-type": "quorum", "x-single-active-consumer": True}
    if server_version(connection) >= (4,):
        arguments["x-delivery-limit"] = _NO_LIMIT
    async with connection.channel(publisher_confirms=False) as channel:
        return await channel.declare_queue(name, durable=True, arguments=dict(arguments))


def server_version(connection: AbstractConnection) -> tuple[int, ...]:
    """`(3, 10, 8)` of the broker at the other end."""
    if connection.transport is None:
        return ()
    said = connection.transport.connection.server_properties.get("version", b"")
    text = said.decode() if isinstance(said, bytes) else str(said)
    return tuple(int(part) for part in text.split("-")[0].split("+")[0].split(".") if part.isdigit())
