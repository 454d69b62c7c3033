"""A transport on a prefix of its own, and a subscriber that keeps what it is given."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from shared.events.contract import Envelope
from shared.events.rabbit import RabbitTransport, declare_all, publishing
from shared.events.transport import Message
from shared.ids import uuid7
from tests.broker import Broker, eventually


@dataclass
class Subscriber:
    """An inbox in memory: what has come, in order, copies left out. `away` is why it cannot store just now."""

    service: str
    types: frozenset[str]
    away: Exception | None = None
    got: dict[str, Message] = field(default_factory=dict)
    batches: int = 0

    async def receive(self, messages: Sequence[Message]) -> None:
        if self.away:
            raise self.away
        self.batches += bool(messages)
        for message in messages:
            self.got.setdefault(message.id, message)


@dataclass
class Wire:
    """A transport under a prefix of its own."""

    broker: Broker
    prefix: str
    transport: RabbitTransport
    subscribers: dict[str, Subscriber] = field(default_factory=dict)

    def subscribe(self, service: str, *types: str) -> Subscriber:
        subscriber = Subscriber(service, frozenset(types))
        self.transport.attach(subscriber)
        self.subscribers[service] = subscriber
        return subscriber

    async def start(self) -> None:
        for service in self.subscribers:
            await self.transport.start(service)
        await self.up()

    async def up(self) -> None:
        await eventually(lambda: all(map(self.transport.is_up, self.subscribers)))

    async def stop(self) -> None:
        for service in self.subscribers:
            await self.transport.stop(service)

    async def declare(self) -> None:
        await declare_all(self.broker.url, self.prefix, {s.service: s.types for s in self.subscribers.values()})


def events(count: int, event_type: str = "a.thing.done.v1", subjects: int = 7) -> list[Message]:
    made = []
    for number in range(count):
        subject = f"s{number % subjects}"
        envelope = Envelope(
            id=uuid7(), source="a", type=event_type, subject=subject, time=datetime.now(UTC), data={"number": number}
        )
        made.append(Message(envelope.id, envelope.type, envelope.stream, envelope.model_dump_json()))
    return made


@pytest.fixture
def confirm_seconds(monkeypatch: pytest.MonkeyPatch) -> float:
    """How long a publisher waits for the broker's word in this test: a fifth of what it does, which is tried twice
    within the 30 seconds that the relay's transaction may stand idle."""
    assert 2 * publishing._CONFIRM_SECONDS < 30
    monkeypatch.setattr(publishing, "_CONFIRM_SECONDS", publishing._CONFIRM_SECONDS / 5)
    return publishing._CONFIRM_SECONDS


@pytest.fixture
async def wire(broker: Broker) -> AsyncIterator[Wire]:
    prefix = f"t{secrets.token_hex(4)}"
    wire = Wire(broker, prefix, RabbitTransport(broker.url, prefix))
    yield wire
    await wire.stop()
    if broker.own and not broker.own.is_running:
        broker.own.start()
    await broker.drop(prefix, [*wire.subscribers, "late"])
