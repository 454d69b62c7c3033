"""`RabbitTransport`: the port of `shared.events.transport` on RabbitMQ."""

from collections.abc import Sequence

from shared.events.rabbit.consuming import Consumer
from shared.events.rabbit.publishing import Publisher
from shared.events.transport import Message, Receiver


class RabbitTransport:
    """Two connections a service: a broker in distress stops reading from those that publish, and acknowledgements
    must still pass. `prefix` begins the names of the exchange and the queues."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._prefix = prefix
        self._publishers: dict[str, Publisher] = {}
        self._consumers: dict[str, Consumer] = {}

    def attach(self, receiver: Receiver) -> None:
        """Add a service: it publishes, and what it subscribed to is brought to it."""
        self._publishers[receiver.service] = Publisher(self._url, self._prefix, receiver.service)
        self._consumers[receiver.service] = Consumer(self._url, self._prefix, receiver)

    async def start(self, service: str) -> None:
        """Begin to connect; the broker may be away."""
        self._publishers[service].start()
        self._consumers[service].start()

    async def stop(self, service: str) -> None:
        """Store what has arrived, then close."""
        await self._consumers[service].stop()
        await self._publishers[service].stop()

    def is_up(self, service: str) -> bool:
        """Whether the service can publish and is being brought events."""
        return self._publishers[service].is_up and self.is_taking(service)

    def is_taking(self, service: str) -> bool:
        """Whether the service is being brought events; not while it cannot store them."""
        return self._consumers[service].is_up

    async def publish(self, service: str, messages: Sequence[Message]) -> None:
        """Send the batch in order; returns when the broker has confirmed every message."""
        await self._publishers[service].publish(messages)
