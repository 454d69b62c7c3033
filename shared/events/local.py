"""The transport of the embedded suite: straight into each subscriber's inbox, one insert per batch, in parallel."""

import asyncio
from collections.abc import Sequence

from shared.events.transport import Message, Receiver


class LocalTransport:
    """As safe as a broker: it returns when every subscriber's insert has committed. No cross-database transaction
    is assumed; after a failure the whole batch is published again and duplicates fall out at the inbox."""

    def __init__(self) -> None:
        self._receivers: list[Receiver] = []

    def attach(self, receiver: Receiver) -> None:
        """Add a subscriber."""
        self._receivers.append(receiver)

    async def start(self, service: str) -> None:
        """Nothing stands between the services here."""

    async def stop(self, service: str) -> None:
        """Nothing is on its way when `publish` has returned."""

    async def publish(self, service: str, messages: Sequence[Message]) -> None:
        """Hand the batch to everyone who subscribed to one of its types (the sender too)."""
        deliveries = []
        for receiver in self._receivers:
            wanted = [message for message in messages if message.type in receiver.types]
            if wanted:
                deliveries.append(receiver.receive(wanted))
        await asyncio.gather(*deliveries)
