"""The wire between outbox and inbox: order, nothing lost, nobody kept waiting."""

import asyncio

import aio_pika
import pytest

from shared.events.rabbit import RabbitTransport, declare_all, exchange_name, queue_name
from shared.events.transport import Message, TransportAway
from tests.broker import eventually
from tests.kernel.rabbit.conftest import Subscriber, Wire, events

DONE, OTHER = "a.thing.done.v1", "a.other.done.v1"

pytestmark = pytest.mark.broker


async def send_all(wire: Wire, messages: list[Message], size: int = 50) -> None:
    """As the relay does: the same batch again until it is confirmed."""
    for start in range(0, len(messages), size):
        while True:
            try:
                await wire.transport.publish("a", messages[start : start + size])
                break
            except TransportAway:
                await asyncio.sleep(0.05)


def in_order(subscriber: Subscriber, messages: list[Message]) -> bool:
    """Everything has come, and each subject's in the order it was sent."""
    came = list(subscriber.got.values())
    for stream in {message.stream for message in messages}:
        sent = [message.id for message in messages if message.stream == stream]
        if [message.id for message in came if message.stream == stream] != sent:
            return False
    return len(came) == len(messages)


async def test_every_subscriber_gets_what_it_asked_for_in_order(wire: Wire):
    mine, both, none = wire.subscribe("a", DONE), wire.subscribe("b", DONE, OTHER), wire.subscribe("c")
    await wire.declare()
    await wire.start()
    done, other = events(1000), events(100, OTHER)
    await send_all(wire, done + other, 500)
    await eventually(lambda: len(both.got) == 1100 and len(mine.got) == 1000)
    assert in_order(mine, done)
    assert in_order(both, done + other)
    assert not none.got
    assert mine.batches < 500  # stored as they come, many at a time


async def test_order_is_kept_over_cut_connections(wire: Wire):
    subscriber = wire.subscribe("a", DONE)
    await wire.start()
    node, messages = wire.broker.node, events(3000)
    sending = asyncio.create_task(send_all(wire, messages))
    for _ in range(3):
        await asyncio.to_thread(node.control, "close_all_connections", "test")
    await sending
    await eventually(lambda: len(subscriber.got) == len(messages))
    assert in_order(subscriber, messages)


async def test_nothing_is_lost_when_the_node_is_killed(wire: Wire):
    subscriber = wire.subscribe("a", DONE)
    await wire.start()
    await asyncio.sleep(3)  # RabbitMQ 3.10 writes down a new quorum queue's place within seconds, not at once
    node, messages = wire.broker.node, events(4000)
    sending = asyncio.create_task(send_all(wire, messages))
    await eventually(lambda: len(subscriber.got) > 200)
    await asyncio.to_thread(node.kill)
    await asyncio.to_thread(node.start)
    await sending
    await eventually(lambda: len(subscriber.got) == len(messages))
    assert in_order(subscriber, messages)


async def test_a_broker_that_is_away_refuses_at_once_and_is_found_when_it_comes(wire: Wire):
    node = wire.broker.node
    await asyncio.to_thread(node.stop)
    subscriber = wire.subscribe("a", DONE)
    began = asyncio.get_running_loop().time()
    await wire.transport.start("a")
    with pytest.raises(TransportAway):
        await wire.transport.publish("a", events(1))
    assert asyncio.get_running_loop().time() - began < 1
    await asyncio.to_thread(node.start)
    await wire.up()
    await send_all(wire, events(10))
    await eventually(lambda: len(subscriber.got) == 10)


async def test_a_broker_that_hangs_is_given_up_in_time(wire: Wire, confirm_seconds: float):
    """The relay's transaction must end within 30 seconds, whatever the broker does."""
    subscriber = wire.subscribe("a", DONE)
    await wire.start()
    node, messages = wire.broker.node, events(10)
    node.pause()
    try:
        began = asyncio.get_running_loop().time()
        with pytest.raises(TransportAway):
            await wire.transport.publish("a", messages)
        assert asyncio.get_running_loop().time() - began < 2 * confirm_seconds
        with pytest.raises(TransportAway):
            await wire.transport.publish("a", messages)
    finally:
        node.resume()
    await send_all(wire, messages)
    await eventually(lambda: len(subscriber.got) == 10)
    assert in_order(subscriber, messages)


async def test_what_cannot_be_stored_waits_in_the_queue(wire: Wire):
    subscriber = wire.subscribe("a", DONE)
    await wire.start()
    subscriber.away = ConnectionRefusedError("database away")
    messages = events(300)
    await send_all(wire, messages)
    await eventually(lambda: not wire.transport.is_taking("a"))
    await asyncio.sleep(1.5)
    assert await wire.broker.waiting(wire.prefix, "a") == 300
    assert not subscriber.got
    subscriber.away = None
    await eventually(lambda: len(subscriber.got) == 300)
    assert in_order(subscriber, messages)
    await eventually_empty(wire, "a")


