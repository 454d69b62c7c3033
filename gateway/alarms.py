"""Many deadlines on one timer. A timer of the event loop for each call costs more than the call's routing; nearly
all of them are cleared before they ring, so one look at all of them now and then is cheaper by far.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

TICK_SECONDS = 0.02
NEVER = float("inf")


@dataclass(slots=True, eq=False)
class Alarm:
    """Rings once after `when` (the loop's time). `when` may be moved at any time, for instance to NEVER."""

    when: float
    ring: Callable[[], None]


class Alarms:
    """Rings alarms, each at most a tick late. Ticks only while there are any."""

    def __init__(self) -> None:
        self._set: set[Alarm] = set()
        self._timer: asyncio.TimerHandle | None = None

    def set(self, when: float, ring: Callable[[], None]) -> Alarm:
        """A new alarm; it stays until it rings or is cleared."""
        alarm = Alarm(when, ring)
        self._set.add(alarm)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)
        return alarm

    def clear(self, alarm: Alarm) -> None:
        """Forget an alarm; one that has rung may be cleared too."""
        self._set.discard(alarm)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for alarm in [alarm for alarm in self._set if alarm.when <= now]:
            self._set.discard(alarm)
            alarm.ring()
        self._timer = loop.call_later(TICK_SECONDS, self._tick) if self._set else None
