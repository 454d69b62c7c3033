"""The port between outbox and inbox. Everything above it is the same on every transport."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One event on its way. `envelope` is the CloudEvents JSON exactly as the outbox holds it. `fault` says why what
    a broker brought is none: it is stored as parked."""

    id: str
    type: str
    stream: str
    envelope: str
    fault: str = ""


UNREADABLE = "unreadable"
"""The type of messages with a fault."""


class Receiver(Protocol):
    """A subscriber's end: stores a batch durably, in order; storing it again changes nothing."""

    service: str
    types: frozenset[str]

    async def receive(self, messages: Sequence[Message]) -> None: ...


class TransportAway(Exception):
    """The broker cannot be reached or does not answer. The outbox keeps the events; they are sent again."""


class Transport(Protocol):
    """Carries batches. `publish` returns only when every subscriber holds the batch durably; otherwise it raises
    and the batch is sent again.

    `start` and `stop` are called once per service whose standing work runs in this process. `start` never waits for a
    broker; after `stop` everything that was taken from it is stored.
    """

    def attach(self, receiver: Receiver) -> None: ...

    async def start(self, service: str) -> None: ...

    async def stop(self, service: str) -> None: ...

    async def publish(self, service: str, messages: Sequence[Message]) -> None: ...