async def eventually_empty(wire: Wire, service: str) -> None:
    async def is_empty() -> bool:
        return await wire.broker.waiting(wire.prefix, service) == 0

    await eventually(is_empty)


async def test_stopping_stores_or_returns_everything(wire: Wire):
    subscriber = wire.subscribe("a", DONE)
    await wire.start()
    messages = events(2000)
    sending = asyncio.create_task(send_all(wire, messages))
    await eventually(lambda: len(subscriber.got) > 100)
    await wire.transport.stop("a")
    sending.cancel()
    stored = len(subscriber.got)
    await asyncio.sleep(0.3)
    assert len(subscriber.got) == stored
    await wire.start()
    await send_all(wire, messages)
    await eventually(lambda: len(subscriber.got) == len(messages))
    assert in_order(subscriber, messages)


async def test_a_second_worker_waits_and_takes_over(wire: Wire):
    first = wire.subscribe("a", DONE)
    await wire.start()
    second = RabbitTransport(wire.broker.url, wire.prefix)
    other = Subscriber("a", first.types)
    second.attach(other)
    await second.start("a")
    await eventually(lambda: second.is_up("a"))
    messages = events(200)
    await send_all(wire, messages)
    await eventually(lambda: len(first.got) == 200)
    assert not other.got
    await wire.transport.stop("a")
    await second.publish("a", (more := events(20)))
    await eventually(lambda: len(other.got) == 20)
    assert in_order(other, more)
    await second.stop("a")


async def test_bindings_are_the_subscriber_table(wire: Wire):
    """A type the service no longer asks for is no longer brought; one it newly asks for is."""
    from shared.contracts.affairs import DeathConfirmed, DeathRevoked

    confirmed, revoked = DeathConfirmed.event_type(), DeathRevoked.event_type()
    wire.subscribe("late")
    await declare_all(wire.broker.url, wire.prefix, {"late": {confirmed, DONE}})
    assert await reached(wire, confirmed, DONE, revoked) == {confirmed, DONE}
    await declare_all(wire.broker.url, wire.prefix, {"late": {revoked, DONE}})
    assert await reached(wire, confirmed, DONE, revoked) == {revoked, DONE}


async def reached(wire: Wire, *types: str) -> set[str]:
    """Which of these the exchange brings to anyone."""
    connection = await aio_pika.connect(wire.broker.url)
    channel = await connection.channel(on_return_raises=True)
    exchange = await channel.get_exchange(exchange_name(wire.prefix), ensure=False)
    found = set()
    for event_type in types:
        try:
            await exchange.publish(aio_pika.Message(b"{}"), event_type, mandatory=True)
            found.add(event_type)
        except aio_pika.exceptions.PublishError:
            continue
    await connection.close()
    return found


async def test_events_wait_for_a_subscriber_that_was_declared_and_starts_late(wire: Wire):
    wire.subscribe("a", DONE)
    await declare_all(wire.broker.url, wire.prefix, {"a": [DONE], "late": [DONE]})
    await wire.start()
    messages = events(20)
    await send_all(wire, messages)
    late = wire.subscribe("late", DONE)
    await wire.transport.start("late")
    await eventually(lambda: len(late.got) == 20)
    assert in_order(late, messages)


async def test_a_queue_that_is_there_stays_as_it_is(wire: Wire):
    """After an upgrade of the broker its arguments differ from what a new one would get."""
    connection = await aio_pika.connect(wire.broker.url)
    channel = await connection.channel()
    older: dict[str, str | int | bool] = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-delivery-limit": 1000,
    }
    await channel.declare_queue(queue_name(wire.prefix, "a"), durable=True, arguments=dict(older))
    await connection.close()
    subscriber = wire.subscribe("a", DONE)
    await wire.start()
    await send_all(wire, events(5))
    await eventually(lambda: len(subscriber.got) == 5)


async def test_a_queue_somebody_deletes_is_made_again(wire: Wire):
    subscriber = wire.subscribe("a", DONE)
    await wire.start()
    connection = await aio_pika.connect(wire.broker.url)
    await (await connection.channel()).queue_delete(queue_name(wire.prefix, "a"))
    await connection.close()
    await eventually(lambda: not wire.transport.is_up("a"))
    await wire.up()
    await send_all(wire, events(5))
    await eventually(lambda: len(subscriber.got) == 5)
