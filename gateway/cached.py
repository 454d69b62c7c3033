"""A value that is made when asked for, by one asker at a time, and kept for a short life."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Cached(Generic[T]):
    """`make()` is awaited at most once per `seconds`, however many ask."""

    def __init__(self, make: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._value: T | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> T:
        """The value, at most `seconds` old."""
        async with self._lock:
            if self._value is None or monotonic() >= self._until:
                self._value = await self._make()
                self._until = monotonic() + self._seconds
            return self._value
