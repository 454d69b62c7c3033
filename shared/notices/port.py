"""The one interface every channel stands behind, and its simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way out."""

    id: str
    person_id: str
    channel: str
    template: str
    text: str
    case_id: str


class NoticePort(Protocol):
    """Delivers one message; raises when it could not, and it is tried again. The same id is the same message."""

    async def deliver(self, delivery: Delivery) -> None: ...


class RecordingNotices:
    """The simulator: keeps the newest messages instead of sending them, each id once.

    `away = True` makes every delivery fail; `received` counts also repeated ones.
    """

    def __init__(self, keep: int = 10_000) -> None:
        self.away = False
        self.received = 0
        self._keep = keep
        self._sent: dict[str, Delivery] = {}

    @property
    def sent(self) -> list[Delivery]:
        """What would have left, oldest first."""
        return list(self._sent.values())

    async def deliver(self, delivery: Delivery) -> None:
        """Keep it."""
        if self.away:
            raise ConnectionError("the channel is away")
        self.received += 1
        self._sent.setdefault(delivery.id, delivery)
        while len(self._sent) > self._keep:
            del self._sent[next(iter(self._sent))]
