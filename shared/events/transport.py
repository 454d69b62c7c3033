"""The port between outbox and inbox. Everything above it is the same on every transport."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One event on its way. `envelope` is the CloudEvents JSON exactly as the outbox holds it."""

    id: str
    type: str
    stream: str
    envelope: str


class Receiver(Protocol):
    """A subscriber's end: stores a batch durably, in order; storing it again changes nothing."""

    service: str
    types: frozenset[str]

    async def receive(self, messages: Sequence[Message]) -> None: ...


class Transport(Protocol):
    """Carries batches. `publish` returns only when every subscriber holds the batch durably; otherwise it raises
    and the batch is sent again."""

    async def publish(self, service: str, messages: Sequence[Message]) -> None: ...

    def attach(self, receiver: Receiver) -> None: ...
