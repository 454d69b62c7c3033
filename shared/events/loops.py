"""The standing work of a service: relay, inbox, timers, and whatever else is due. Woken at once, polled slowly."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from shared import clock
from shared.db.database import as_problem
from shared.observability import metrics

log = logging.getLogger("puyou.loops")

_WAIT_AFTER_ERROR = 1.0


class Worker(Protocol):
    """Does what is due, at most so much at once. A round that did less than `batch` has left nothing that is due."""

    batch: int

    async def work(self) -> int:
        """One round; how much was done."""
        ...


@dataclass(slots=True)
class Loop:
    """Calls `work()` again at once while it does at least `batch`, else waits for a wake or the poll. `name` is
    `<service>.<loop>`. Woken, it first waits for `patience_seconds`: what comes in a bunch is done in one round, and
    after what somebody waits for."""

    name: str
    work: Callable[[], Awaitable[int]]
    poll_seconds: float
    batch: int = 1
    patience_seconds: float = 0.0
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _stopping: bool = False

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    @property
    def _labels(self) -> tuple[str, str]:
        service, _, loop = self.name.partition(".")
        return service, loop

    def _came_round(self) -> None:
        metrics.LOOP_ROUND.labels(*self._labels).set(clock.real().timestamp())

    def start(self) -> None:
        """Begin in the running event loop."""
        self._task = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """End after the batch in hand, or at the latest after five seconds."""
        if self._task is None:
            return
        task, self._task = self._task, None
        self._stopping = True
        self._woken.set()
        done, _ = await asyncio.wait([task], timeout=5)
        if not done:
            task.cancel()
            await asyncio.wait([task], timeout=2)

    async def _run(self) -> None:
        is_away = False
        while not self._stopping:
            self._woken.clear()
            try:
                while await self.work() >= self.batch and not self._stopping:
                    self._came_round()
                self._came_round()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                problem = as_problem(error)
                if problem is None or problem.code != "database_away":
                    log.exception("loop failed", extra={"loop": self.name})
                elif not is_away:  # it may last for hours: said once
                    log.warning("loop waits", extra={"loop": self.name, "error": problem.code})
                    is_away = True
                metrics.LOOP_FAILURES.labels(*self._labels).inc()
                await asyncio.sleep(_WAIT_AFTER_ERROR)
                continue
            is_away = False
            try:
                await asyncio.wait_for(self._woken.wait(), self.poll_seconds)
            except TimeoutError:
                continue
            if self.patience_seconds and not self._stopping:
                await asyncio.sleep(self.patience_seconds)
