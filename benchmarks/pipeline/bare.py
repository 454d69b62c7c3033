"""The same bodies through aio-pika alone: `python -m benchmarks.pipeline.bare publish|consume URL FOLDER`.

Publishing: persistent, confirmed, as many in flight as our relay has. Consuming: prefetched as ours, and each message
acknowledged when it was handled, as its documentation does it. Both say `ready` and `done` on standard output; the
publisher waits for a line on standard input in between.
"""

import asyncio
import sys
from pathlib import Path

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from shared.process.serving import run

QUEUE = "bare"
IN_FLIGHT = 500
_ARGUMENTS: dict[str, str | int | bool] = {"x-queue-type": "quorum", "x-single-active-consumer": True}


async def publish(url: str, bodies: list[bytes]) -> None:
    """Everything, in order, each confirmed."""
    connection = await aio_pika.connect(url)
    channel = await connection.channel()
    await channel.declare_queue(QUEUE, durable=True, arguments=dict(_ARGUMENTS))
    _say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    for start in range(0, len(bodies), IN_FLIGHT):
        await asyncio.gather(
            *(
                channel.default_exchange.publish(
                    aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT), QUEUE
                )
                for body in bodies[start : start + IN_FLIGHT]
            )
        )
    _say("done")
    await asyncio.to_thread(sys.stdin.readline)
    await connection.close()


async def consume(url: str, bodies: list[bytes]) -> None:
    """As many as there are bodies."""
    connection = await aio_pika.connect(url)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=IN_FLIGHT)
    queue = await channel.declare_queue(QUEUE, durable=True, arguments=dict(_ARGUMENTS))
    left, all_came = len(bodies), asyncio.Event()

    async def handle(message: AbstractIncomingMessage) -> None:
        nonlocal left
        await message.ack()
        left -= 1
        if not left:
            all_came.set()

    await queue.consume(handle)
    _say("ready")
    await all_came.wait()
    _say("done")
    await asyncio.to_thread(sys.stdin.readline)
    await connection.close()


def _say(word: str) -> None:
    print(word, flush=True)


if __name__ == "__main__":
    _, side, address, file = sys.argv
    run({"publish": publish, "consume": consume}[side](address, Path(file).read_bytes().splitlines()))
